"""`manage.py audit --patient ID`: who could see a patient when, who looked, who took what home."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from people.audit import act
from people.audit_answers import AuditedPerson, Period, audited_person
from people.audit_rows import Row, answer_rows, csv_lines, json_lines
from people.errors import PeopleError
from people.origin import terminal_origin
from people.scope import server_scope

ASKING = "read audit"
SHOWN = ("user", "act", "which", "means", "origin", "question", "bytes", "outcome", "reason", "given_by", "revoked_by",
         "note")  # fmt: skip
DAY = "a real day in UTC, such as 2026-03-31"


class Command(BaseCommand):
    help = "Say who could see a patient when, who looked and who took what home. That it was asked is written down."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--patient", metavar="ID", required=True, help="of whom, by ID (2002)")
        parser.add_argument("--from", dest="first", metavar="DATE", type=_day, help=f"first day, {DAY}")
        parser.add_argument("--to", dest="last", metavar="DATE", type=_day, help=f"last day, {DAY}")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--csv", action="store_true", help="as CSV, for a spreadsheet")
        form.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        period = Period(first=options["first"], last=options["last"])
        if period.first and period.last and period.last < period.first:
            raise CommandError(f"--to {period.last} lies before --from {period.first}: exchange them.")
        try:
            person = audited_person(options["patient"])
        except PeopleError as error:
            raise CommandError(str(error)) from error
        question = " ".join(
            [f"patient={person.patient}"]
            + [f"{name}={day}" for name, day in (("from", period.first), ("to", period.last)) if day]
        )
        scope, origin = server_scope(means="command"), terminal_origin()
        with act(ASKING, scope=scope, question=question, patients=[person.patient], origin=origin):
            self._write(person, period=period, options=options)

    def _write(self, person: AuditedPerson, *, period: Period, options: dict[str, Any]) -> None:
        rows = answer_rows(person, period=period)
        if options["csv"]:
            lines = csv_lines(rows)
        elif options["json"]:
            lines = json_lines(rows)
        else:
            if person.withdrawn_at:
                self.stdout.write(f"Patient {person.patient} withdrew on {person.withdrawn_at:%Y-%m-%d %H:%M} UTC.")
            lines = (_sentence(row) for row in rows)
        for text in lines:
            self.stdout.write(text, ending="")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day: write {DAY}") from None


def _sentence(row: Row) -> str:
    """One line for people; what a terminal would act on is shown as Python writes it."""
    when = f"{row['from']} to {row['until'] or 'now'}" if row["part"] == "could see" else f"{row['from']}"
    said = [str(row["part"]), when]
    said += [f"{name.replace('_', ' ')} {row[name]}" for name in SHOWN if row.get(name) not in {None, "", 0}]
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in "  ".join(said)) + "\n"
