"""`manage.py restore_portal FILE`: brings a backup back into an empty portal."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection

from chunks.command import PortalCommand
from people import audit
from people.origin import terminal_origin
from people.scope import server_scope
from portal.backup_errors import BackupError
from portal.backup_format import KEY_SETTINGS
from portal.restore import restore


class Command(PortalCommand):
    help = "Bring a backup of backup_portal back: stop the portal, restore, start it again. Sessions are not kept."
    for_people = (BackupError, OSError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="what backup_portal wrote")
        parser.add_argument("--replace", action="store_true", help="remove what the portal database holds now")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        if not connection.introspection.table_names():
            call_command("migrate", database=DEFAULT_DB_ALIAS, verbosity=0)
        done = restore(options["file"], replace=options["replace"])
        # Written after it: what was written before has just been replaced.
        question = f"backup of {done.made_at}"
        with audit.act(
            "restore backup", scope=server_scope(means="command"), question=question, origin=terminal_origin()
        ):
            pass
        self.stdout.write(f"{done.rows} rows of the backup of {done.made_at} are back.")
        for sentence in done.keys:
            self.stdout.write(sentence)
        if done.withdrawn:
            self.stdout.write(f"Withdrawn since the backup, and so again: {', '.join(done.withdrawn)}.")
        for name in done.differs:
            self.stderr.write(
                f"Set {KEY_SETTINGS[name]} to what keys/{name}.key in the backup holds, or take it away and restore "
                "again: "
                + ("no surgery date can be compared" if name == "identity" else "links sent by mail do not work")
                + " with another key."
            )
        self.stdout.write("Start web server, workers and sweeper again: they read the keys when they start.")
