"""What is odd about the signals of a header that can nevertheless be read: limits, labels, times.

Nothing here changes what is read; each oddity becomes one finding that lists the signals by number.
"""

from collections import Counter

from chunks.edf.findings import Findings
from chunks.edf.header import Header, Signal
from chunks.edf.numerals import parse_decimal, signals_listed


def note_signals(header: Header, *, findings: Findings) -> None:
    """Add what is odd about the signals: their limits, labels and times."""
    ordinary = [signal for signal in header.signals if not signal.is_annotations]
    empty = [signal.number for signal in ordinary if not signal.samples_per_record]
    if empty:
        findings.add("empty-signals", f"There are no samples, and nothing is taken, of {signals_listed(empty)}.")
    if not header.record_duration and len(ordinary) > len(empty):
        untimed = [signal.number for signal in ordinary if signal.samples_per_record]
        text = f"The record duration is 0: no sample has a time, and none is taken, of {signals_listed(untimed)}."
        findings.add("untimed-signals", text)
    if not ordinary:
        findings.add("annotations-only", "The file holds annotations and no ordinary signal.")
    _note_labels(header, ordinary, findings=findings)
    _note_limits(ordinary, findings=findings)


def _note_labels(header: Header, ordinary: list[Signal], *, findings: Findings) -> None:
    if unlabelled := [signal.number for signal in ordinary if not signal.label]:
        findings.add("empty-labels", f"There is no label on {signals_listed(unlabelled)}.")
    times = Counter(signal.label for signal in ordinary)
    if twins := [signal.number for signal in ordinary if signal.label and times[signal.label] > 1]:
        findings.add("duplicate-labels", f"Labels are shared by {signals_listed(twins)}.")
    has_annotations = len(ordinary) < len(header.signals)
    if header.continuity and not has_annotations:
        findings.add("no-annotation-signal", f"The file says {header.kind} and has no annotation signal.")
    if has_annotations and not header.continuity:
        findings.add("annotations-in-plain-file", "The file does not say EDF+ or BDF+ but has annotations.")


def _note_limits(ordinary: list[Signal], *, findings: Findings) -> None:
    unreadable, comma, equal, inverted = [], [], [], []
    for signal in ordinary:
        low, high, digital_low, digital_high = (parse_decimal(text) for text in signal.limits)
        if any("," in text for text in signal.limits):
            comma.append(signal.number)
        if low is None or high is None or digital_low is None or digital_high is None:
            unreadable.append(signal.number)
        elif low == high or digital_low == digital_high:
            equal.append(signal.number)
        elif digital_low > digital_high:
            inverted.append(signal.number)
    for code, what, numbers in (
        ("limits-unreadable", "Limits are blank or no numbers, so there is no scale", unreadable),
        ("comma-decimal", "Limits have commas, which are read as dots", comma),
        ("limits-equal", "Minimum and maximum are equal, so there is no scale", equal),
        ("digital-limits-inverted", "Digital limits are upside down", inverted),
    ):
        if numbers:
            findings.add(code, f"{what}, in {signals_listed(numbers)}.")
