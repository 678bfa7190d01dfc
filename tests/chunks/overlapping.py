"""One patient's signals over days, and files that hold pieces of them: what a clinic's exports are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import Kind, write_edf
from tests.chunks.made import Channel

MONTAGE = (Channel("LTG1", 100), Channel("LTG2", 100), Channel("SpO2", 1))


@dataclass(frozen=True)
class Signals:
    """What was to be recorded from `began` on; each second of each channel comes from the seed alone."""

    began: datetime
    channels: Sequence[Channel] = MONTAGE
    seed: int = 0
    flat: frozenset[str] = frozenset()

    def second(self, number: int, channel: Channel) -> np.ndarray:
        if channel.label in self.flat:
            return np.zeros(channel.samples_per_record, np.int16)
        name = sum(map(ord, channel.label))
        rng = np.random.default_rng([self.seed, name, number])
        return rng.integers(-30000, 30000, channel.samples_per_record).astype(np.int16)

    def write(
        self,
        path: Path,
        *,
        after_s: int = 0,
        seconds: int = 60,
        clock_off: timedelta = timedelta(),
        kind: Kind = "EDF+C",
        channels: Sequence[Channel] | None = None,
        limit: int = 3200,
        wrong_second: int | None = None,
        patient: str | None = None,
        record_s: int = 1,
        onsets: Sequence[Decimal] | None = None,
        seconds_at: Sequence[int] | None = None,
    ) -> Path:
        """A file of the seconds from `after_s` on, its start written with a clock that is off.

        `wrong_second`: one that has other samples in the first channel. `seconds_at`: which seconds, where not those.
        """
        taken = list(channels or self.channels)
        numbers = list(seconds_at or range(after_s, after_s + seconds))

        def records() -> Iterator[list[np.ndarray]]:
            for begin in range(0, len(numbers) - len(numbers) % record_s, record_s):
                group = numbers[begin : begin + record_s]
                record = [np.concatenate([self.second(number, each) for number in group]) for each in taken]
                if wrong_second in group:
                    record[0] = record[0][::-1].copy()
                yield record

        write_edf(
            path,
            kind=kind,
            signals=[SignalSpec(each.label, each.samples_per_record * record_s, -limit, limit) for each in taken],
            records=records(),
            record_duration=Decimal(record_s),
            start=self.began + timedelta(seconds=numbers[0]) + clock_off,
            onsets=onsets,
            patient=patient,
        )
        return path
