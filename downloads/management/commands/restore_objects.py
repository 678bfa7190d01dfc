"""`manage.py restore_objects`: asks S3 for what a search finds and lies in an archive, so that it can be read again."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from behavior.errors import SessionsUnavailable
from chunks.command import PARTLY_DONE
from downloads.entries import entries
from downloads.errors import DownloadsError
from downloads.manifest import Entry
from downloads.restore import Restores, count_archived, restore
from jobs.terminal import show_count, size_text
from people import audit
from people.asking import command_scope
from people.origin import terminal_origin
from selections.arguments import add_selection_arguments, selection_from
from selections.command import NOT_A_QUESTION, NOTHING_FOUND, SelectionCommand
from selections.resolve import resolve
from storage.archive import TIERS
from storage.urls import open_objects

DAYS = 7
DAYS_MAX = 365
FAILURES_SAID = 20


class Command(SelectionCommand):
    help = (
        "Ask S3 to restore what a search finds and lies in an archive (GLACIER, DEEP_ARCHIVE, the archive tiers of "
        "INTELLIGENT_TIERING). Again, it asks only for what is neither readable nor on its way. Exit status: 0 all is "
        "readable or on its way; 1 nothing matches; 2 the question cannot be read; 3 some files could not be asked for."
    )
    for_people = (DownloadsError, SessionsUnavailable)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_selection_arguments(parser)
        parser.add_argument("--days", type=int, default=DAYS, metavar="N", help=f"readable for so many days ({DAYS})")
        parser.add_argument(
            "--tier", choices=TIERS, default="Bulk", help="how fast, and how dear: Bulk (cheapest) is the default"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what lies in an archive, and ask for nothing")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        if not 1 <= options["days"] <= DAYS_MAX:
            raise CommandError(f"--days is {options['days']}: write 1 to {DAYS_MAX}.", returncode=NOT_A_QUESTION)
        resolved = resolve(selection_from(options), scope=command_scope(options["as_user"]))
        totals = resolved.totals()
        if not totals.chunks:
            raise CommandError("Nothing matches.", returncode=NOTHING_FOUND)
        store = open_objects(settings.OBJECTS_URL)
        name = "restore objects, dry run" if options["dry_run"] else "restore objects"
        with (
            audit.act(name, scope=resolved.scope, question=resolved.selection.url(), origin=terminal_origin()) as act,
            # With the files of sessions there are some more.
            show_count(total=totals.chunks + totals.recordings, label="Asked for", unit="files") as bar,
        ):
            files = _audited(entries(resolved, store=store), act)
            if options["dry_run"]:
                result = count_archived(files, store=store, on_done=bar.advance)
            else:
                result = restore(files, store=store, days=options["days"], tier=options["tier"], on_done=bar.advance)
        for line in _lines(result, days=options["days"]):
            self.stdout.write(line)
        if result.failed:
            raise CommandError(f"{len(result.failed):,} files could not be asked for.", returncode=PARTLY_DONE)


def _audited(files: Iterable[Entry], act: audit.OpenAct) -> Iterator[Entry]:
    for entry in files:
        act.add_patients([entry.patient])
        yield entry


def _lines(result: Restores, *, days: int) -> Sequence[str]:
    lines = [f"{path}: {reason}" for path, reason in result.failed[:FAILURES_SAID]]
    if len(result.failed) > FAILURES_SAID:
        lines.append(f"and {len(result.failed) - FAILURES_SAID:,} more")
    files = result.files
    if not result.archived:
        return [*lines, f"{files['readable']:,} files can be read; none lies in an archive."]
    lines.append(
        f"{result.archived:,} files ({size_text(result.archived_bytes)}) lie in an archive "
        f"({', '.join(sorted(result.archives))}); {files['readable']:,} can be read."
    )
    if files["archived"]:
        lines.append(f"Not asked for yet: {files['archived']:,}.")
    if files["under way"]:
        lines.append(f"Asked for before and on their way: {files['under way']:,}.")
    if files["asked"]:
        lines.append(
            f"Asked for now: {files['asked']:,}. S3 says it takes {' or '.join(sorted(result.takes))}; then they can "
            f"be read for {days} {'day' if days == 1 else 'days'} (for good, where they come from INTELLIGENT_TIERING)."
        )
    return lines
