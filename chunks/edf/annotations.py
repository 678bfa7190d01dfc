"""The events of a recording: all texts of all its annotation signals, one after the other, in the file's order.

Memory does not grow with the file, nor with a signal's width: lists are read a mebibyte at a time. Texts are UTF-8,
else Latin-1, judged for each text. What could not be read is counted and told at the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chunks.edf.errors import SpecDeviation
from chunks.edf.findings import Finding
from chunks.edf.header import Signal
from chunks.edf.records import Records
from chunks.edf.tal import LIST_END, Tal, TalEvent, parse_tal

_LONGEST_LIST_BYTES = 1 << 20
_NO_LIST = b"?"  # stands for the beginning of a list without end, so that the whole is counted once as malformed
_CHANNEL_SEPARATOR = "@@"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One event; `onset_us` counts from the header's start time, `record` is where it stands, from 0."""

    onset_us: int
    duration_us: int | None
    text: str
    signal: str | None  # the label of the signal it is about, where its text ended in `@@label`
    record: int
    encoding: Literal["utf-8", "latin-1"]


class AnnotationReader:
    """Reads the events once; `findings` are complete when the last event has been given."""

    def __init__(self, records: Records, *, count: int, signals: Sequence[Signal], labels: frozenset[str]) -> None:
        self._records = records
        self._count = count
        self._signals = signals
        self._labels = labels
        self._malformed = self._latin_1 = self._run_together = self._dropped = 0

    def read(self, *, strict: bool) -> Iterator[Annotation]:
        """Give every event.

        Raises:
            SpecDeviation: `strict` is set and a list is not as the specification has it.
        """
        for record in range(self._count):
            for signal in self._signals:
                for piece in self._lists(record, signal):
                    for event in self._events(piece):
                        yield self._annotation(event, record=record)
                    if strict and (deviations := [finding for finding in self.findings if finding.deviates]):
                        raise SpecDeviation(f"Refused by strict reading: {deviations[0].message}")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was odd about the lists read so far."""
        counts = {
            "malformed-annotations": (self._malformed, "annotation lists are malformed; what can be read was kept."),
            "annotations-latin-1": (self._latin_1, "annotation texts are not UTF-8 and were read as Latin-1."),
            "annotation-lists-run-together": (
                self._run_together,
                "annotation lists follow another without a NUL (as Nihon Kohden writes them) and were told apart.",
            ),
            "onset-texts-dropped": (self._dropped, "annotation texts were nothing but an onset and were left out."),
        }
        return tuple(Finding(code, f"{count} {text}") for code, (count, text) in counts.items() if count)

    def _lists(self, record: int, signal: Signal) -> Iterator[bytes]:
        """Give the lists of one signal in one record, without their closing NULs."""
        rest = b""
        pieces = self._records.pieces(record, offset_bytes=signal.offset_bytes, width_bytes=signal.width_bytes)
        for piece in pieces:
            *lists, rest = (rest + piece).split(LIST_END)
            yield from (found for found in lists if found)
            if len(rest) > _LONGEST_LIST_BYTES:
                rest = _NO_LIST
        if rest:
            yield rest

    def _events(self, piece: bytes) -> tuple[TalEvent, ...]:
        tal = parse_tal(piece) or Tal(events=(), is_whole=False)
        self._malformed += not tal.is_whole
        self._run_together += tal.lists_run_together
        self._dropped += tal.onset_texts_dropped
        return tal.events

    def _annotation(self, event: TalEvent, *, record: int) -> Annotation:
        encoding: Literal["utf-8", "latin-1"] = "utf-8"
        try:
            text = event.text.decode("utf-8")
        except UnicodeDecodeError:
            text, encoding = event.text.decode("latin-1"), "latin-1"
            self._latin_1 += 1
        before, separator, label = text.rpartition(_CHANNEL_SEPARATOR)
        is_about = bool(separator) and label.strip() in self._labels
        return Annotation(
            onset_us=event.onset_us,
            duration_us=event.duration_us,
            text=before if is_about else text,
            signal=label.strip() if is_about else None,
            record=record,
            encoding=encoding,
        )
