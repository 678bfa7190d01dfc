"""`manage.py backup_portal`: one file with all of the portal that cannot be rebuilt."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from chunks.command import PortalCommand
from jobs.terminal import size_text
from people import audit
from people.origin import terminal_origin
from people.scope import server_scope
from portal.backup import backups_folder, make_backup
from portal.backup_errors import BackupError


class Command(PortalCommand):
    help = (
        "Save accounts, grants, patients, audit, jobs and both keys in one file, while the portal runs. "
        "Whoever has the file has the keys: keep it as safe as the portal, and on another machine."
    )
    for_people = (BackupError, OSError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", metavar="DIR", type=Path, help="a folder (else backups in the data folder)")
        parser.add_argument("--keep", metavar="N", type=_count, help="of the backups there, keep the newest N")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        with audit.act("back up", scope=server_scope(means="command"), origin=terminal_origin()) as act:
            made = make_backup(options["to"] or backups_folder(), keep=options["keep"])
            act.add_bytes(made.size_bytes)
        news = f"{made.rows} rows in {made.path} ({size_text(made.size_bytes)})."
        self.stdout.write(news + (f" {made.removed} older ones removed." if made.removed else ""))


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise ArgumentTypeError(f"{text!r}: write how many to keep, 1 or more")
    return int(text)
