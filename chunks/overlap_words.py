"""What is told of an overlap, in sentences for whoever works with the recording.

Owns: the words. They hold names of recordings, days, times and numbers of channels, never a label.
"""

from collections.abc import Iterator
from datetime import datetime

from chunks.document import Document
from chunks.format.clock import day_of
from chunks.models import OverlapVerdict, RecordingState

_NEXT = {
    RecordingState.DUPLICATE: "Searches, sums and bundles leave it out.",
    RecordingState.CONFLICT: "Searches leave both out until a data manager settles it on the recording's page.",
}


def told(document: Document) -> Iterator[str]:
    """A sentence for each overlap that was found when the recording was taken in, and what became of it."""
    for each in document.get("overlaps") or ():
        yield sentence(document["patient"], each)
    if next_step := _NEXT.get(document["state"]):
        yield f"It is {'a duplicate' if document['state'] == RecordingState.DUPLICATE else 'in conflict'}. {next_step}"


def sentence(patient: str, overlap: Document) -> str:
    """Of one entry of `overlaps`."""
    start, stop = (datetime.fromisoformat(overlap[end]) for end in ("start", "stop"))
    channels = len(overlap["channels"])
    held = f"{spell(patient, start)} to {spell(patient, stop)} is held by {overlap['earlier']} too"
    many = "1 channel" if channels == 1 else f"{channels} channels"
    verdict = {
        OverlapVerdict.EQUAL: f"the same samples in {many}",
        OverlapVerdict.DIFFERENT: f"other samples in {many}",
        OverlapVerdict.NOT_COMPARABLE: f"{many} that cannot be compared",
    }[OverlapVerdict(overlap["verdict"])]
    return f"{held}: {verdict}{shift_words(overlap['shift_us'])}."


def shift_words(shift_us: int) -> str:
    """How far the other's clock is off; empty where it is not."""
    return f", its clock {abs(shift_us) / 1e6:.6g} s {'later' if shift_us > 0 else 'earlier'}" if shift_us else ""


def spell(patient: str, moment: datetime) -> str:
    """`day 3 14:05:00`, with a fraction where there is one."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return f"day {day_of(patient, moment)} {moment.time().isoformat(timespec=precision)}"
