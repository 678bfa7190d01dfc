"""`manage.py sweeper`: sends forgotten jobs again, gives up hopeless ones, and does the chores, until it is stopped."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import upkeep
from jobs.broker import send, waiting
from jobs.chores import chores


class Command(BaseCommand):
    help = "Keep jobs and leftovers in order: sweeps every 15 s and does each chore when it is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything once, now, and say what was done")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        if once:
            self._once()
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        upkeep.run_until(stop, send=send, waiting=waiting, chores=chores())

    def _once(self) -> None:
        done = [upkeep.sweep_once(send=send, waiting=waiting), *map(upkeep.do, chores())]
        for each in done:
            self.stdout.write(f"{each.name}: {'failed: ' if each.failed else ''}{each.said or 'nothing to do'}")
        failed = [each.name for each in done if each.failed]
        if failed:
            raise CommandError(f"{len(failed)} of {len(done)} failed: {', '.join(failed)}.")
