"""`manage.py download`: brings what a search finds into a folder, resumes, and says honestly what came of it."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from behavior.errors import SessionsUnavailable
from chunks.command import PARTLY_DONE
from downloads.crew import THREADS
from downloads.entries import entries
from downloads.errors import DownloadsError, DownloadStopped, FilesMissing
from downloads.folder import TreeFolder
from downloads.plan import Plan, check_count, check_room, plan
from downloads.report import Report
from downloads.watched import download
from jobs.errors import JobCancelled
from people import audit
from people.asking import command_scope
from people.origin import terminal_origin
from selections.arguments import add_selection_arguments, selection_from
from selections.command import NOT_A_QUESTION, NOTHING_FOUND, SelectionCommand
from selections.resolve import Resolved, resolve
from storage.urls import open_objects

INTERRUPTED = 130
THREADS_MAX = 64


class Command(SelectionCommand):
    help = (
        "Write what a search finds to DIR/s3_download, with a manifest. What is there and whole is kept, so the same "
        "command resumes. Exit status: 0 all is there; 1 nothing matches, or it could not begin; 2 the question cannot "
        "be read; 3 some files are missing; 130 stopped with Ctrl-C."
    )
    for_people = (DownloadsError, SessionsUnavailable)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", required=True, type=Path, metavar="DIR", help="the folder that gets s3_download/")
        add_selection_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what would be fetched and whether it fits")
        parser.add_argument("--jobs", type=int, default=THREADS, metavar="N", help=f"files at once ({THREADS})")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        if not 1 <= options["jobs"] <= THREADS_MAX:
            raise CommandError(f"--jobs is {options['jobs']}: write 1 to {THREADS_MAX}.", returncode=NOT_A_QUESTION)
        report = Report(self.stdout.write, as_json=options["json"], bytes_per_s=settings.DOWNLOAD_MB_PER_S * 1e6)
        try:
            found = _answer(options, report=report)
        except (KeyboardInterrupt, JobCancelled) as error:
            sentence = "Stopped. What was fetched is whole: the same command goes on from there."
            raise CommandError(sentence, returncode=INTERRUPTED) from error
        except (FilesMissing, DownloadStopped) as error:
            raise CommandError(str(error), returncode=PARTLY_DONE) from error
        finally:
            report.close()
        if not found:
            raise CommandError("Nothing matches.", returncode=NOTHING_FOUND)


def _answer(options: dict[str, Any], *, report: Report) -> bool:
    """Downloads, or tells what would be; whether there is anything. Raises `DiskTooFull` in a dry run too."""
    resolved = resolve(selection_from(options), scope=command_scope(options["as_user"]))
    folder = TreeFolder(Path(options["to"]).expanduser())
    name = "download, dry run" if options["dry_run"] else "download"
    question = resolved.selection.url()
    with audit.act(name, scope=resolved.scope, question=question, origin=terminal_origin()) as act:
        totals = resolved.totals()
        report.found(resolved, totals)

        def check(planned: Plan) -> None:
            check_count(planned, chunks=totals.chunks)
            report.planned(planned, folder=folder)

        if totals.chunks and options["dry_run"]:
            planned = plan(entries(resolved, store=open_objects(settings.OBJECTS_URL)), folder=folder)
            act.add_patients(planned.patients)
            check(planned)
            check_room(planned, folder=folder)
        elif totals.chunks:
            _bring(resolved, folder=folder, act=act, report=report, threads=options["jobs"], check=check)
    return bool(totals.chunks)


def _bring(
    resolved: Resolved,
    *,
    folder: TreeFolder,
    act: audit.OpenAct,
    report: Report,
    threads: int,
    check: Callable[[Plan], None],
) -> None:
    try:
        outcome = download(
            resolved,
            store=open_objects(settings.OBJECTS_URL),
            folder=folder,
            threads=threads,
            act=act,
            on_plan=check,
        )
    except FilesMissing as error:
        report.ended(error.outcome, folder=folder)
        raise
    report.ended(outcome, folder=folder)
