"""Whether two recordings of a patient hold the same samples where they overlap in time, channel by channel.

Owns: the verdicts. Channels are matched by label; each pair of overlapping stretches has one shift, found by the
fastest channels that tell something, and every sample of every channel is compared at it. Reads go block by block, so
memory does not grow with the recordings; a difference ends the reading of its channel.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Literal

import numpy as np

from chunks.errors import ChunksError
from chunks.models import OverlapContained, OverlapVerdict
from chunks.overlap_layout import SECOND_US, Layout, Run, Track, TrackReader
from chunks.overlap_parts import Common, Part, contained, grouped, without_shadows
from chunks.overlap_shift import DISTINCT_MIN, Span, shifts
from storage.errors import ObjectArchived, ObjectMissing, RangeOutside
from storage.objects import Objects

FIRST_BLOCK_SAMPLES = 1 << 13
BLOCK_SAMPLES = 1 << 19
READERS = 4
ASKED_FOR_A_SHIFT = 16  # channels that are asked first; the rest only where none of them tells anything
UNREADABLE = (ChunksError, ObjectMissing, ObjectArchived, RangeOutside)
Alike = Literal["equal", "flat and equal", "different", "flat and different", "unreadable"]
Heartbeat = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two recordings: what they have in common, and which is wholly in the other."""

    common: tuple[Common, ...]
    contained: OverlapContained


def compare(mine: Layout, theirs: Layout, *, objects: Objects, heartbeat: Heartbeat) -> Compared:
    """Compares `mine` with an earlier recording; nothing in common where they share no channel or no time.

    `heartbeat` is called now and then. Raises `StorageError` where the store fails; an object that lacks is a verdict.
    """
    tracks = list(_matched(mine, theirs))
    parts: list[Part] = []
    hint_us = 0
    with ThreadPoolExecutor(READERS, thread_name_prefix="compare") as pool:
        try:
            for run, other in _touching(mine, theirs) if tracks else ():
                pair = _Pair(mine, theirs, run, other, tracks=tracks, objects=objects)
                shift_us = pair.shift_us(hint_us)
                heartbeat()
                for part in pool.map(pair.judge(shift_us), tracks):
                    heartbeat()
                    if part is not None:
                        parts.append(part)
                hint_us = hint_us if shift_us is None else shift_us
        finally:
            pool.shutdown(cancel_futures=True)
    parts = without_shadows(parts)
    return Compared(common=tuple(grouped(parts)), contained=contained(mine, theirs, parts))


def _matched(mine: Layout, theirs: Layout) -> Iterator[tuple[Track, Track]]:
    """Channels of the same label; where several have it, in their order. The fastest first."""
    left: dict[str, list[Track]] = {}
    for track in theirs.tracks:
        left.setdefault(track.norm, []).append(track)
    pairs = [(track, left[track.norm].pop(0)) for track in mine.tracks if left.get(track.norm)]
    yield from sorted(pairs, key=lambda pair: (-pair[0].rate, pair[0].number))


def _touching(mine: Layout, theirs: Layout) -> Iterator[tuple[Run, Run]]:
    """Stretches that overlap in time. Less than a second at their ends is none where a start may be rounded to it."""
    rounded = mine.whole_seconds or theirs.whole_seconds
    others = sorted(theirs.runs, key=lambda run: run.start_us)
    longest_us = max((run.duration_us for run in others), default=0)
    starts = np.array([run.start_us for run in others], np.int64)
    for run in mine.runs:
        begin = int(np.searchsorted(starts, run.start_us - longest_us, side="right"))
        end = int(np.searchsorted(starts, run.stop_us))
        for other in others[begin:end]:
            common_us = min(run.stop_us, other.stop_us) - max(run.start_us, other.start_us)
            at_an_end = common_us < min(run.duration_us, other.duration_us)
            if common_us > 0 and not (rounded and at_an_end and common_us < SECOND_US):
                yield run, other


class _Pair:
    """Two stretches that overlap."""

    def __init__(
        self,
        mine: Layout,
        theirs: Layout,
        run: Run,
        other: Run,
        *,
        tracks: Sequence[tuple[Track, Track]],
        objects: Objects,
    ) -> None:
        self._mine, self._theirs = mine, theirs
        self._run, self._other = run, other
        self._tracks = [pair for pair in tracks if self._comparable(*pair)]
        self._objects = objects
        self._known: dict[tuple[int, int | None], Part | None] = {}

    def shift_us(self, hint_us: int) -> int | None:
        """What to add to the times of the one to get the other's; None where no channel tells one.

        `hint_us`, that of a pair before, is taken where a channel agrees.
        """
        asked = 0
        for mine, theirs in self._tracks:
            try:
                found = self._shifts_of(mine, theirs)
            except UNREADABLE:
                continue
            if found is None:
                continue
            hinted = [shift_us for shift_us in found if shift_us == hint_us]
            for shift_us in dict.fromkeys([*hinted, *found]):
                part = self._judged((mine, theirs), shift_us)
                if part is not None and part.verdict == OverlapVerdict.EQUAL:
                    return shift_us
            if found:
                return found[0]
            asked += 1
            if asked == ASKED_FOR_A_SHIFT:
                break
        return None

    def _shifts_of(self, mine: Track, theirs: Track) -> list[int] | None:
        span = self._span(mine, theirs)
        readers = [self._reader(self._mine, mine), self._reader(self._theirs, theirs)]
        found = shifts(span, mine=readers[0], theirs=readers[1], rate=float(mine.rate)) if span.count > 0 else None
        return None if found is None else [round(shift * SECOND_US / mine.rate) for shift in found]

    def judge(self, shift_us: int | None) -> Callable[[tuple[Track, Track]], Part | None]:
        """What tells the verdict of a channel, in any thread; None where a shift leaves no common time."""

        def judged(pair: tuple[Track, Track]) -> Part | None:
            if not self._comparable(*pair):
                return self._part(pair, self._span(*pair), shift_us=0, verdict=OverlapVerdict.NOT_COMPARABLE)
            return self._judged(pair, shift_us)

        return judged

    def _judged(self, pair: tuple[Track, Track], shift_us: int | None) -> Part | None:
        known = (pair[0].number, shift_us)
        if known not in self._known:
            self._known[known] = self._compared(pair, shift_us)
        return self._known[known]

    def _compared(self, pair: tuple[Track, Track], shift_us: int | None) -> Part | None:
        """A shift that is no whole number of this channel's samples is tried either way."""
        span = self._span(*pair)
        around = Fraction(shift_us or 0) * pair[0].rate / SECOND_US
        best: Part | None = None
        for shift in dict.fromkeys([round(around), floor(around), ceil(around)]):
            moved = _moved(span, shift, mine_samples=self._run.records * pair[0].samples_per_record)
            if moved.count <= 0:
                continue
            verdict = _verdict(self._alike(pair, moved), told=shift_us is not None)
            part = self._part(pair, moved, shift_us=shift_us or 0, verdict=verdict)
            if verdict == OverlapVerdict.EQUAL:
                return part
            best = best or part
        return best

    def _alike(self, pair: tuple[Track, Track], span: Span) -> Alike:
        mine, theirs = self._reader(self._mine, pair[0]), self._reader(self._theirs, pair[1])
        at, block = span.first, FIRST_BLOCK_SAMPLES
        end = span.first + span.count
        seen: set[int] = set()
        try:
            while at < end:
                count = min(block, end - at)
                left = mine.read(self._run, first=at, count=count)
                right = theirs.read(self._other, first=at + span.offset, count=count)
                if not np.array_equal(left, right):
                    tells = min(len(seen.union(np.unique(side)[:2].tolist())) for side in (left, right)) > 1
                    return "different" if tells else "flat and different"
                if len(seen) < DISTINCT_MIN:
                    seen.update(np.unique(left)[:DISTINCT_MIN].tolist())
                at, block = at + count, BLOCK_SAMPLES
        except UNREADABLE:
            return "unreadable"
        return "equal" if len(seen) >= DISTINCT_MIN else "flat and equal"

    def _span(self, mine: Track, theirs: Track) -> Span:
        """What both hold by the clocks."""
        offset = round(Fraction(self._run.start_us - self._other.start_us) * mine.rate / SECOND_US)
        here, there = (
            run.records * track.samples_per_record for run, track in ((self._run, mine), (self._other, theirs))
        )
        first = max(0, -offset)
        return Span(
            mine=self._run,
            theirs=self._other,
            first=first,
            count=min(here, there - offset) - first,
            offset=offset,
            theirs_samples=there,
        )

    def _comparable(self, mine: Track, theirs: Track) -> bool:
        return (mine.rate, mine.scale, self._mine.dtype) == (theirs.rate, theirs.scale, self._theirs.dtype)

    def _reader(self, layout: Layout, track: Track) -> TrackReader:
        return TrackReader(self._objects, layout, track)

    def _part(self, pair: tuple[Track, Track], span: Span, *, shift_us: int, verdict: OverlapVerdict) -> Part:
        return Part(
            mine=pair[0],
            theirs=pair[1],
            span=span,
            first=span.first,
            count=span.count,
            offset=span.offset,
            shift_us=shift_us,
            verdict=verdict,
        )


def _moved(span: Span, shift: int, *, mine_samples: int) -> Span:
    """What both hold where theirs are so many samples further."""
    offset = span.offset + shift
    first = max(0, -offset)
    return replace(span, first=first, offset=offset, count=min(mine_samples, span.theirs_samples - offset) - first)


def _verdict(alike: Alike, *, told: bool) -> OverlapVerdict:
    """`told`: other channels have told how the two lie to each other; without that, flat ones tell nothing."""
    if alike == "equal" or (alike == "flat and equal" and told):
        return OverlapVerdict.EQUAL
    if alike == "different" or (alike == "flat and different" and told):
        return OverlapVerdict.DIFFERENT
    return OverlapVerdict.NOT_COMPARABLE
