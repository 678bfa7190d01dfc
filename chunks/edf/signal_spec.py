"""What has to be said of a signal to write it, and its 256 bytes of header."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Self

from chunks.edf.errors import NotWritable
from chunks.edf.fields import SIGNAL_FIELDS, encode
from chunks.edf.header import Signal
from chunks.edf.numerals import format_number, parse_decimal

_DIGITAL_RANGE = {2: (-(1 << 15), (1 << 15) - 1), 3: (-(1 << 23), (1 << 23) - 1)}
_ANNOTATION_LABELS = {2: "EDF Annotations", 3: "BDF Annotations"}

Number = int | Decimal | str


@dataclass(frozen=True)
class SignalSpec:
    """An ordinary signal to be written. Limits are numbers, or texts that are written as they are.

    Digital limits that are not given are the whole range of the format.
    """

    label: str
    samples_per_record: int
    physical_minimum: Number
    physical_maximum: Number
    digital_minimum: Number | None = None
    digital_maximum: Number | None = None
    unit: str = "uV"
    transducer: str = ""
    prefilter: str = ""
    reserved: str = ""
    is_copy: bool = field(default=False, kw_only=True)  # of another file's header: its limits are not judged

    @classmethod
    def copy_of(cls, signal: Signal) -> Self:
        """Describe a signal that was read, with every text as its file had it."""
        return cls(
            label=signal.label,
            samples_per_record=signal.samples_per_record,
            physical_minimum=signal.physical_minimum,
            physical_maximum=signal.physical_maximum,
            digital_minimum=signal.digital_minimum,
            digital_maximum=signal.digital_maximum,
            unit=signal.unit,
            transducer=signal.transducer,
            prefilter=signal.prefilter,
            reserved=signal.reserved,
            is_copy=True,
        )

    @staticmethod
    def for_annotations(samples_per_record: int, *, sample_bytes: Literal[2, 3]) -> dict[str, bytes]:
        """Give the header of the annotation signal."""
        spec = SignalSpec("", samples_per_record, -1, 1, unit="")
        return spec._encode(_ANNOTATION_LABELS[sample_bytes], sample_bytes=sample_bytes)

    def encode(self, *, sample_bytes: Literal[2, 3]) -> dict[str, bytes]:
        """Give the header of the signal, field by field.

        Raises:
            NotWritable: the specification does not allow it.
        """
        if self.label.lower() in (label.lower() for label in _ANNOTATION_LABELS.values()):
            raise NotWritable("An ordinary signal cannot have the label of an annotation signal.")
        if self.samples_per_record < 1:
            raise NotWritable("A signal needs at least one sample in a data record.")
        return self._encode(self.label, sample_bytes=sample_bytes)

    def _encode(self, label: str, *, sample_bytes: Literal[2, 3]) -> dict[str, bytes]:
        lowest, highest = _DIGITAL_RANGE[sample_bytes]
        limits = {
            "physical_minimum": self.physical_minimum,
            "physical_maximum": self.physical_maximum,
            "digital_minimum": lowest if self.digital_minimum is None else self.digital_minimum,
            "digital_maximum": highest if self.digital_maximum is None else self.digital_maximum,
        }
        texts = {name: value if isinstance(value, str) else format_number(value) for name, value in limits.items()}
        if not self.is_copy:
            _check_limits(texts, sample_bytes=sample_bytes)
        texts |= {"label": label, "transducer": self.transducer, "unit": self.unit, "prefilter": self.prefilter}
        texts |= {"samples_per_record": format_number(self.samples_per_record), "reserved": self.reserved}
        return {known.name: encode(texts[known.name], field=known) for known in SIGNAL_FIELDS}


def _check_limits(texts: dict[str, str], *, sample_bytes: Literal[2, 3]) -> None:
    low, high, digital_low, digital_high = (parse_decimal(text) for text in texts.values())
    if low is None or high is None or digital_low is None or digital_high is None:
        raise NotWritable("A limit of a signal is no number.")
    lowest, highest = _DIGITAL_RANGE[sample_bytes]
    if low == high or not lowest <= digital_low < digital_high <= highest:
        raise NotWritable(
            f"Limits of a signal: the physical ones differ, the digital ones rise within {lowest} to {highest}."
        )
