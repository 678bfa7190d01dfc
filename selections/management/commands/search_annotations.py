"""`manage.py search_annotations`: released annotations by what they say, as on the page."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from people import audit
from people.asking import command_scope
from people.origin import terminal_origin
from selections.annotation_search import Found, FoundPage, search_annotations
from selections.command import NOTHING_FOUND, SelectionCommand
from selections.command_line import options_of
from selections.table import printable

LIMIT = 100
LIMIT_MAX = 10_000


class Command(SelectionCommand):
    help = (
        "Find released annotations that hold a text (case and accents make no difference); without a text, all that "
        "are released. Each says how to search the five minutes around it. Exit status 1 where nothing matches."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text", metavar="TEXT", nargs="*", help="a part of what is looked for")
        parser.add_argument("--patient", metavar="ID", default="", help="of this patient alone")
        parser.add_argument("--recording", metavar="NAME", default="", help="of recordings of this name alone")
        parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"how many at most ({LIMIT})")
        parser.add_argument("--page", type=int, default=1, metavar="P", help="the page of that many, from 1")
        parser.add_argument("--json", action="store_true", help="everything as one JSON object")
        parser.add_argument("--as", dest="as_user", metavar="USER", help="with the permission of this user")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        if not 1 <= options["limit"] <= LIMIT_MAX:
            raise CommandError(f"--limit is {options['limit']}: write 1 to {LIMIT_MAX}.", returncode=2)
        scope, text = command_scope(options["as_user"]), " ".join(options["text"])
        patient, recording = options["patient"], options["recording"]
        page = search_annotations(
            text,
            scope=scope,
            patient=patient,
            recording=recording,
            number=options["page"],
            at_once=options["limit"],
        )
        with audit.act(
            "search annotations",
            scope=scope,
            question=page.question(text, patient=patient, recording=recording),
            patients={each.patient for each in page.found},
            origin=terminal_origin(),
        ):
            self._tell(page, as_json=options["json"])
        if not page.found:
            raise CommandError("Nothing matches.", returncode=NOTHING_FOUND)

    def _tell(self, page: FoundPage, *, as_json: bool) -> None:
        if as_json:
            found = list(map(_as_json, page.found))
            told = {"count": page.count, "page": page.number, "pages": page.pages, "found": found}
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
            return
        for each in page.found:
            self.stdout.write(_line(each))
        if page.pages > 1:
            self.stdout.write(f"Page {page.number} of {page.pages}, {page.count:,} in all: --page, --limit.")


def _line(each: Found) -> str:
    about = "  ".join(filter(None, (each.patient, each.recording, each.start, each.length, each.channel)))
    return printable(f"{about}  {each.text}")


def _as_json(each: Found) -> dict[str, str]:
    return {
        "patient": each.patient,
        "recording": each.recording,
        "start": each.start,
        "length": each.length,
        "channel": each.channel,
        "text": each.text,
        "search": options_of(each.selection),
    }
