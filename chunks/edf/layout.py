"""Where the data records of a file stand and how many there are, and what speaks against it.

The number of signals is trusted, the header's own size field is not; the file's size is compared with everything.
A file whose size does not fit is first looked at for damage, and only then taken for cut off or too long.
"""

import re
from dataclasses import dataclass

from chunks.edf.damage import Misfit, check_data
from chunks.edf.errors import EdfDamaged, EdfTruncated, NoData
from chunks.edf.fields import HEADER_BYTES
from chunks.edf.findings import Findings
from chunks.edf.header import Header
from chunks.edf.source import Source
from chunks.edf.tal import MARK, ODD_MARK

_MARK_BYTES = 48
_FARTHEST_SHIFT_BYTES = 16
_RECOMMENDED_RECORD_BYTES = 61_440  # edfplus.info/specs/edf.html, "duration of a data record"


@dataclass(frozen=True)
class Layout:
    """The data of a file: `records` blocks of `record_bytes`, one after the other."""

    data_offset_bytes: int
    record_bytes: int
    records: int
    truncated: bool  # shorter than the header says
    fits: bool  # the size is exactly what the header says


def find_layout(source: Source, header: Header, *, findings: Findings, accept_truncated: bool) -> Layout:
    """Find the data records.

    Raises:
        NoData: there is none.
        EdfDamaged: the bytes were changed, or two places for the data are equally likely.
        EdfTruncated: there are fewer than announced and `accept_truncated` is not set.
    """
    record_bytes = header.record_bytes
    if not record_bytes:
        raise NoData("The header announces no samples in any signal.")
    offset = _find_offset(source, header, findings=findings)
    available, leftover = divmod(source.size_bytes - offset, record_bytes)
    expected = header.records_expected
    if not available and not leftover:
        raise NoData("The file is a header without data.")
    excess = source.size_bytes - offset - expected * record_bytes if expected and expected > 0 else None
    if excess != 0:
        _check_damage(source, header, misfit=Misfit(excess, leftover, header.sample_bytes), offset=offset)
    if excess is not None and excess < 0:
        _note_truncation(header, available=available, findings=findings, accept_truncated=accept_truncated)
    if not available:
        raise NoData("The file ends within its first data record.")
    records = _count(header, available=available, leftover=leftover, excess=excess, findings=findings)
    if record_bytes > _RECOMMENDED_RECORD_BYTES:
        text = f"A data record has {record_bytes:,} bytes, more than the {_RECOMMENDED_RECORD_BYTES:,} recommended."
        findings.add("large-records", text)
    truncated = excess is not None and excess < 0
    return Layout(offset, record_bytes, records, truncated=truncated, fits=excess == 0)


def _note_truncation(header: Header, *, available: int, findings: Findings, accept_truncated: bool) -> None:
    text = f"The file holds {available} whole data records of the {header.records_expected} its header announces"
    if not accept_truncated:
        raise EdfTruncated(f"{text}: it was cut off, or its copy is still under way.")
    findings.add("truncated", f"{text}; those were read.")


def _count(header: Header, *, available: int, leftover: int, excess: int | None, findings: Findings) -> int:
    expected = header.records_expected
    if excess is None or expected is None:
        said = "no number" if expected is None else str(expected)
        text = f"The header says {said} where the number of data records belongs; the file's size makes it {available}."
        findings.add("records-counted", text)
        if leftover:
            text = f"After the last whole data record come {leftover} bytes of one never finished; they are left out."
            findings.add("partial-last-record", text)
        return available
    if excess > 0:
        more = available - expected
        text = f"The file is {excess} bytes longer than its header says ({more} whole data records); they are left out."
        findings.add("longer-than-header", text)
    return min(available, expected)


def _find_offset(source: Source, header: Header, *, findings: Findings) -> int:
    expected, written = header.bytes_expected, header.header_bytes
    if written == expected:
        return expected
    said = "no number" if written is None else f"{written} bytes"
    text = f"The header says {said} where its own size belongs; {len(header.signals)} signals make {expected} bytes."
    if written is None or not expected < written < source.size_bytes:
        findings.add("header-size", text)
        return expected
    marked = [offset for offset in (expected, written) if _has_marks(source, header, offset=offset, form=ODD_MARK)]
    fitting = [offset for offset in (expected, written) if _fits(source, header, offset=offset)]
    for likely in (marked, fitting):
        if len(likely) == 1:
            findings.add("header-size", f"{text} The data were found after {likely[0]} bytes.")
            return likely[0]
    raise EdfDamaged(f"{text} Nothing in the file tells which of the two is right.")


def _fits(source: Source, header: Header, *, offset: int) -> bool:
    records, leftover = divmod(source.size_bytes - offset, header.record_bytes)
    expected = header.records_expected
    return not leftover and (records == expected or expected is None or expected <= 0)


def _has_marks(source: Source, header: Header, *, offset: int, form: re.Pattern[bytes]) -> bool:
    """Tell whether the first data records, if they began at `offset`, would have time-keeping marks."""
    place = next((signal.offset_bytes for signal in header.signals if signal.is_annotations), None)
    if place is None or offset + place < HEADER_BYTES:
        return False
    found = []
    for record in range(2):
        start = offset + place + record * header.record_bytes
        head = source.read_up_to(_MARK_BYTES, offset_bytes=start)
        if head or not record:
            found.append(form.match(head) is not None)
    return all(found)


def _check_damage(source: Source, header: Header, *, misfit: Misfit, offset: int) -> None:
    signals = len(header.signals)
    signal_part = source.read(HEADER_BYTES * signals, offset_bytes=HEADER_BYTES)
    check_data(source, signal_part, signals=signals, misfit=misfit)
    if _has_marks(source, header, offset=offset, form=MARK):
        return
    for distance in range(1, _FARTHEST_SHIFT_BYTES + 1):
        for shift in (distance, -distance):
            if _has_marks(source, header, offset=offset + shift, form=MARK):
                where = "late" if shift > 0 else "early"
                raise EdfDamaged(f"The data are shifted: they begin {distance} bytes too {where}.")
