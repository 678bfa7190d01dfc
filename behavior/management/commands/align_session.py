"""`manage.py align_session`: a session's clock on the recorder's, by its codes, by hand or by the clocks alone."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from behavior.align import SEARCH, Asked, Proposal, keep, propose, since_of
from behavior.alignment import Alignment, by_clock, by_hand
from behavior.catalogue import session
from behavior.command import SessionsCommand
from behavior.record import SessionRecord
from behavior.trigger_table import Trigger
from people import audit
from people.asking import command_scope
from people.origin import terminal_origin
from people.scope import Scope
from storage.urls import open_objects

NEEDS_A_YES = 4


class Command(SessionsCommand):
    help = (
        "Align a session with the recorder: decode the codes on the patient's trigger channel around it, match them "
        "with its trials, fit offset and drift, and keep both in the session's notes with triggers.csv beside them. "
        f"What is doubtful is shown and not kept without --yes (exit status {NEEDS_A_YES})."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("session", metavar="KEY", help="file name of the session, such as ToM_Loc_2003.json")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--channel", metavar="LABEL", help="the trigger channel (else those that look like one)")
        how.add_argument(
            "--hand",
            type=_seconds,
            metavar="S",
            help="by hand: laptop time 0 lies so many seconds after the start",
        )
        how.add_argument("--clock", action="store_true", help="go back to the two clocks, good to seconds at best")
        parser.add_argument(
            "--bit-time", type=_bit_s, metavar="S", help="seconds of a bit, such as 1/60 (else ECOG_PHOTODIODE_HZ)"
        )
        parser.add_argument(
            "--search", type=float, default=SEARCH / timedelta(minutes=1), metavar="MIN", help="minutes around (10)"
        )
        parser.add_argument(
            "--code", action="append", type=_field, metavar="FIELD=CODE", help="a trial's field that tells of a code"
        )
        parser.add_argument("--yes", action="store_true", help="keep it although it is doubtful")
        parser.add_argument("--dry-run", action="store_true", help="show it, keep nothing")
        parser.add_argument("--reason", default="", help="why, for the history of the notes")
        parser.add_argument("--as", dest="as_user", metavar="NAME", help="with the permission of this user")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        if not 0 < options["search"] <= 720:
            raise CommandError(f"--search is {options['search']:g}: write up to 720 minutes.", returncode=2)
        scope = command_scope(options["as_user"])
        if not options["dry_run"] and not _may_keep(scope):
            raise CommandError(f"{scope.by} may not align sessions, data managers do. To look at it, add --dry-run.")
        record = session(options["session"], scope=scope)
        objects = open_objects(settings.OBJECTS_URL)
        with audit.act(
            "align session",
            scope=scope,
            question=record.file_name,
            patients=[record.subject],
            origin=terminal_origin(),
        ) as act:
            triggers: Sequence[Trigger] = ()
            if options["clock"] or options["hand"] is not None:
                alignment = _chosen(record, options, since=since_of(record, scope=scope), by=scope.by)
            else:
                proposal = propose(record, asked=_asked(options), objects=objects, scope=scope)
                alignment, triggers = proposal.alignment, proposal.triggers
                self._show(proposal)
            kept = not options["dry_run"] and (options["yes"] or not alignment.needs_yes)
            if kept:
                keep(record, alignment, triggers=triggers, reason=options["reason"], objects=objects, by=scope)
            elif not options["dry_run"]:
                act.ends_as(audit.Outcome.REFUSED, reason="doubtful")
        self.stdout.write(_summary(alignment))
        if kept:
            self.stdout.write("Kept in the session's notes.")
        elif not options["dry_run"]:
            doubts = " ".join(alignment.doubts)
            raise CommandError(f"{doubts} Not kept. Look at it, then say --yes.", returncode=NEEDS_A_YES)

    def _show(self, proposal: Proposal) -> None:
        decoded = proposal.decoded
        polarity = "inverted" if decoded.inverted else "upright"
        self.stdout.write(
            f"{proposal.alignment.channel}: {len(decoded.codes)} codes in {decoded.seconds:,.0f} s ({polarity}, "
            f"{decoded.layout}), {decoded.unreadable} flashes unreadable"
        )


def _may_keep(scope: Scope) -> bool:
    if scope.user_id is None:
        return True
    return User.objects.get(pk=scope.user_id).has_perm("people.ingest")


def _asked(options: Mapping[str, Any]) -> Asked:
    return Asked(
        channel=options["channel"],
        bit_s=options["bit_time"],
        search=timedelta(minutes=options["search"]),
        fields=dict(options["code"]) if options["code"] else None,
    )


def _chosen(record: SessionRecord, options: Mapping[str, Any], *, since: datetime, by: str) -> Alignment:
    now = datetime.now(UTC).replace(microsecond=0)
    if options["clock"]:
        return by_clock(0.0, since=since, author=by, at=now)
    return by_hand(options["hand"], since=since, author=by, at=now)


def _summary(alignment: Alignment) -> str:
    line = f"{alignment.method}: offset {alignment.offset_s:+.4f} s, drift {alignment.drift_ppm:+.1f} ppm"
    if alignment.residual_median_s is None or alignment.residual_max_s is None:
        return line
    return (
        f"{line}; {alignment.matched} of {alignment.expected} codes matched, residual "
        f"{alignment.residual_median_s * 1e3:.1f} ms (median), {alignment.residual_max_s * 1e3:.1f} ms (largest)"
    )


def _seconds(text: str) -> float:
    seconds = _number(text)
    if not abs(seconds) < 400 * 24 * 3600:
        raise ArgumentTypeError(f"{text!r} is no offset: write seconds")
    return seconds


def _bit_s(text: str) -> float:
    above, slash, below = text.partition("/")
    divided = _number(above) / (_number(below) or float("nan")) if slash else _number(above)
    if not 0 < divided < 10:
        raise ArgumentTypeError(f"{text!r} is no bit time: write seconds, such as 1/60 or 0.0167")
    return divided


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no number") from None


def _field(text: str) -> tuple[str, int]:
    field, _, code = text.rpartition("=")
    if not field or not code.isdecimal() or not 0 <= int(code) <= 255:
        raise ArgumentTypeError(f"{text!r}: write FIELD=CODE, the code from 0 to 255, such as quest_start=4")
    return field, int(code)
