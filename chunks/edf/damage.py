"""Signs that a file's bytes were changed after it was recorded: text editors, line ends, slipped fields.

Asked only where a file's size is not what its header says, since each of these changes the size, and an intact file
may hold any bytes. Each test is of evidence that recorded samples do not give by chance.
"""

import codecs
import re
from dataclasses import dataclass

import numpy as np

from chunks.edf.errors import EdfDamaged
from chunks.edf.fields import HEADER_BYTES, SIGNAL_FIELDS, split_signal_fields
from chunks.edf.source import Source

_SAMPLE_BYTES = 4 << 20
_TEXT_CHARACTERS = 32  # so many multi-byte characters in a row are no accident
_LINE_ENDS = 4  # so many line feeds, each with its carriage return, are no accident (256**-4)
_PAIRS_EXPECTED = 20.0
_INNER_BLANK = re.compile(rb" *[0-9.+-]+[ \0]+[0-9.+-]+[ \0]*")
_RESERVED = re.compile(rb" *|\0*|[!-~\x80-\xff][ -~\x80-\xff]*\0*")  # empty, or text that begins where its field does
_NUMERIC = ("physical_minimum", "physical_maximum", "digital_minimum", "digital_maximum", "samples_per_record")


@dataclass(frozen=True)
class Misfit:
    """How a file's size differs from what its header says."""

    excess_bytes: int | None  # negative where it is shorter; None where the header does not say how long it is
    leftover_bytes: int  # after the last whole data record
    sample_bytes: int


def check_signal_fields(signal_part: bytes, *, signals: int) -> None:
    """Refuse a header whose signal fields have slipped to the left, so that numbers straddle two fields.

    Raises:
        EdfDamaged: more than half of the signals show it.
    """
    rows = split_signal_fields(signal_part, signals=signals)
    straddling = sum(any(_INNER_BLANK.fullmatch(row[name]) for name in _NUMERIC) for row in rows)
    if straddling * 2 > signals:
        raise EdfDamaged(f"The header is shifted: in {straddling} of {signals} signals numbers straddle their fields.")


def check_data(source: Source, signal_part: bytes, *, signals: int, misfit: Misfit) -> None:
    """Look at the beginning of the data of a file whose size does not fit.

    Raises:
        EdfDamaged: the bytes were changed.
    """
    offset = HEADER_BYTES * (signals + 1)
    sample = source.read_up_to(_SAMPLE_BYTES, offset_bytes=offset)
    _check_left_slip(signal_part)
    _check_right_slip(signal_part, sample, signals=signals, misfit=misfit)
    _check_text(sample)
    complete = offset + len(sample) == source.size_bytes
    _check_added_returns(sample, excess_bytes=misfit.excess_bytes if complete else None)
    if misfit.excess_bytes is not None and misfit.excess_bytes < 0:
        _check_removed_returns(sample, sample_bytes=misfit.sample_bytes)


def _check_left_slip(signal_part: bytes) -> None:
    """A header that lost some bytes lets as many of the first sample into its last field, after that field's blanks."""
    if not _RESERVED.fullmatch(signal_part[-SIGNAL_FIELDS[-1].width :]):
        raise EdfDamaged("The header is shifted: samples stand in its last field, as after bytes of it were lost.")


def _check_right_slip(signal_part: bytes, sample: bytes, *, signals: int, misfit: Misfit) -> None:
    """A header that grew by some bytes pushes its last blanks into the data, and as many bytes over the file's end."""
    added = misfit.leftover_bytes
    if not added or not sample.startswith(b" " * added):
        return
    rows = split_signal_fields(signal_part, signals=signals)
    blanks = min(8 - len(row["samples_per_record"].lstrip(b" ")) for row in rows)
    if misfit.excess_bytes == added or added <= blanks:
        raise EdfDamaged(f"The header is shifted: later fields or the data stand {added} bytes too late.")


def _check_text(sample: bytes) -> None:
    """Bytes that were saved as UTF-8 text are valid UTF-8 throughout, which samples never are for long."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return
    if sum(character > "\x7f" for character in text[: 64 * 1024]) >= _TEXT_CHARACTERS:
        raise EdfDamaged("The samples were saved as text by an editor or a transfer (UTF-8): they cannot be restored.")


def _check_added_returns(sample: bytes, *, excess_bytes: int | None) -> None:
    feeds, pairs = sample.count(b"\n"), sample.count(b"\r\n")
    if not feeds or feeds != pairs:
        return
    is_longer = excess_bytes is None or excess_bytes > 0
    if is_longer and (feeds >= _LINE_ENDS or excess_bytes == pairs):
        raise EdfDamaged(
            "Line ends were translated (LF to CR LF), as a text-mode transfer does: copy the file again in binary."
        )


def _check_removed_returns(sample: bytes, *, sample_bytes: int) -> None:
    """Where CR LF became LF, no such pair is left, though many would be expected from how often each byte occurs."""
    if b"\r\n" in sample:
        return
    data = np.frombuffer(sample, dtype=np.uint8)
    expected = 0.0
    for place in range(sample_bytes):  # high and low bytes differ in what they usually are
        first, second = data[place:-1:sample_bytes], data[place + 1 :: sample_bytes]
        pairs = min(len(first), len(second))
        if pairs:
            expected += float(np.mean(first[:pairs] == 13) * np.mean(second[:pairs] == 10) * pairs)
    if expected >= _PAIRS_EXPECTED:
        raise EdfDamaged(
            "Line ends were translated (CR LF to LF), as a text-mode transfer does: copy the file again in binary."
        )
