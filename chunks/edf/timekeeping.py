"""When each data record began: time-keeping marks in, stretches without a gap out.

A gap is a step between two marks that differs from the record duration by more than one sample period of the fastest
ordinary signal plus one unit of the last decimal written in either onset, the unit being counted where it is at most a
tenth of the record duration. Steps are judged one by one, so slow drift is no gap. A step backwards ends a stretch too.
Inside a stretch record k begins at stretch onset + k * record duration, exactly; marks only begin stretches. Half a
sample, the usual rule, cuts good files thousands of times, because recorders round their onsets.

All arithmetic is of whole numbers and fractions. Memory does not grow with the records, only with the gaps.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from chunks.edf.tal import MARK, ODD_MARK

HEAD_BYTES = 48  # of a record's first list: longer than any mark

_EVENT = re.compile(rb"[+-][0-9]{1,10}[^\x14]{0,40}\x14")  # a list, though not a time-keeping one


@dataclass(frozen=True)
class GapRule:
    """What a step between two marks may be; durations in seconds, exactly."""

    record_duration: Fraction
    sample_period: Fraction

    def tolerance(self, decimals: int) -> Fraction:
        """Give by how much a step may differ where the finer onset has so many decimals."""
        unit = Fraction(1, 10**decimals)
        return self.sample_period + (unit if unit * 10 <= self.record_duration else 0)

    def steps_allowed(self, decimals: int) -> tuple[int, int]:
        """Give the least and the greatest step from one record to the next that is no gap, in 10**-decimals s."""
        tolerance, scale = self.tolerance(decimals), 10**decimals
        least = math.ceil((self.record_duration - tolerance) * scale)
        return least, math.floor((self.record_duration + tolerance) * scale)


@dataclass(frozen=True, slots=True)
class Run:
    """Records without a gap, from `first_record` to the next run; its onset counts from the header's start."""

    first_record: int
    onset_s: Fraction
    backwards: bool = False  # it begins before the run in front of it ends


@dataclass(frozen=True)
class Marks:
    """What the marks of all records say."""

    runs: tuple[Run, ...]  # empty where no record has a mark
    drift_s: Fraction  # by how much the marks of the runs' last records differ from onset + k * duration, summed
    odd: int  # marks that are readable, but not as the specification has them
    missing: int  # records without a mark
    unreadable_at_end: int  # records without one before which all was well and after which nothing is


def read_marks(heads: Iterable[bytes], *, rule: GapRule) -> Marks:
    """Read the marks of all records from the first `HEAD_BYTES` of each one's first annotation list."""
    return _Reader(rule).read(heads)


class _Reader:
    """Follows the marks from record to record; the last one read is (record, ticks, decimals), in 10**-decimals s."""

    def __init__(self, rule: GapRule) -> None:
        self._rule = rule
        self._allowed = cache(rule.steps_allowed)
        self._runs: list[Run] = []
        self._drift_s = Fraction(0)
        self._last_record, self._last_ticks, self._last_decimals = -1, 0, -1
        self._odd = self._missing = self._unreadable = 0

    def read(self, heads: Iterable[bytes]) -> Marks:
        match = MARK.match
        least, greatest = 0, -1
        for record, head in enumerate(heads):
            found = match(head) or self._odd_mark(head)
            if found is None:
                continue
            whole, fraction = found.groups()
            ticks = int(whole + fraction) if fraction else int(whole)
            decimals = len(fraction) if fraction else 0
            if decimals != self._last_decimals:
                least, greatest = 0, -1
            elif record == self._last_record + 1 and least <= ticks - self._last_ticks <= greatest:
                # nearly every record of nearly every file ends here
                self._last_record, self._last_ticks = record, ticks
                continue
            self._judge(record, ticks=ticks, decimals=decimals)
            least, greatest = self._allowed(decimals)
        if self._runs:
            self._end_run()
        return Marks(tuple(self._runs), self._drift_s, self._odd, self._missing, self._unreadable)

    def _odd_mark(self, head: bytes) -> re.Match[bytes] | None:
        found = ODD_MARK.match(head)
        if found is not None:
            self._odd += 1
            self._unreadable = 0
            return found
        self._missing += 1
        is_readable = not head.strip(b"\0") or _EVENT.match(head)
        self._unreadable = 0 if is_readable or not self._runs else self._unreadable + 1
        return None

    def _judge(self, record: int, *, ticks: int, decimals: int) -> None:
        """Take in a mark that is not plainly one record duration after the last one."""
        if not self._runs:
            self._runs.append(Run(0, Fraction(ticks, 10**decimals) - record * self._rule.record_duration))
        elif self._is_gap(record, ticks=ticks, decimals=decimals):
            onset_s = Fraction(ticks, 10**decimals)
            step_s = onset_s - Fraction(self._last_ticks, 10**self._last_decimals)
            expected_s = (record - self._last_record) * self._rule.record_duration
            self._end_run()
            self._runs.append(Run(record, onset_s, backwards=step_s < expected_s))
        self._last_record, self._last_ticks, self._last_decimals = record, ticks, decimals
        self._unreadable = 0

    def _is_gap(self, record: int, *, ticks: int, decimals: int) -> bool:
        finer = max(decimals, self._last_decimals)
        step = ticks * 10 ** (finer - decimals) - self._last_ticks * 10 ** (finer - self._last_decimals)
        if record == self._last_record + 1:
            least, greatest = self._allowed(finer)
            return not least <= step <= greatest
        expected_s = (record - self._last_record) * self._rule.record_duration
        return abs(Fraction(step, 10**finer) - expected_s) > self._rule.tolerance(finer)

    def _end_run(self) -> None:
        run = self._runs[-1]
        onset_s = Fraction(self._last_ticks, 10**self._last_decimals)
        expected_s = run.onset_s + (self._last_record - run.first_record) * self._rule.record_duration
        self._drift_s += onset_s - expected_s
