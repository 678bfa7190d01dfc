"""What the page of one session says: when it was on both clocks, how it is aligned, what was recorded meanwhile.

Owns: these words, and that coverage is read for its window alone: a statement for each recording that touches it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import reverse

from behavior.alignment import Alignment, from_json
from behavior.alignment_errors import AlignmentUnreadable
from behavior.catalogue import Catalogue
from behavior.look import Look, look_at
from behavior.record import SessionRecord
from behavior.trials import shortened
from chunks.format.clock import since_day_zero_us
from chunks.headers_db.errors import HeadersAsleep
from jobs.terminal import size_text
from selections.intervals import Interval, intersection, measure_us, union
from selections.joined import Joined, PatientSessions, Touched, join_all, join_unrecorded, share_text
from selections.padding import MINUTE_US, Padding
from selections.picture import hours_text
from selections.rows import StayRows
from selections.stay import Held, Stay
from selections.task_list import task_search
from selections.times import spell_instant

PADDING = Padding(before_us=5 * MINUTE_US, after_us=5 * MINUTE_US)
RECORDINGS_SHOWN = 10
_LETTERS = re.compile(r"\D*")


@dataclass(frozen=True, kw_only=True)
class ChannelGroup:
    """Channels of one beginning that were recorded alike: `LTG1 to LTG8`."""

    labels: str
    channels: int
    share: str


@dataclass(frozen=True, kw_only=True)
class RecordingPart:
    """A recording that touches the session."""

    name: str
    href: str
    offset: str
    clock_offset: str
    groups: tuple[ChannelGroup, ...]


@dataclass(frozen=True, kw_only=True)
class AlignedAs:
    """An alignment in words."""

    method: str
    facts: tuple[tuple[str, str], ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file to download."""

    name: str
    label: str
    size: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A line of the notes' history."""

    at: str
    by: str
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AboutSession:
    """The page. `asleep`: why it is not known what was recorded, where the headers database sleeps."""

    record: SessionRecord
    name: str
    task: str
    start: str
    stop: str
    length: str
    window: str
    clock_offset: str
    corrected: str
    state: str
    share: str
    parts: tuple[RecordingPart, ...]
    parts_left: int
    alignment: AlignedAs | None
    alignment_fault: str
    look: Look
    files: tuple[NamedFile, ...]
    history: tuple[Changed, ...]
    search: str
    search_padded: str
    asleep: str


def about_session(record: SessionRecord, *, catalogue: Catalogue) -> AboutSession:
    """All that is known of it; the catalogue's scope has given the record."""
    look = look_at(record, scope=catalogue.scope)
    asleep, parts = "", tuple[RecordingPart, ...]()
    try:
        of_patient = join_all([record], catalogue=catalogue)[0]
        parts = tuple(_parts(of_patient, of_patient.sessions[0]))
    except HeadersAsleep as error:
        asleep, of_patient = str(error), join_unrecorded(record, catalogue=catalogue)
    joined = of_patient.sessions[0]
    start_us, stop_us = (since_day_zero_us(record.subject, each) for each in (record.start, record.stop))
    alignment, fault = _alignment(joined)
    when, padded = (joined.own,), (PADDING.around(joined.own),)
    return AboutSession(
        record=record,
        name=shortened(record.file_name),
        task=shortened(joined.task),
        start=spell_instant(start_us),
        stop=spell_instant(stop_us),
        length=hours_text(stop_us - start_us),
        window=f"{spell_instant(joined.own.start_us)} to {spell_instant(joined.own.stop_us)}",
        clock_offset=_seconds(joined.clock_offset_us) if joined.clock_offset_us else "",
        corrected=joined.corrected,
        state=joined.state.value,
        share=share_text(joined.covered),
        parts=parts,
        parts_left=max(0, len(joined.recordings) - RECORDINGS_SHOWN),
        alignment=_aligned_as(alignment) if alignment else None,
        alignment_fault=fault,
        look=look,
        files=tuple(
            NamedFile(
                name=each.name, label=shortened(each.label), size="" if each.alone else size_text(each.size_bytes)
            )
            for each in look.files
        ),
        history=tuple(_changes(look)),
        search=task_search(joined.task, patients=(record.subject,), when=when),
        search_padded=task_search(joined.task, patients=(record.subject,), when=padded, pad=PADDING),
        asleep=asleep,
    )


def _alignment(joined: Joined) -> tuple[Alignment | None, str]:
    if joined.alignment is None:
        return None, ""
    try:
        return from_json(joined.alignment), ""
    except AlignmentUnreadable as error:
        return None, str(error)


def _aligned_as(alignment: Alignment) -> AlignedAs:
    methods = {"triggers": "by triggers", "hand": "by hand", "clock": "by the clocks alone"}
    facts = [
        ("Offset", f"{alignment.offset_s:+,.4f} s of the laptop's time 0 to the session's start"),
        ("Drift", f"{alignment.drift_ppm:+.1f} ppm"),
    ]
    if alignment.method == "triggers":
        facts.append(
            ("Codes matched", f"{alignment.matched:,} of {alignment.expected:,}; elsewhere {alignment.rival:,}")
        )
        facts.append(("Channel", shortened(alignment.channel)))
    if alignment.residual_median_s is not None and alignment.residual_max_s is not None:
        median, most = alignment.residual_median_s * 1e3, alignment.residual_max_s * 1e3
        facts.append(("Residuals", f"{median:.1f} ms (median), {most:.1f} ms (largest)"))
    facts.append(("Made by", shortened(alignment.author)))
    facts.append(("Made on", f"{alignment.at:%Y-%m-%d %H:%M} UTC"))
    return AlignedAs(method=methods[alignment.method], facts=tuple(facts), doubts=tuple(alignment.doubts))


def _parts(of_patient: PatientSessions, joined: Joined) -> Iterator[RecordingPart]:
    held = {(each.bucket, each.name): each for each in of_patient.held}
    for touched in joined.recordings[:RECORDINGS_SHOWN]:
        yield RecordingPart(
            name=touched.name,
            href=reverse("recording", args=[of_patient.patient, touched.name]),
            offset=_from_start(touched.offset_us),
            clock_offset=_seconds(touched.clock_offset_us) if touched.clock_offset_us else "",
            groups=tuple(_groups(_shares(of_patient.patient, held[touched.place], touched))),
        )


def _shares(patient: str, held: Held, touched: Touched) -> list[tuple[str, float]]:
    """Each channel's label, in the order of the header, and which part of the session it holds."""
    stay = Stay(
        patient=patient, recorded=touched.own, intervals=(touched.own,), recordings=(held,), unmatched=(), warnings=()
    )
    rows = StayRows(stay)
    times: dict[tuple[int, str], list[Interval]] = defaultdict(list)
    for step in rows.steps:
        for query in rows.queries(step):
            for channel, label, start, stop in query.values_list("channel", "label", "start", "stop").iterator():
                start_us, stop_us = (since_day_zero_us(patient, moment) for moment in (start, stop))
                times[channel or 0, label].append(Interval(start_us=start_us, stop_us=stop_us))
    silent = [(number or 0, label) for number, label in held.channels if (number or 0, label) not in times]
    shares = {place: measure_us(intersection(union(some), (touched.own,))) for place, some in times.items()}
    every = shares | dict.fromkeys(silent, 0)
    return [(label, us / touched.own.duration_us) for (_, label), us in sorted(every.items())]


def _groups(shares: Iterable[tuple[str, float]]) -> Iterator[ChannelGroup]:
    """Neighbours whose labels begin alike and that were recorded alike, as one."""
    together: dict[tuple[str, str], list[str]] = {}
    for label, share in shares:
        found = _LETTERS.match(label)
        together.setdefault((found[0] if found else "", share_text(share)), []).append(label or "(no label)")
    for (_, text), labels in together.items():
        named = labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
        yield ChannelGroup(labels=shortened(named), channels=len(labels), share=text)


def _changes(look: Look) -> Iterator[Changed]:
    for each in reversed(look.history):
        words = [
            "aligned" if name == "alignment" else f"{name.replace('_', ' ')}: {_change_text(name, value)}"
            for name, value in each.changes.items()
        ]
        yield Changed(
            at=each.at[:16].replace("T", " "),
            by=shortened(each.by),
            what=shortened(", ".join(words)),
            reason=shortened(each.reason),
        )


def _change_text(name: str, value: object) -> str:
    return _seconds(value) if name == "clock_offset_us" and isinstance(value, int) else str(value)


def _from_start(us: int) -> str:
    return (
        f"{hours_text(us)} after its start" if us > 0 else f"{hours_text(-us)} before its start" if us else "its start"
    )


def _seconds(us: int) -> str:
    return f"{us / 1e6:+,.6f}".rstrip("0").rstrip(".") + " s"
