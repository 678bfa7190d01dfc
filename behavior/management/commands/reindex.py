"""`manage.py reindex`: makes the rows of chunks and recordings, or the records of sessions, equal to the buckets."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from behavior.command import SessionsCommand
from behavior.place import sessions_here
from behavior.reindex import Report, reindex
from chunks import reindex as chunks
from chunks import reindex_words
from chunks.command import PARTLY_DONE
from chunks.reindex_report import OfPatient
from jobs.terminal import show_count
from people import audit
from people.asking import COMMAND
from people.errors import PatientWithdrawn
from people.models import Patient
from people.origin import terminal_origin
from people.patients import find_patient
from people.scope import server_scope
from storage.urls import open_objects

SHOWN = 20


class Command(SessionsCommand):
    help = (
        "Compare buckets with what is indexed of them, both ways. What is missing or wrong is written; what has no "
        "object any more is removed only with --fix. Exit status 3 where a person must look."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        of = parser.add_mutually_exclusive_group()
        of.add_argument("--patient", metavar="ID", help="the chunks and recordings of this patient alone")
        of.add_argument("--sessions", action="store_true", help="the records of sessions, not chunks and recordings")
        parser.add_argument("--check", action="store_true", help="say what is wrong, write nothing")
        parser.add_argument("--fix", action="store_true", help="remove rows and records whose object is gone")
        parser.add_argument(
            "--many", "--yes", action="store_true", help="with --fix: even more than one in a hundred, without asking"
        )
        parser.add_argument("--json", action="store_true", help="the report as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        clean = self._sessions(options) if options["sessions"] else self._chunks(options)
        if not clean:
            raise CommandError("Somebody must look at what is named above.", returncode=PARTLY_DONE)

    def _chunks(self, options: dict[str, Any]) -> bool:
        scope = server_scope(means=COMMAND)
        objects = open_objects(settings.OBJECTS_URL)
        patients = _patients(options["patient"])
        with audit.act("reindex", scope=scope, patients=patients or (), origin=terminal_origin()):
            expected = chunks.expected_objects(objects, patients or scope.patients)
            with show_count(total=expected, label="Objects", unit="objects") as bar:
                report = chunks.reindex(
                    objects,
                    patients,
                    check=options["check"],
                    fix=options["fix"],
                    many=lambda _: bool(options["many"]),
                    progress=bar.advance,
                )
            for each in [each for each in report.patients if each.kept_because_many]:
                if self._agreed(each):
                    again = chunks.reindex(objects, [each.patient], fix=True, many=lambda _: True)
                    report.patients[report.patients.index(each) : report.patients.index(each) + 1] = again.patients
        words = reindex_words.as_json(report) if options["json"] else None
        self.stdout.write(words or "\n".join(reindex_words.lines(report, check=options["check"])))
        return report.clean

    def _agreed(self, each: OfPatient) -> bool:
        """Whether the person at the terminal says yes; where there is nobody, no."""
        if not (sys.stdin.isatty() and self.stderr.isatty()):
            return False
        self.stderr.write(reindex_words.many(each))
        # Not by input(): standard output, where that asks, is the report's, and may be a file.
        self.stderr.write("Remove these rows? The bucket should be the right one. [y/N] ", ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _sessions(self, options: dict[str, Any]) -> bool:
        scope = server_scope(means=COMMAND)
        with audit.act("reindex sessions", scope=scope, origin=terminal_origin()):
            report = reindex(
                open_objects(settings.OBJECTS_URL),
                sessions_here(),
                by=scope,
                check=options["check"],
                fix=options["fix"],
                many=options["many"],
                say=self.stderr.write if self.stderr.isatty() else lambda _: None,
            )
        self.stdout.write(_json(report) if options["json"] else _text(report, check=options["check"]))
        return report.clean


def _patients(text: str | None) -> list[str] | None:
    """The one patient asked for; one who has withdrawn too, of whom rows may be left. None: all."""
    if text is None:
        return None
    try:
        return [find_patient(text, scope=server_scope(means=COMMAND)).pk]
    except PatientWithdrawn:
        return [Patient.objects.get(folded=text.lower()).pk]


def _text(report: Report, *, check: bool) -> str:
    would = "would be " if check else ""
    lines = [
        f"{report.objects:,} objects, {report.sessions:,} sessions: {report.added:,} {would}added, "
        f"{report.replaced:,} {would}replaced, {report.removed:,} removed, {report.counts_wrong:,} counts put right."
    ]
    lines += [f"  {count:,} times: {fault}" for fault, count in report.faults.most_common()]
    lines += [f"unreadable  {key}: {reason}" for key, reason in report.unreadable[:SHOWN]]
    if report.orphans:
        many = " They are many: is the bucket the right one? Else add --many." if report.kept_because_many else ""
        lines.append(f"{len(report.orphans):,} objects are gone whose records are there; --fix removes them.{many}")
        lines += [f"  {key}" for key in report.orphans[:SHOWN]]
    lines += [
        f"subject {subject} is no patient ({count:,} sessions): manage.py add_patient, or set_session --patient"
        for subject, count in report.unknown_subjects.most_common(SHOWN)
    ]
    return "\n".join(lines)


def _json(report: Report) -> str:
    plain = vars(report) | {"unreadable": [{"key": key, "reason": reason} for key, reason in report.unreadable]}
    return json.dumps(plain, ensure_ascii=False, indent=1)
