"""`manage.py set_session`: corrects what a session says, by its notes."""

from argparse import ArgumentParser
from math import isfinite
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from behavior.check import oddities
from behavior.command import SessionsCommand
from behavior.correct import Corrected, Correction, set_session
from behavior.place import sessions_here
from behavior.report import session_text
from people import audit
from people.asking import COMMAND
from people.origin import terminal_origin
from people.scope import server_scope
from storage.urls import open_objects


class Command(SessionsCommand):
    help = (
        "Correct task, patient, day, start, stop or clock offset of a session. The uploaded JSON stays as it came; the "
        "correction is kept beside it, with who, when and why."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("session", metavar="KEY", help="such as ToM_Loc_2002.json, or …json#2 for its second one")
        parser.add_argument("--task", metavar="NAME", help="the task that was played")
        parser.add_argument("--patient", metavar="ID", help="who played it")
        parser.add_argument("--day", metavar="N", type=int, help="counted from implantation (day 0)")
        parser.add_argument("--start", metavar="H:M:S", help="on the clock of the task's computer")
        parser.add_argument("--stop", metavar="H:M:S", help="before the start: past midnight")
        parser.add_argument(
            "--clock-offset",
            metavar="SECONDS",
            type=float,
            help="added to the session's times where they meet recordings; 0 takes an offset back",
        )
        parser.add_argument("--reason", required=True, help="why; kept in the history")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        offset_s = options["clock_offset"]
        if offset_s is not None and not isfinite(offset_s):
            raise CommandError(f"--clock-offset is {offset_s}: write seconds, such as -3600.")
        correction = Correction(
            experiment=options["task"],
            subject=options["patient"],
            day=options["day"],
            start_time=options["start"],
            stop_time=options["stop"],
            clock_offset_us=None if offset_s is None else round(offset_s * 1e6),
        )
        if not correction.values and offset_s is None:
            raise CommandError("Say what is to change: --task, --patient, --day, --start, --stop or --clock-offset.")
        scope = server_scope(means=COMMAND)
        with audit.act("set session", scope=scope, origin=terminal_origin()) as entry:
            corrected = set_session(
                options["session"],
                correction=correction,
                reason=options["reason"],
                by=scope,
                objects=open_objects(settings.OBJECTS_URL),
                sessions=sessions_here(),
            )
            entry.add_patients({each.subject for each in (corrected.before, corrected.after) if each})
        self._tell(corrected)

    def _tell(self, corrected: Corrected) -> None:
        if corrected.before:
            self.stdout.write(f"was  {session_text(corrected.before)}")
        self.stdout.write(f"is   {session_text(corrected.after)}")
        if corrected.clock_offset_us:
            self.stdout.write(f"     clock offset {corrected.clock_offset_us / 1e6:+,.3f} s")
        for each in oddities(corrected.after, clock_offset_us=corrected.clock_offset_us):
            self.stdout.write(f"note: {each}")
