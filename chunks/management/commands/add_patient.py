"""`manage.py add_patient ID`: makes a patient, who must exist before anything of hers is ingested."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from chunks.command import PortalCommand
from chunks.format.keys import patient_bucket, withheld_bucket
from chunks.tombstones import refuse_withdrawn
from people import audit
from people.origin import terminal_origin
from people.patients import add_patient, parse_patient_id
from people.scope import server_scope
from storage.urls import open_objects


class Command(PortalCommand):
    help = "Make a patient and the bucket for her recordings. Again for one who exists, it changes nothing and says so."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("patient", metavar="ID", help="1 to 40 letters, digits and hyphens, such as 2002")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        objects = open_objects(settings.OBJECTS_URL)
        refuse_withdrawn(objects, patient=parse_patient_id(options["patient"]))
        with audit.act("add patient", scope=server_scope(means="command"), origin=terminal_origin()) as entry:
            patient, created = add_patient(options["patient"])
            entry.add_patients([patient.pk])
            bucket = patient_bucket(patient.pk, prefix=settings.BUCKET_PREFIX)
            for name in (bucket, withheld_bucket(prefix=settings.BUCKET_PREFIX)):
                objects.make_bucket(name)
        news = "is made" if created else "exists already"
        self.stdout.write(f"Patient {patient.pk} {news}; recordings go into the bucket {bucket}.")
