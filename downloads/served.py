"""Which sessions a chunk serves: those whose window, padding counted, it overlaps on its recording's own clock.

Owns: that link, as the manifest and the answer of a search have it.
"""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime

from chunks.format.clock import since_day_zero_us
from chunks.models import ChunkHeader, Recording
from selections.resolve import Resolved
from selections.task_stay import asked_windows


class Served:
    """The sessions of one recording in an answer, by their file names."""

    def __init__(self, resolved: Resolved, recording: Recording) -> None:
        self._patient = recording.patient
        of = resolved.joined.get(recording.patient)
        place = recording.bucket, recording.name
        self._windows = asked_windows(of, resolved.selection, place=place) if of else ()
        self._starts = [window.start_us for window, _ in self._windows]
        # All channels of a recording are cut at the same instants.
        self._known: dict[tuple[datetime, datetime], tuple[str, ...]] = {}

    @property
    def all(self) -> tuple[str, ...]:
        """Those that the recording serves."""
        return _sorted(name for _, name in self._windows)

    def by(self, chunk: ChunkHeader) -> tuple[str, ...]:
        """Those that the chunk serves."""
        if not self._windows:
            return ()
        time = chunk.start, chunk.stop
        if time not in self._known:
            self._known[time] = self._within(*(since_day_zero_us(self._patient, moment) for moment in time))
        return self._known[time]

    def _within(self, start_us: int, stop_us: int) -> tuple[str, ...]:
        begun = self._windows[: bisect_left(self._starts, stop_us)]
        return _sorted(name for window, name in begun if window.stop_us > start_us)


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
