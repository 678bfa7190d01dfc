"""`manage.py serve`: web server, worker, sweeper and broker together, until Ctrl-C."""

import contextlib
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import connections

from chunks.command import PortalCommand
from portal.errors import NotServed
from portal.migrated import require_migrated
from portal.serving import Portal, serve


class Command(PortalCommand):
    help = "Serve the portal at ECOG_URL: web server, worker, sweeper and, unless ECOG_BROKER_URL is set, the broker."
    for_people: ClassVar[tuple[type[Exception], ...]] = (NotServed,)
    # What another command has said when the portal answers.
    stealth_options = ("notes",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bind",
            default="",
            metavar="HOST:PORT",
            help="where to listen (default: as ECOG_URL says; behind https 127.0.0.1:8000)",
        )

    def handle(self, *_args: Any, bind: str, notes: Sequence[str] = (), **_options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        environment = settings.ENVIRONMENT
        portal = Portal(
            data_dir=settings.DATA_DIR, url=settings.PORTAL_URL, bind=bind, own_broker=not environment.broker_url
        )
        serve(portal, say=self._say, prepare=self._prepare, ready=lambda: self._ready(notes))

    def _prepare(self) -> None:
        for sentence in require_migrated():
            self._say(sentence)
        connections.close_all()  # a database may move or sleep while this process only watches
        call_command("collectstatic", interactive=False, verbosity=0)

    def _ready(self, notes: Sequence[str]) -> None:
        self._say(f"The portal is at {settings.PORTAL_URL}")
        for note in notes:
            self._say(note)
        self._say("Ctrl-C stops it.")

    def _say(self, line: str) -> None:
        # Where nobody listens any more (a closed pipe or terminal) the portal goes on.
        with contextlib.suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()
