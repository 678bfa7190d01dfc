"""`manage.py ingest_edf`: EDF and BDF files of one patient, split into chunks and indexed."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.management.base import CommandError

from chunks import report
from chunks.batch import Batch, Result, Wish, refuse_checked_together, surgery_of
from chunks.command import PARTLY_DONE, PortalCommand
from chunks.sources import find_sources
from chunks.tombstones import refuse_withdrawn
from chunks.which import which
from jobs.here import run_here
from jobs.terminal import ProgressBar, show_progress
from people import audit
from people.origin import terminal_origin
from people.patients import find_patient
from people.scope import server_scope
from storage.urls import open_objects

MAX_CHUNK_SECONDS = 24 * 3600


class Say(Protocol):
    """Tells of a result, once."""

    def __call__(self, result: Result, path: Path, *, of: int, bar: ProgressBar | None = None) -> None: ...


class Command(PortalCommand):
    help = (
        "Split EDF and BDF recordings of one patient into one-hour, one-channel chunks and index them. A file taken "
        "before changes nothing; one left half way is completed. One bad file does not stop the others (exit status 3)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="files, and folders of such files")
        parser.add_argument("--subject", metavar="ID", help="the patient (manage.py add_patient makes one)")
        day_zero = parser.add_mutually_exclusive_group()
        day_zero.add_argument("--surgery-date", metavar="YYYY-MM-DD", type=date.fromisoformat, help="implantation")
        day_zero.add_argument("--day", metavar="D", type=int, help="its day of the month")
        parser.add_argument("--recording", metavar="NAME", help="a name of your own instead of day<N>_<HHMMSS>")
        parser.add_argument(
            "--start",
            metavar="'YYYY-MM-DD HH:MM:SS'",
            type=datetime.fromisoformat,
            help="when the recording began, where its header does not say",
        )
        parser.add_argument("--chunk-seconds", metavar="S", type=int, default=3600, help="length of a chunk (3600)")
        parser.add_argument("--check", action="store_true", help="say what is found, write nothing")
        parser.add_argument("--strict", action="store_true", help="refuse whatever deviates from the specification")
        parser.add_argument("--accept-truncated", action="store_true", help="take files shorter than their header says")
        parser.add_argument("--release-annotations", action="store_true", help="let all read the texts (audited)")
        parser.add_argument(
            "--identity-checked", action="store_true", help="one file whose header speaks of somebody else (audited)"
        )
        parser.add_argument("--verify", action="store_true", help="compare every chunk with what pyedflib reads")
        parser.add_argument("--which", action="store_true", help="say which recording each file became")
        parser.add_argument("--json", action="store_true", help="the report as JSON, without any file's name")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        paths = find_sources(options["paths"])
        if options["which"]:
            self._tell_which(paths)
            return
        wish = _wish(options, files=len(paths))
        say = self._sayer(quiet=options["json"])
        patient = self._patient(options)
        if options["check"]:
            results = _check(_batch(paths, wish=wish, patient=patient, options=options), paths, say=say)
        else:
            results = _ingest(_batch(paths, wish=wish, patient=patient, options=options), paths, wish=wish, say=say)
        self.stdout.write(report.as_json(results, patient=patient) if options["json"] else report.summary(results))
        if any(map(report.failed, results)):
            raise CommandError("Not every file was taken: the reasons stand with each.", returncode=PARTLY_DONE)

    def _patient(self, options: dict[str, Any]) -> str:
        """The ID as first written; empty for a check of files that are nobody's yet."""
        if options["subject"]:
            patient = find_patient(options["subject"], scope=server_scope(means="command")).pk
            refuse_withdrawn(open_objects(settings.OBJECTS_URL), patient=patient)
            return str(patient)
        if options["check"]:
            return ""
        raise CommandError("Say whose recordings these are: --subject ID.")

    def _tell_which(self, paths: Sequence[Path]) -> None:
        patients = server_scope(means="command").patients
        answers = which(paths, patients=patients, objects=open_objects(settings.OBJECTS_URL))
        for place, (path, found) in enumerate(zip(paths, answers, strict=True), 1):
            name = f"  {path}" if self._on_terminal() else ""
            self.stdout.write(f"{place} of {len(paths)}{name}  {found}")

    def _sayer(self, *, quiet: bool) -> Say:
        """Tells of a result at once: on the person's own terminal with the file's name, elsewhere without."""

        def say(result: Result, path: Path, *, of: int, bar: ProgressBar | None = None) -> None:
            if quiet:
                return
            on_terminal = self._on_terminal()
            for line in report.lines(result, of=of, path=path if on_terminal else None):
                if bar and on_terminal:
                    bar.say(line)
                else:
                    self.stdout.write(line)

        return say

    def _on_terminal(self) -> bool:
        return bool(self.stdout.isatty())


def _wish(options: dict[str, Any], *, files: int) -> Wish:
    if files > 1 and (options["start"] or options["recording"]):
        raise CommandError(f"--start and --recording are for one file; these paths hold {files}. Ingest it alone.")
    if options["identity_checked"]:
        refuse_checked_together(files)
    if not 1 <= options["chunk_seconds"] <= MAX_CHUNK_SECONDS:
        raise CommandError(f"--chunk-seconds is {options['chunk_seconds']}: write 1 to {MAX_CHUNK_SECONDS}.")
    if options["start"] and options["start"].tzinfo:
        raise CommandError("--start has a time zone: write the recorder's own clock, 'YYYY-MM-DD HH:MM:SS'.")
    return Wish(
        start=options["start"],
        name=options["recording"],
        chunk_seconds=options["chunk_seconds"],
        strict=options["strict"],
        accept_truncated=options["accept_truncated"],
        release_annotations=options["release_annotations"],
        verify=options["verify"],
        identity_checked=options["identity_checked"],
    )


def _batch(paths: Sequence[Path], *, wish: Wish, patient: str, options: dict[str, Any]) -> Batch:
    surgery, source = options["surgery_date"], "date given"
    if options["day"] is not None:
        surgery, source = surgery_of(paths, day=options["day"], wish=wish), "day of the month given"
        sys.stderr.write(f"Day {options['day']} is taken as {surgery:%d %B %Y}.\n")
    if surgery is None and not options["check"]:
        raise CommandError("Say when day 0 was: --surgery-date YYYY-MM-DD, or --day D of the month.")
    return Batch(
        patient=patient,
        surgery=surgery,
        surgery_source=source,
        wish=wish,
        objects=open_objects(settings.OBJECTS_URL),
        scope=server_scope(means="command"),
    )


def _check(batch: Batch, paths: Sequence[Path], *, say: Say) -> list[Result]:
    results = []
    for place, path in enumerate(paths, 1):
        results.append(batch.check(path, place=place))
        say(results[-1], path, of=len(paths))
    return results


def _ingest(batch: Batch, paths: Sequence[Path], *, wish: Wish, say: Say) -> list[Result]:
    scope = server_scope(means="command")
    total_bytes = sum(path.stat().st_size for path in paths)
    results: list[Result] = []
    with (
        audit.act(
            wish.act, scope=scope, question=f"{len(paths)} files", patients=[batch.patient], origin=terminal_origin()
        ) as entry,
        run_here(kind="ingest", question=f"patient={batch.patient}", scope=scope, bytes_total=total_bytes) as lease,
        show_progress(total_bytes=total_bytes, label=f"Patient {batch.patient}") as bar,
    ):
        done_bytes = past_bytes = 0

        def progress(advanced_bytes: int, /) -> None:
            nonlocal done_bytes
            done_bytes += advanced_bytes
            bar.advance(advanced_bytes)
            lease.progress(bytes_done=done_bytes)

        def phase(words: str, /) -> None:
            bar.phase(words)
            lease.progress(note=words)

        for place, path in enumerate(paths, 1):
            result = batch.ingest(path, place=place, progress=progress, phase=phase, job_id=lease.job_id)
            phase("")
            past_bytes += result.size_bytes
            progress(past_bytes - done_bytes)
            say(result, path, of=len(paths), bar=bar)
            results.append(result)
            lease.keep(report.encode(report.report_of(results, patient=batch.patient, of=len(paths))))
        entry.add_bytes(sum(result.size_bytes for result in results if not report.failed(result)))
        if bad := [str(result.place) for result in results if report.failed(result)]:
            reason = f"Not every file was taken: number {', '.join(bad)} of {len(paths)}."
            entry.ends_as(audit.Outcome.FAILED, reason=reason)
            lease.fail(reason)
    return results
