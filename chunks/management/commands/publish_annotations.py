"""`manage.py publish_annotations`: what was decided of texts is made true in the public objects where it is not yet."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from chunks.command import PortalCommand
from chunks.review.publish import publish_patient
from chunks.review.publishing import publish_behind
from people.patients import find_patient
from people.scope import server_scope
from storage.urls import open_objects


class Command(PortalCommand):
    help = (
        "Rewrite the public annotations.json of recordings from the withheld texts and what data managers have decided "
        "of them. Without a patient: of all patients where that is not done yet. May be killed, and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("patients", metavar="PATIENT", nargs="*", help="these patients, whether behind or not")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        scope = server_scope(means="command")
        if not options["patients"]:
            count = publish_behind(scope=scope)
            self.stdout.write(f"{count} patients were behind; none is now.")
            return
        for text in options["patients"]:
            patient = find_patient(text, scope=scope).pk
            count = publish_patient(open_objects(settings.OBJECTS_URL), patient=patient)
            self.stdout.write(f"Patient {patient}: {count} recordings say what is decided.")
