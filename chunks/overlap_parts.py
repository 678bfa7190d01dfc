"""What the verdicts on single channels come to: for a pair of recordings, in ranges of samples and in time.

Owns: when a recording is wholly in another one, and how verdicts are told together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chunks.models import OverlapContained, OverlapVerdict
from chunks.overlap_layout import SECOND_US, Layout, Track
from chunks.overlap_shift import Span

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one channel of two overlapping stretches came to. Samples count within the stretch of each."""

    mine: Track
    theirs: Track
    span: Span
    first: int
    count: int
    offset: int
    shift_us: int
    verdict: OverlapVerdict


@dataclass(frozen=True, kw_only=True)
class Common:
    """Time of some channels that both hold, on the clock of the recording that was compared."""

    start_us: int
    stop_us: int
    channels: tuple[str, ...]
    verdict: OverlapVerdict
    shift_us: int


def without_shadows(parts: Sequence[Part]) -> list[Part]:
    """Without what only looks different since a clock stepped back: its samples are equal to others of that time."""
    mine, theirs = _equal_ranges(parts, side="mine"), _equal_ranges(parts, side="theirs")
    return [
        part
        for part in parts
        if part.verdict == OverlapVerdict.EQUAL
        or not (
            _covers(mine.get((part.mine.number, part.span.mine.place), ()), part.first, part.count)
            or _covers(
                theirs.get((part.theirs.number, part.span.theirs.place), ()), part.first + part.offset, part.count
            )
        )
    ]


def contained(mine: Layout, theirs: Layout, parts: Sequence[Part]) -> OverlapContained:
    this = _is_whole(mine, _equal_ranges(parts, side="mine"))
    earlier = _is_whole(theirs, _equal_ranges(parts, side="theirs"))
    if this:
        return OverlapContained.BOTH if earlier else OverlapContained.THIS
    return OverlapContained.EARLIER if earlier else OverlapContained.NEITHER


def _is_whole(layout: Layout, equal: Mapping[tuple[int, int], Ranges]) -> bool:
    """Whether every sample of every channel is among the equal ones."""
    return bool(layout.tracks) and all(
        _covers(equal.get((track.number, run.place), ()), 0, run.records * track.samples_per_record)
        for track in layout.tracks
        for run in layout.runs
    )


def _equal_ranges(parts: Sequence[Part], *, side: Literal["mine", "theirs"]) -> dict[tuple[int, int], Ranges]:
    """By channel number and stretch: the ranges of samples that are equal to the other's, joined and by start."""
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for part in parts:
        if part.verdict == OverlapVerdict.EQUAL:
            track, run, first = (
                (part.mine, part.span.mine, part.first)
                if side == "mine"
                else (part.theirs, part.span.theirs, part.first + part.offset)
            )
            found.setdefault((track.number, run.place), []).append((first, first + part.count))
    return {place: _joined(ranges) for place, ranges in found.items()}


def _joined(ranges: Sequence[tuple[int, int]]) -> Ranges:
    joined: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((first, end))
    return tuple(joined)


def _covers(ranges: Ranges, first: int, count: int) -> bool:
    return any(begin <= first and first + count <= end for begin, end in ranges)


def grouped(parts: Sequence[Part]) -> Iterator[Common]:
    """One for each time, verdict and shift, with its channels; what follows on one another alike is one, by start."""
    groups: dict[tuple[int, int, str, int], list[Part]] = {}
    for part in parts:
        key = (part.span.mine.place, part.span.theirs.place, part.verdict.value, part.shift_us)
        groups.setdefault(key, []).append(part)
    open_one: Common | None = None
    for each in sorted(map(_common, groups.values()), key=lambda each: (each.verdict, each.shift_us, each.start_us)):
        if open_one and (each.verdict, each.shift_us, each.channels) == (
            open_one.verdict,
            open_one.shift_us,
            open_one.channels,
        ):
            open_one = replace(open_one, stop_us=max(open_one.stop_us, each.stop_us))
            continue
        if open_one:
            yield open_one
        open_one = each
    if open_one:
        yield open_one


def _common(parts: Sequence[Part]) -> Common:
    begins = [part.span.mine.start_us + round(part.first * SECOND_US / part.mine.rate) for part in parts]
    ends = [part.span.mine.start_us + round((part.first + part.count) * SECOND_US / part.mine.rate) for part in parts]
    return Common(
        start_us=min(begins),
        stop_us=max(ends),
        channels=tuple(sorted({part.mine.norm for part in parts})),
        verdict=parts[0].verdict,
        shift_us=parts[0].shift_us,
    )
