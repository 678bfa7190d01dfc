"""`manage.py reindex --sessions`: makes the records of sessions equal to the bucket."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from behavior.command import SessionsCommand
from behavior.place import sessions_here
from behavior.reindex import Report, reindex
from chunks.command import PARTLY_DONE
from people import audit
from people.asking import COMMAND
from people.origin import terminal_origin
from people.scope import server_scope
from storage.urls import open_objects

SHOWN = 20


class Command(SessionsCommand):
    help = (
        "Compare buckets with what is indexed of them, both ways. What is missing or wrong is written; what has no "
        "object any more is removed only with --fix. Exit status 3 where a person must look."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sessions", action="store_true", required=True, help="the records of sessions")
        parser.add_argument("--check", action="store_true", help="say what is wrong, write nothing")
        parser.add_argument("--fix", action="store_true", help="remove records whose object is gone")
        parser.add_argument("--many", action="store_true", help="with --fix: even more than one in a hundred")
        parser.add_argument("--json", action="store_true", help="the report as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
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
        if not report.clean:
            raise CommandError("Somebody must look at what is named above.", returncode=PARTLY_DONE)


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
