"""Aligns one session with the recorder: by the codes of a trigger channel, by hand, or by the clocks alone.

Owns: which part of the recording is read (the session and some minutes around it, clock offsets added), which channel
is believed (the one on which most trials find their codes), and where the outcome is kept: the alignment in the
session's notes, the codes as `triggers.csv` beside them. `propose` changes nothing; `keep` writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.conf import settings

from behavior.alignment import Alignment, align, to_json
from behavior.alignment_errors import AlignmentError, CodesMissing
from behavior.correct import change_notes, document_of
from behavior.expected import by_kind, codes_by_kind, codes_shown, expected_codes
from behavior.keys import triggers_key
from behavior.matching import Expected, Match
from behavior.noted import notes_of
from behavior.place import sessions_here
from behavior.record import SessionRecord
from behavior.trigger_channel import (
    TriggerChannel,
    pieces_of,
    recorder_offset_us,
    recordings_in,
    trigger_channels,
)
from behavior.trigger_table import Trigger, triggers_of, write_triggers
from behavior.triggers import Decoded, decode
from people.scope import Scope
from storage.objects import Objects

SEARCH = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How to look: on which channel (None: those that look like one), how many seconds a bit lasts (None: as the
    settings say), how far around the session, and which fields of a trial tell of which code (None: the task's)."""

    channel: str | None = None
    bit_s: float | None = None
    search: timedelta = SEARCH
    fields: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """An alignment that nobody has kept yet, the codes of the session, and how the channel was read."""

    alignment: Alignment
    triggers: Sequence[Trigger]
    decoded: Decoded


def since_of(record: SessionRecord, *, scope: Scope) -> datetime:
    """The session's start on the recorder's clock: its own start, its clock offset added, that of the recording off."""
    note = notes_of([record.file_name]).get(record.file_name)
    start = record.start + timedelta(microseconds=note.clock_offset_us if note else 0)
    stop = start + max(record.stop - record.start, timedelta(seconds=1))
    offset_us = recorder_offset_us(record.subject, start=start, stop=stop, scope=scope)
    return start - timedelta(microseconds=offset_us)


def propose(record: SessionRecord, *, asked: Asked, objects: Objects, scope: Scope) -> Proposal:
    """The best alignment by triggers, its author the one whose scope it is.

    Raises `AlignmentError`: `CodesMissing` where no channel carries codes, `TrialsUnmatched` where they do not fit; and
    `SessionMissing`.
    """
    data = document_of(record.file_name, objects=objects, by=scope).data
    expected = expected_codes(data, task=record.experiment, fields=asked.fields)
    since = since_of(record, scope=scope)
    start, stop = since - asked.search, since + (record.stop - record.start) + asked.search
    recordings = recordings_in(record.subject, start=start, stop=stop, scope=scope)
    channels = trigger_channels(recordings, start=start, stop=stop, named=asked.channel)
    proposals: list[Proposal] = []
    failures: list[AlignmentError] = []
    for channel in channels:
        try:
            pieces = pieces_of(channel, objects=objects, since=since, start=start, stop=stop)
            decoded = decode(
                pieces,
                sfreq=channel.sfreq,
                channel=channel.label,
                bit_s=asked.bit_s or settings.PHOTODIODE_BIT_S,
                codes=codes_shown(expected),
            )
            window = _offsets(expected, record=record, search=asked.search)
            proposals.append(_proposal(expected, decoded, channel=channel, window=window, since=since, by=scope.by))
        except AlignmentError as error:
            failures.append(error)
    if proposals:
        return max(proposals, key=lambda each: each.alignment.matched)
    # One that carries codes but does not fit tells more than one that carries none.
    raise min(failures, key=lambda error: isinstance(error, CodesMissing))


def keep(
    record: SessionRecord,
    alignment: Alignment,
    *,
    triggers: Sequence[Trigger],
    reason: str,
    objects: Objects,
    by: Scope,
) -> None:
    """Writes the alignment into the session's notes and the triggers beside them (none: a table that was there goes).

    Whoever keeps it looks at `alignment.needs_yes` first, and writes the audit around this. Raises `SessionMissing`.
    """
    plain = to_json(alignment)
    table = triggers_key(record.file_name)
    document_of(record.file_name, objects=objects, by=by)
    if triggers:
        objects.put(settings.SESSIONS_BUCKET, table, write_triggers(triggers))
    else:
        objects.delete(settings.SESSIONS_BUCKET, table)
    change_notes(
        record.file_name,
        lambda notes: replace(notes, alignment=plain),
        changes={"alignment": plain},
        reason=reason,
        by=by,
        objects=objects,
        sessions=sessions_here(),
    )


def _offsets(expected: Sequence[Expected], *, record: SessionRecord, search: timedelta) -> tuple[float, float]:
    """Offsets that put all trials between the session's start and stop, and some minutes around."""
    around_s, lasts_s = search.total_seconds(), (record.stop - record.start).total_seconds()
    first_s, last_s = expected[0].time_s, expected[-1].time_s
    ends = sorted((-first_s, lasts_s - last_s))
    return ends[0] - around_s, ends[1] + around_s


def _proposal(
    expected: Sequence[Expected],
    decoded: Decoded,
    *,
    channel: TriggerChannel,
    window: tuple[float, float],
    since: datetime,
    by: str,
) -> Proposal:
    matched: Match
    alignment, matched = align(
        by_kind(expected),
        codes_by_kind(decoded.codes),
        offsets_s=window,
        since=since,
        channel=channel.label,
        author=by,
        at=datetime.now(UTC).replace(microsecond=0),
    )
    table = triggers_of(decoded.codes, since=since, expected=expected, matched=matched)
    return Proposal(alignment=alignment, triggers=table, decoded=decoded)
