"""EDF+'s time-stamped annotation lists (TALs), both ways: `+onset[\\x15duration]\\x14text\\x14text\\x14\\x00`.

Source: edfplus.info/specs/edfplus.html 2.2.2. Onsets and durations leave here as whole microseconds or as exact
digits, never as floats. Texts leave as bytes, since their encoding is another matter.

Nihon Kohden leaves out the NUL after a record's time-keeping mark. A text that is itself an onset therefore opens a new
list: in `+1.000000||+1.140000|A1+A2 OFF|` (byte 20 shown as `|`) the event is at 1.14 s, as the maker's own file says.
Where such a text has no text after it, the file was saved again by a reader that did not know, and it is dropped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chunks.edf.errors import NotWritable

TEXT_END, DURATION_BEGIN, LIST_END = b"\x14", b"\x15", b"\0"

# A data record's first list, as the specification has it: an onset and one empty text. Groups: whole, fraction.
MARK = re.compile(rb"([+-][0-9]{1,10})(?:\.([0-9]{1,20}))?\x14\x14")
# The same as careless writers have it: a comma, a duration, no text at all. A sign that is missing, or bytes in front,
# are not forgiven: they are what a byte lost or added in the data looks like.
ODD_MARK = re.compile(rb"([+-][0-9]{1,10})(?:[.,]([0-9]{0,20}))?(?:\x15[0-9.]*)?\x14[\x14\0]")

_LIST = re.compile(rb"([+-]?[0-9]{1,10})(?:[.,]([0-9]{0,20}))?(?:\x15([^\x14\x15]*))?\x14")
_ONSET_TEXT = re.compile(rb"([+-][0-9]{1,10})(?:\.([0-9]{1,20}))?(?:\x15([^\x14\x15]*))?")
_DURATION = re.compile(rb"\+?([0-9]{1,10})(?:[.,]([0-9]{0,20}))?")
_FORBIDDEN = re.compile("[\0\x14\x15]")


@dataclass(frozen=True, slots=True)
class TalEvent:
    """One text of a list; the onset counts from the header's start time."""

    onset_us: int
    duration_us: int | None
    text: bytes


@dataclass(frozen=True, slots=True)
class Tal:
    """What one list holds (empty texts left out), and what was odd about it."""

    events: tuple[TalEvent, ...]
    lists_run_together: int = 0
    onset_texts_dropped: int = 0
    is_whole: bool = True  # False where its end or its duration is missing or unreadable


def onset_us(whole: bytes, fraction: bytes | None) -> int:
    """Give `+12` and `345` as microseconds, halves rounded towards plus infinity."""
    fraction = fraction or b""
    scale: int = 10 ** len(fraction)
    return (int(whole + fraction) * 2_000_000 + scale) // (2 * scale)


def parse_tal(piece: bytes) -> Tal | None:
    """Read one list, given without its closing NUL; None where it does not begin with an onset."""
    found = _LIST.match(piece)
    if found is None:
        return None
    texts = piece[found.end() :].split(TEXT_END)
    is_whole = texts[-1] == b""  # every text, also the last, ends with byte 20
    onset, (duration, is_readable) = onset_us(found[1], found[2]), _duration_us(found[3])
    is_whole = is_whole and is_readable
    events: list[TalEvent] = []
    run_together = dropped = 0
    opened = False
    for text in texts:
        if again := _ONSET_TEXT.fullmatch(text):
            dropped += opened
            onset, (duration, is_readable) = onset_us(again[1], again[2]), _duration_us(again[3])
            is_whole, opened = is_whole and is_readable, True
        elif text:
            run_together += opened
            opened = False
            events.append(TalEvent(onset_us=onset, duration_us=duration, text=text))
    return Tal(tuple(events), run_together, dropped + opened, is_whole)


def format_tal(onset: Decimal, texts: Sequence[str], *, duration: Decimal | None = None) -> bytes:
    """Write one list with its closing NUL; digits are written as the decimals hold them. `[""]` makes a mark.

    Raises:
        NotWritable: a number is not finite, a duration negative, or a text holds a byte the format uses itself.
    """
    if not onset.is_finite() or (duration is not None and not (duration.is_finite() and duration >= 0)):
        raise NotWritable("An annotation needs a finite onset and a duration of at least 0.")
    if any(_FORBIDDEN.search(text) for text in texts):
        raise NotWritable("An annotation's text holds one of the bytes 0, 20 and 21, which end texts and lists.")
    head = f"{onset:+f}".encode()
    if duration is not None:
        head += DURATION_BEGIN + f"{duration:f}".encode()
    return head + TEXT_END + b"".join(text.encode() + TEXT_END for text in texts) + LIST_END


def _duration_us(text: bytes | None) -> tuple[int | None, bool]:
    if text is None:
        return None, True
    found = _DURATION.fullmatch(text)
    return (onset_us(found[1], found[2]), True) if found else (None, False)
