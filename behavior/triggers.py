"""Codes that a task shows to a photodiode, read from its channel.

Owns: the layouts of a code, and what is believed: polarity and layout are those in which most codes are known ones, and
a channel whose flashes are mostly something else is refused. A task draws a bright start bit, eight bits and a stop
bit, one frame of the monitor each. Two habits are met: lowest bit first with a dark stop bit (as serial lines do), and
highest bit first with a bright stop bit (as PsychoPy tasks that write the number in binary do); all four mixtures are
read. Codes are never patched: a frame that reads as no code, or with a wrong stop bit, counts as unreadable. NumPy
alone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from behavior.alignment_errors import ChannelUnfit, CodesMissing
from behavior.frames import BITS, Flash, find_flashes
from behavior.pieces import Block, Piece, blocks

BIT_S = 1 / 60
# Story or film start, question, response, timeout, question in faces.
KNOWN_CODES = frozenset({1, 2, 4, 5, 16, 32, 170})
MIN_SAMPLES_A_BIT = 3
# Seconds of a block, and of what is seen around it; longer where bits are.
_BLOCK_S, _BLOCK_BITS = 60.0, 3600
_AROUND_S, _AROUND_BITS = 2.0, 120
# Flashes count against a channel where they are at least this part of a code's contrast.
_AS_BRIGHT = 0.5
# A frame further from the usual contrast than this is noise that happens to fit.
_CONTRASTS = 3.0
# So much of what flashes must be frames, and so much of these known codes.
_FRAMED_SHARE, _KNOWN_SHARE, _LEAST_CODES = 0.3, 0.6, 2


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a number becomes bits."""

    lowest_first: bool
    bright_stop: bool

    def read(self, code_bits: tuple[bool, ...]) -> int | None:
        """The number of start bit, eight bits and stop bit; None where it is no code in this layout.

        With a dark stop bit, 0 is none: any flash that is as long as a bit would be one.
        """
        if code_bits[-1] != self.bright_stop:
            return None
        bits = code_bits[1 : BITS + 1]
        number = sum(bit << place for place, bit in enumerate(bits if self.lowest_first else bits[::-1]))
        return number if number or self.bright_stop else None

    def __str__(self) -> str:
        order, stop = "lowest" if self.lowest_first else "highest", "bright" if self.bright_stop else "dark"
        return f"{order} bit first, {stop} stop bit"


SERIAL = Layout(lowest_first=True, bright_stop=False)
WRITTEN = Layout(lowest_first=False, bright_stop=True)
# In case of a tie the first is taken.
LAYOUTS = (
    SERIAL,
    WRITTEN,
    Layout(lowest_first=True, bright_stop=True),
    Layout(lowest_first=False, bright_stop=False),
)


@dataclass(frozen=True, kw_only=True)
class Code:
    """A code on the recorder's clock. `sample` is the first bright one, by its number in the channel."""

    time_s: float
    sample: int
    code: int


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The codes of a channel in order of time, and how they were read.

    `contrast` is the usual step from dark to bright, `noise` the standard deviation of means over half a bit, both in
    the channel's own numbers; `unreadable` counts flashes as bright as codes that are none.
    """

    codes: Sequence[Code]
    layout: Layout
    inverted: bool
    contrast: float
    noise: float
    unreadable: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A flash with its place on the recorder's clock."""

    time_s: float
    sample: int
    flash: Flash


@dataclass(kw_only=True)
class _Heard:
    """What a channel's blocks gave: flashes by polarity, and what to tell of a channel that carries no codes."""

    flashes: dict[bool, list[_Seen]]
    noises: list[float] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What the flashes say in one polarity and layout; `known` of the codes are ones the task can show."""

    layout: Layout
    inverted: bool
    codes: Sequence[Code]
    known: int
    contrast: float
    unreadable: int


def decode(
    pieces: Iterable[Piece],
    *,
    sfreq: Fraction | float,
    channel: str,
    bit_s: float = BIT_S,
    codes: frozenset[int] = KNOWN_CODES,
) -> Decoded:
    """The codes of one channel, whose pieces come in order of time.

    `codes` are those the task can show; they decide polarity and layout, and others are kept where they are read.
    A code that a gap or an end of the recording cuts is left out, and so is one that starts within ten bits after one.
    Memory is that of a minute of the channel and its flashes.

    Raises `ChannelUnfit` where a bit is under three samples, `CodesMissing` where the channel shows something else.
    """
    rate = Fraction(sfreq)
    samples_a_bit = _samples_a_bit(rate, bit_s=bit_s, channel=channel)
    core, around = max(_BLOCK_S, _BLOCK_BITS * bit_s) * rate, max(_AROUND_S, _AROUND_BITS * bit_s) * rate
    heard = _Heard(flashes={False: [], True: []})
    for block in blocks(pieces, sfreq=rate, core=round(core), around=round(around)):
        flashes, noise = find_flashes(block, samples_a_bit=samples_a_bit)
        for inverted, found in heard.flashes.items():
            found.extend(_placed(flashes[inverted], block=block, rate=rate))
        heard.noises.append(noise)
        heard.levels.append(float(np.median(block.trace[:: max(1, len(block.trace) // 4096)])))
        heard.seconds += float((block.core_end - block.core_first) / rate)
    if not heard.noises:
        raise CodesMissing(f"{channel} holds no samples there.")
    readings = [
        _read(found, layout=layout, inverted=inverted, codes=codes)
        for inverted, found in heard.flashes.items()
        for layout in LAYOUTS
    ]
    best = max(readings, key=lambda reading: (reading.known, -len(reading.codes)))
    _refuse_what_is_not_codes(best, heard=heard, channel=channel, rate=rate)
    return Decoded(
        codes=best.codes,
        layout=best.layout,
        inverted=best.inverted,
        contrast=best.contrast,
        noise=float(np.median(heard.noises)),
        unreadable=best.unreadable,
        seconds=heard.seconds,
    )


def _samples_a_bit(rate: Fraction, *, bit_s: float, channel: str) -> float:
    if not 0 < bit_s < 10:
        raise ChannelUnfit(
            f"A bit of {bit_s:g} s cannot be: give the seconds of one frame of the monitor, such as 1/60."
        )
    samples_a_bit = float(rate) * bit_s
    if samples_a_bit < MIN_SAMPLES_A_BIT:
        raise ChannelUnfit(
            f"{channel} has {float(rate):g} samples a second, {samples_a_bit:.2g} for a bit of {bit_s * 1000:.4g} ms; "
            f"codes need {MIN_SAMPLES_A_BIT}, that is {MIN_SAMPLES_A_BIT / bit_s:g} a second. "
            "Take a faster channel, or align by hand."
        )
    return samples_a_bit


def _placed(flashes: Iterable[Flash], *, block: Block, rate: Fraction) -> Iterable[_Seen]:
    for flash in flashes:
        yield _Seen(
            time_s=block.start_s + flash.onset / float(rate), sample=block.first_sample + flash.sample, flash=flash
        )


def _read(seen: Sequence[_Seen], *, layout: Layout, inverted: bool, codes: frozenset[int]) -> _Reading:
    """What the flashes say in one layout; frames of another contrast than the known codes' are left out."""
    numbers = [None if each.flash.code_bits is None else layout.read(each.flash.code_bits) for each in seen]
    contrasts = np.array([each.flash.contrast for each in seen])
    known = np.array([number in codes for number in numbers], dtype=bool)
    contrast = float(np.median(contrasts[known])) if known.any() else 0.0
    usual = (contrasts > contrast / _CONTRASTS) & (contrasts < contrast * _CONTRASTS)
    found = [
        Code(time_s=each.time_s, sample=each.sample, code=number)
        for each, number, is_usual in zip(seen, numbers, usual, strict=True)
        if number is not None and is_usual
    ]
    return _Reading(
        layout=layout,
        inverted=inverted,
        codes=found,
        known=int(np.count_nonzero(known & usual)),
        contrast=contrast,
        unreadable=int(np.count_nonzero(contrasts >= contrast * _AS_BRIGHT)) - len(found),
    )


def _refuse_what_is_not_codes(best: _Reading, *, heard: _Heard, channel: str, rate: Fraction) -> None:
    bright = len(best.codes) + max(best.unreadable, 0)
    enough = best.known >= _LEAST_CODES
    if enough and best.known >= _KNOWN_SHARE * len(best.codes) and len(best.codes) >= _FRAMED_SHARE * bright:
        return
    flashes = sum(map(len, heard.flashes.values()))
    if not flashes:
        what = "nothing flashes: the photodiode may have been unplugged or covered"
    elif not best.codes:
        what = f"of {flashes:,} flashes none has the form of a code (start bit, {BITS} bits, stop bit)"
    else:
        what = (
            f"of {bright:,} flashes as bright, {len(best.codes):,} have the form of a code and {best.known:,} are "
            f"known ones: {told(best.codes)}"
        )
    raise CodesMissing(
        f"{channel} carries no codes: {heard.seconds:,.0f} s at {float(rate):,.10g} samples a second, level "
        f"{np.median(heard.levels):,.4g}, noise {np.median(heard.noises):,.3g}; {what}. "
        "Name another channel or bit time, or align by hand."
    )


def told(codes: Sequence[Code]) -> str:
    """Codes counted, for a sentence: "41 codes (14× 1, 14× 4, 13× 16)"."""
    counted = Counter(each.code for each in codes)
    listed = ", ".join(f"{times}× {code}" for code, times in counted.most_common(8))
    return f"{len(codes):,} {'code' if len(codes) == 1 else 'codes'} ({listed})" if codes else "no codes"
