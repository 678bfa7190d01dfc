"""Puts annotations into the annotation signal of data records that are being written, beside the reader of them.

Each record begins with its time-keeping mark. An event goes into the first record that ends after its onset, or into a
later one where that is full; it is never cut.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chunks.edf.errors import NotWritable
from chunks.edf.tal import format_tal

_MARK_BYTES = len("+99999999.0000000") + 3  # the longest that eight characters of record duration can lead to


@dataclass(frozen=True)
class AnnotationSpec:
    """An event to be written; the onset counts from the header's whole second, `signal` is a label it is about."""

    onset: Decimal
    text: str
    duration: Decimal | None = None
    signal: str | None = None

    def encode(self) -> bytes:
        """Give the event as a list of its own.

        Raises:
            NotWritable: the format cannot say it.
        """
        text = self.text if self.signal is None else f"{self.text}@@{self.signal}"
        if not text:
            raise NotWritable("An annotation without a text would be a time-keeping mark.")
        return format_tal(self.onset, [text], duration=self.duration)


class Packer:
    """Gives the bytes of one record's annotation signal after the other; `width_bytes` of each."""

    def __init__(self, annotations: Iterable[AnnotationSpec], *, width_bytes: int) -> None:
        events = sorted(annotations, key=lambda annotation: annotation.onset)
        self._waiting = [(event.onset, event.encode()) for event in reversed(events)]
        self._width_bytes = width_bytes

    def pack(self, onset: Decimal, *, end: Decimal | None) -> bytes:
        """Give a record's mark and the events that are due before `end` and fit; without an end all that are left.

        Raises:
            NotWritable: something does not fit.
        """
        packed = format_tal(onset, [""])
        while self._waiting and (end is None or self._waiting[-1][0] < end):
            if len(packed) + len(self._waiting[-1][1]) > self._width_bytes:
                break
            packed += self._waiting.pop()[1]
        if len(packed) > self._width_bytes or (end is None and self._waiting):
            raise NotWritable(
                f"{len(self._waiting)} annotations do not fit into {self._width_bytes} bytes of the last data record: "
                "they are later than the data, or their signal needs more samples."
            )
        return packed.ljust(self._width_bytes, b"\0")


def width_needed(annotations: Iterable[AnnotationSpec], *, onsets: Sequence[Decimal], record_duration: Decimal) -> int:
    """Give the bytes an annotation signal needs so that each record takes the events that are due in it.

    `onsets` are those of the records where they are known beforehand, else empty: then one record follows on another,
    and how many there are is not known.
    """
    needed: dict[int, int] = {}
    place = 0
    for event in sorted(annotations, key=lambda annotation: annotation.onset):
        if onsets:
            while place < len(onsets) - 1 and event.onset >= onsets[place] + record_duration:
                place += 1
        elif record_duration:
            place = max(0, int(event.onset // record_duration))
        needed[place] = needed.get(place, 0) + len(event.encode())
    mark_bytes = max((len(format_tal(onset, [""])) for onset in onsets), default=_MARK_BYTES)
    return mark_bytes + max(needed.values(), default=0)
