"""`manage.py add_session`: a session of files that no session can be read from."""

from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings

from behavior.add import Attachment, NewSession, add_session
from behavior.command import SessionsCommand
from behavior.errors import SessionRefused
from behavior.place import sessions_here
from behavior.report import session_text
from people import audit
from people.asking import COMMAND
from people.origin import terminal_origin
from people.scope import server_scope
from storage.urls import open_objects


class Command(SessionsCommand):
    help = (
        "Make a session of these words, with any files attached: raw output, tables, MATLAB files. The files are kept "
        "untouched beside the JSON that is written; of their names only the suffix is kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", metavar="FILE", nargs="*", type=Path, help="files to keep with the session")
        parser.add_argument("--task", metavar="NAME", required=True, help="the task that was played")
        parser.add_argument("--patient", metavar="ID", required=True, help="who played it")
        parser.add_argument("--day", metavar="N", type=int, required=True, help="counted from implantation (day 0)")
        parser.add_argument("--start", metavar="H:M:S", required=True, help="on the clock of the task's computer")
        parser.add_argument("--stop", metavar="H:M:S", required=True, help="before the start: past midnight")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        new = NewSession(
            experiment=options["task"],
            patient=options["patient"],
            day=options["day"],
            start=options["start"],
            stop=options["stop"],
        )
        scope = server_scope(means=COMMAND)
        with ExitStack() as opened:
            attachments = [_attachment(path, opened=opened) for path in options["files"]]
            with audit.act("add session", scope=scope, origin=terminal_origin()) as entry:
                taken = add_session(
                    new,
                    attachments=attachments,
                    objects=open_objects(settings.OBJECTS_URL),
                    sessions=sessions_here(),
                    by=scope,
                )
                entry.add_patients({record.subject for record in taken.records})
        self.stdout.write(f"{taken.outcome} as {taken.key}")
        for record in taken.records:
            self.stdout.write(f"  {session_text(record)}")
        for finding in taken.findings:
            self.stdout.write(f"  note: {finding}")


def _attachment(path: Path, *, opened: ExitStack) -> Attachment:
    try:
        return Attachment(name=path.name, file=opened.enter_context(path.open("rb")))
    except OSError as error:
        raise SessionRefused(f"{path} cannot be read: {error.strerror}.") from error
