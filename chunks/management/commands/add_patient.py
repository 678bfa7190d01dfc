"""`manage.py add_patient ID`: makes a patient, who must exist before anything of hers is ingested, and her bucket.

With `--check` it looks at the buckets of patients there are, and repairs what is no longer as it was set up.
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from chunks.buckets import buckets_of, set_up
from chunks.command import CALLED_WRONGLY, PARTLY_DONE, PortalCommand
from chunks.tombstones import refuse_withdrawn
from people import audit
from people.models import Patient
from people.origin import terminal_origin
from people.patients import add_patient, find_patient, parse_patient_id
from people.scope import server_scope
from storage.bucket_rules import Fault
from storage.errors import AccessDenied, BucketMissing, BucketTaken, StoreUnreachable, WrongRegion
from storage.objects import Objects
from storage.urls import open_objects

OF_ONE_BUCKET = (BucketMissing, BucketTaken, AccessDenied, WrongRegion, StoreUnreachable)


class Command(PortalCommand):
    help = (
        "Make a patient and the bucket for her recordings, set up as docs/storage.md says. For one who exists it makes "
        "what is missing. With --check, repair the set-up of the buckets there are: of ID, or of all patients. Exit "
        "status: 0 all is as it should be; 3 something is not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "patient", metavar="ID", nargs="?", default="", help="1 to 40 letters, digits and hyphens, such as 2002"
        )
        parser.add_argument("--check", action="store_true", help="make nobody; repair the set-up of buckets")
        parser.add_argument("--dry-run", action="store_true", help="with --check: report, and repair nothing")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        objects = open_objects(settings.OBJECTS_URL)
        if options["check"]:
            self._check(objects, options["patient"], dry_run=options["dry_run"])
        elif options["dry_run"]:
            raise CommandError("--dry-run goes with --check.", returncode=CALLED_WRONGLY)
        elif not options["patient"]:
            raise CommandError("Say whom to make: manage.py add_patient ID.", returncode=CALLED_WRONGLY)
        else:
            self._add(objects, options["patient"])

    def _add(self, objects: Objects, name: str) -> None:
        refuse_withdrawn(objects, patient=parse_patient_id(name))
        with audit.act("add patient", scope=server_scope(means="command"), origin=terminal_origin()) as entry:
            patient, created = add_patient(name)
            entry.add_patients([patient.pk])
            buckets = buckets_of([patient.pk])
            faults = []
            for bucket in buckets:
                objects.make_bucket(bucket)
                faults += set_up(objects, bucket=bucket)
        news = "is made" if created else "exists already"
        self.stdout.write(f"Patient {patient.pk} {news}; recordings go into the bucket {buckets[0]}.")
        for bucket in buckets:
            if done := [fault.what for fault in faults if fault.bucket == bucket and fault.state == "repaired"]:
                self.stdout.write(f"Set up at {bucket}: {', '.join(done)}.")
        refused = [fault for fault in faults if fault.state == "refused"]
        self._say(refused)
        if refused:
            raise CommandError("The patient is made, but not all of her buckets' set-up.", returncode=PARTLY_DONE)

    def _check(self, objects: Objects, name: str, *, dry_run: bool) -> None:
        scope = server_scope(means="command")
        if not objects.sets_buckets_up:
            self.stdout.write("Objects lie in a folder, whose buckets have no set-up: there is nothing to check.")
            return
        if name:
            patients = [find_patient(name, scope=scope).pk]
        else:
            patients = list(Patient.objects.filter(withdrawn_at=None).order_by("pk").values_list("pk", flat=True))
        buckets = buckets_of(patients)
        act = "check buckets, dry run" if dry_run else "check buckets"
        wrong = 0
        with audit.act(act, scope=scope, patients=patients, origin=terminal_origin()):
            for bucket in buckets:
                try:
                    faults = set_up(objects, bucket=bucket, dry_run=dry_run)
                except OF_ONE_BUCKET as error:
                    self.stdout.write(f"{bucket}: {error}")
                    wrong += 1
                    continue
                self._say(faults)
                wrong += sum(fault.state != "repaired" for fault in faults)
        self.stdout.write(f"{len(buckets)} {'bucket' if len(buckets) == 1 else 'buckets'} looked at.")
        if wrong:
            thing = "thing is" if wrong == 1 else "things are"
            raise CommandError(f"{wrong} {thing} not as set up.", returncode=PARTLY_DONE)

    def _say(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            end = {"found": "", "repaired": " It is repaired.", "refused": f" It is not repaired: {fault.reason}"}
            self.stdout.write(f"{fault.bucket}: {fault.what} was {fault.found}.{end[fault.state]}")
