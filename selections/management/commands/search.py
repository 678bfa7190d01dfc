"""`manage.py search`: what there is of these patients, this time, these channels; the same question as on the page."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from behavior.errors import SessionsUnavailable
from people import audit
from people.asking import command_scope
from people.origin import terminal_origin
from selections import table
from selections.arguments import add_selection_arguments, selection_from
from selections.command import NOTHING_FOUND, SelectionCommand
from selections.cursor import Cursor, parse_cursor
from selections.resolve import PAGE_MAX, Page, Resolved, resolve
from selections.session_table import session_as_json, sessions_summary, sessions_table
from selections.totals import Totals

LIMIT = 50


class Command(SelectionCommand):
    help = (
        "Find chunks: sums and exact bytes first, then the headers, page by page. Exit status 1 where nothing matches; "
        "then it says what would. Times are the recorder's own clock, days count from implantation (day 0)."
    )

    for_people = (SessionsUnavailable,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_selection_arguments(parser)
        parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"headers on a page ({LIMIT})")
        parser.add_argument("--after", metavar="CURSOR", help="the page after this one; each page names its own")
        parser.add_argument("--json", action="store_true", help="everything as one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        selection = selection_from(options)
        after = parse_cursor(options["after"]) if options["after"] else None
        if not 0 <= options["limit"] <= PAGE_MAX:
            raise CommandError(f"--limit is {options['limit']}: write 0 (the sums alone) to {PAGE_MAX}.", returncode=2)
        scope = command_scope(options["as_user"])
        resolved = resolve(selection, scope=scope)
        with audit.act(
            "search",
            scope=scope,
            question=selection.url(),
            patients=resolved.patients,
            origin=terminal_origin(),
        ):
            show = self._json if options["json"] else self._text
            found = show(resolved, after=after, limit=options["limit"])
        if not found:
            raise CommandError("Nothing matches.", returncode=NOTHING_FOUND)

    def _text(self, resolved: Resolved, *, after: Cursor | None, limit: int) -> bool:
        self.stdout.write(str(resolved.selection))
        totals = resolved.totals()
        for line in resolved.warnings if totals.chunks else resolved.hints():
            self.stdout.write(table.printable(line))
        if totals.chunks:
            self.stdout.write(table.summary(totals, bytes_per_s=_bytes_per_s()))
        if resolved.sessions and not after:
            self._sessions(resolved, limit=limit)
        if totals.chunks:
            self._table(_page(resolved, after=after, limit=limit))
        return bool(totals.chunks)

    def _sessions(self, resolved: Resolved, *, limit: int) -> None:
        sessions = resolved.sessions
        self.stdout.write(sessions_summary(sessions))
        if limit:
            self.stdout.write("\n" + sessions_table(sessions[:limit]))
        if 0 < limit < len(sessions):
            self.stdout.write(f"The first {limit} of {len(sessions):,} sessions; --limit shows more, --json all.")

    def _table(self, page: Page) -> None:
        if page.rows:
            self.stdout.write("\n" + table.table(page.rows, terminal=bool(self.stdout.isatty())))
        if page.next:
            self.stdout.write(f"\nMore with --after {page.next}")

    def _json(self, resolved: Resolved, *, after: Cursor | None, limit: int) -> bool:
        totals: Totals = resolved.totals()
        page = _page(resolved, after=after, limit=limit)
        answer = {
            "question": resolved.selection.url(),
            "totals": table.totals_as_json(totals, bytes_per_s=_bytes_per_s()),
            "warnings": list(resolved.warnings),
            "hints": [] if totals.chunks else list(resolved.hints()),
            "sessions": [] if after else [session_as_json(each) for each in resolved.sessions],
            "headers": [table.as_json(row) for row in page.rows],
            "next": str(page.next) if page.next else None,
        }
        self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))
        return bool(totals.chunks)


def _page(resolved: Resolved, *, after: Cursor | None, limit: int) -> Page:
    return resolved.page(after, size=limit) if limit else Page(rows=[], next=None)


def _bytes_per_s() -> float:
    return settings.DOWNLOAD_MB_PER_S * 1e6
