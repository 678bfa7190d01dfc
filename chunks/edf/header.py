"""What an EDF header says, as values: the file's part and one `Signal` for each of its signals.

Texts stay as written (blanks and NULs stripped at both ends), so that they can be stored and written again without a
digit lost. How these values come out of bytes is `header_reader`'s to know.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from chunks.edf.fields import HEADER_BYTES
from chunks.edf.identity import Identity, RecordingField
from chunks.edf.numerals import parse_decimal

Encoding = Literal["ascii", "utf-8", "latin-1"]


@dataclass(frozen=True)
class Scale:
    """How digital values become physical ones: value * gain + offset, exactly."""

    gain: Fraction
    offset: Fraction


@dataclass(frozen=True)
class Signal:
    """One signal of the header; `number` counts every signal from 1, annotation signals too."""

    number: int
    label: str
    transducer: str
    unit: str
    physical_minimum: str
    physical_maximum: str
    digital_minimum: str
    digital_maximum: str
    prefilter: str
    reserved: str
    samples_per_record: int
    record_duration: Decimal
    offset_bytes: int  # of its samples in a data record
    width_bytes: int  # of its samples in a data record
    is_annotations: bool
    raw: Mapping[str, bytes] = field(hash=False)  # those fields that are not ASCII, as they stand in the file

    @property
    def sfreq(self) -> Fraction | None:
        """Samples per second, exactly; None where the record duration is 0 and samples have no time."""
        if not self.record_duration:
            return None
        return self.samples_per_record / Fraction(self.record_duration)

    @property
    def scale(self) -> Scale | None:
        """The scale of the samples, also a negative one; None where the limits are equal or no numbers."""
        limits = [parse_decimal(text) for text in self.limits]
        if None in limits:
            return None
        low, high, digital_low, digital_high = (Fraction(limit) for limit in limits if limit is not None)
        if low == high or digital_low == digital_high:
            return None
        gain = (high - low) / (digital_high - digital_low)
        return Scale(gain=gain, offset=low - digital_low * gain)

    @property
    def limits(self) -> tuple[str, str, str, str]:
        """Physical minimum and maximum, digital minimum and maximum, as written."""
        return self.physical_minimum, self.physical_maximum, self.digital_minimum, self.digital_maximum


@dataclass(frozen=True)
class Header:
    """The header of a file; real dates and names do not show in its `repr`."""

    version: bytes
    identity: Identity
    recording: RecordingField
    start: dt.datetime | None = field(repr=False)  # naive, whole seconds; None where it is missing or impossible
    start_source: Literal["header", "startdate field"]
    header_bytes: int | None  # as written, None where it is no number
    reserved: str
    records_expected: int | None  # as written, None where it is no number
    record_duration: Decimal
    record_duration_text: str
    signals: tuple[Signal, ...]
    sample_bytes: Literal[2, 3]
    encoding: Encoding  # the widest that any field needs

    @property
    def family(self) -> Literal["EDF", "BDF"]:
        return "BDF" if self.sample_bytes == 3 else "EDF"

    @property
    def continuity(self) -> Literal["", "C", "D"]:
        """What the reserved field says: `C` for EDF+C and BDF+C, `D` for EDF+D and BDF+D, else nothing."""
        said = self.reserved[:5].upper()
        return "C" if said in ("EDF+C", "BDF+C") else "D" if said in ("EDF+D", "BDF+D") else ""

    @property
    def kind(self) -> str:
        """EDF, EDF+C, EDF+D, BDF, BDF+C or BDF+D."""
        return f"{self.family}+{self.continuity}" if self.continuity else self.family

    @property
    def record_bytes(self) -> int:
        return sum(signal.width_bytes for signal in self.signals)

    @property
    def bytes_expected(self) -> int:
        """The bytes a header of so many signals takes, whatever its own field says."""
        return HEADER_BYTES * (len(self.signals) + 1)
