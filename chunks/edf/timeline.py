"""The stretches of a recording and the instants of its data records, from the time-keeping marks of the file.

What a gap is stands in `timekeeping`; here its results become values for others, and findings for people.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from chunks.edf.errors import EdfDamaged
from chunks.edf.findings import Findings
from chunks.edf.header import Header
from chunks.edf.layout import Layout
from chunks.edf.numerals import half_up_us, listed
from chunks.edf.records import Records
from chunks.edf.timekeeping import HEAD_BYTES, GapRule, Marks, Run, read_marks

_MANY_GAPS = 10  # from so many on, and in more than a tenth of all steps, the marks themselves are in doubt


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a recording without a gap."""

    first_record: int  # from 0
    records: int
    offset_us: int  # of its first record, after the recording's start; the first stretch's is 0
    backwards: bool  # it begins before the data in front of it end
    onset_s: Fraction  # of its first record, after the header's start time, exactly


@dataclass(frozen=True)
class Timeline:
    """When every data record of a recording began, in time after the header's start or after the recording's own."""

    record_duration_s: Fraction
    stretches: tuple[Stretch, ...]
    drift_us: int

    @property
    def start_us(self) -> int:
        """The recording's start, in microseconds after the header's start time."""
        return half_up_us(self.stretches[0].onset_s)

    def record_us(self, stretch: Stretch, *, record: int) -> int:
        """Give the instant at which a stretch's record (from 0, in the stretch) begins, after the recording's start.

        It is rounded once; `record` may be the number of the stretch's records, which gives the stretch's end.
        """
        return half_up_us(stretch.onset_s + record * self.record_duration_s) - self.start_us

    @property
    def end_us(self) -> int:
        """The end of the latest data, in microseconds after the recording's start."""
        return max(self.record_us(stretch, record=stretch.records) for stretch in self.stretches)


def read_timeline(records: Records, header: Header, layout: Layout, *, findings: Findings) -> Timeline:
    """Read the marks of all records; a recording without marks is one stretch from the header's start.

    Raises:
        EdfDamaged: from some record on no mark can be read, in a file whose size does not fit.
    """
    duration_s = Fraction(header.record_duration)
    rates = [signal.samples_per_record for signal in header.signals if not signal.is_annotations]
    keeper = next((signal for signal in header.signals if signal.is_annotations and signal.width_bytes), None)
    runs: tuple[Run, ...] = ()
    drift_us = 0
    if keeper is not None:
        heads = records.heads(offset_bytes=keeper.offset_bytes, size_bytes=min(HEAD_BYTES, keeper.width_bytes))
        has_time = bool(duration_s and any(rates))
        rule = GapRule(record_duration=duration_s, sample_period=duration_s / max(rates) if has_time else duration_s)
        # where no sample has a time there is nothing to cut, and only the start is of interest
        marks = read_marks(heads if has_time else islice(heads, 1), rule=rule)
        drift_us = half_up_us(marks.drift_s)
        runs = marks.runs
        _note_marks(marks, layout, findings=findings)
    runs = runs or (Run(0, Fraction(0)),)
    timeline = Timeline(duration_s, _stretches(runs, layout.records), drift_us)
    _note_gaps(timeline, header, findings=findings)
    return timeline


def _stretches(runs: tuple[Run, ...], records: int) -> tuple[Stretch, ...]:
    start_us = half_up_us(runs[0].onset_s)
    ends = [*(run.first_record for run in runs[1:]), records]
    return tuple(
        Stretch(
            first_record=run.first_record,
            records=end - run.first_record,
            offset_us=half_up_us(run.onset_s) - start_us,
            backwards=run.backwards,
            onset_s=run.onset_s,
        )
        for run, end in zip(runs, ends, strict=True)
    )


def _note_marks(marks: Marks, layout: Layout, *, findings: Findings) -> None:
    if marks.unreadable_at_end > 1 and not layout.fits:
        intact = layout.records - marks.unreadable_at_end
        raise EdfDamaged(f"From data record {intact} (from 0) on no time can be read: bytes were lost or added there.")
    if marks.missing:
        text = (
            f"{marks.missing} of {layout.records} data records have no time-keeping mark; they were taken to follow on."
        )
        findings.add("marks-missing", text)
    if marks.odd:
        findings.add("marks-odd", f"{marks.odd} time-keeping marks are not written as the specification has them.")
    if abs(marks.drift_s) > 1:
        text = f"The times of the data records drift from their number by {float(marks.drift_s):.3f} s in all."
        findings.add("drift", text)


def _note_gaps(timeline: Timeline, header: Header, *, findings: Findings) -> None:
    later = timeline.stretches[1:]
    if not later:
        if header.continuity == "D" and header.record_duration:
            findings.add("no-gaps-in-discontinuous-file", f"The file says {header.kind} and has no gap.")
        return
    steps = timeline.stretches[-1].first_record + timeline.stretches[-1].records - 1
    findings.add("gaps", f"{len(later)} gaps cut the recording into {len(later) + 1} stretches.")
    if header.continuity != "D":
        findings.add("gaps-in-continuous-file", f"The file says {header.kind} and has {len(later)} gaps.")
    if len(later) > _MANY_GAPS and len(later) * 10 > steps:
        text = f"{len(later)} of {steps} steps between data records are gaps: the marks may be too coarse to be true."
        findings.add("marks-coarse", text)
    if backwards := [stretch.first_record for stretch in later if stretch.backwards]:
        findings.add("steps-backwards", f"Time steps backwards at data records {listed(backwards)} (from 0).")
