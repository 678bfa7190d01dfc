"""`manage.py rds_status`: one screen on the headers database: awake or asleep, since when, and what it costs."""

from typing import Any

from django.conf import settings

from hibernation import status
from hibernation.command import HibernationCommand
from people.asking import COMMAND
from people.scope import server_scope
from storage.urls import open_objects


class Command(HibernationCommand):
    help = "Say whether the headers database sleeps, what there is of it on AWS, what waits for it, and what it costs."

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        told = status.status_here(server_scope(means=COMMAND), objects=open_objects(settings.OBJECTS_URL))
        for line in status.lines(told):
            self.stdout.write(line)
