"""`manage.py rds_prune`: removes old snapshots of the headers database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from hibernation.command import HibernationCommand
from hibernation.jobs import work_here
from hibernation.pruning import prune
from hibernation.site import require_rds
from people.asking import COMMAND
from people.origin import terminal_origin
from people.scope import server_scope


class Command(HibernationCommand):
    help = (
        "Remove snapshots that rds_hibernate made, but for the newest. The newest verified one, the one a present "
        "sleep rests on, and those that somebody else made always stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--keep", metavar="N", type=int, required=True, help="so many of the newest stay")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        work = work_here(server_scope(means=COMMAND), tell=self.teller())
        work.origin = terminal_origin()
        require_rds(work.site)
        going = prune(work, keep=options["keep"], only_say=True)
        if not going:
            self.stdout.write("No snapshot has to go.")
            return
        for each in going:
            self.stdout.write(each.line)
        if not (options["yes"] or self.agreed(f"Remove {len(going)} of them for good?")):
            raise CommandError("Nothing was removed. Without a terminal say so beforehand: --yes.")
        prune(work, keep=options["keep"])
