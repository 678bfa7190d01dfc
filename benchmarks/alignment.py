"""How fast an hour of a photodiode's channel is read: `python -m benchmarks.alignment [--sfreq 2000] [--rounds 5]`.

In one process, in turns: `decode` of one hour in pieces of ten minutes, against reading its file (`np.fromfile`, from
the file cache) and against a plain loop over samples that crosses a fixed threshold and averages each bit, timed on a
part of the hour and counted up. Also the match of 2,000 trials with as many codes, as a ratio to decoding. Ratios are
medians over rounds.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from behavior.matching import Expected, match
from behavior.pieces import Piece
from behavior.triggers import BIT_S, Code, decode

HOUR_S, PART_S, CODES = 3600, 20, 720
DARK, BRIGHT = 50, 2000


def make_hour(sfreq: int) -> tuple[np.ndarray, list[float]]:
    rng = np.random.default_rng(1)
    samples = rng.normal(DARK, 40, HOUR_S * sfreq).astype(np.int16)
    onsets_s = [2.0 + 4.97 * place for place in range(CODES)]
    for place, onset_s in enumerate(onsets_s):
        code = (1, 4, 16)[place % 3]
        for bit in range(9):
            if bit == 0 or code >> (bit - 1) & 1:
                first, end = (math.ceil((onset_s + each * BIT_S) * sfreq) for each in (bit, bit + 1))
                samples[first:end] += BRIGHT - DARK
    return samples, onsets_s


def read_by_loop(samples: np.ndarray, *, sfreq: int) -> int:
    """What one would write first: a fixed threshold, one sample after the other."""
    bit, found, place = BIT_S * sfreq, 0, 0
    values = samples.tolist()
    while place < len(values):
        if values[place] < (DARK + BRIGHT) / 2:
            place += 1
            continue
        number = 0
        for each in range(1, 9):
            part = values[int(place + each * bit) : int(place + (each + 1) * bit)]
            number |= (sum(part) / max(1, len(part)) > (DARK + BRIGHT) / 2) << (each - 1)
        found += number > 0
        place += int(10 * bit)
    return found


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def make_trials() -> tuple[list[Expected], list[Code]]:
    rng = np.random.default_rng(2)
    at_s = 40 + np.cumsum(rng.uniform(1.2, 8, 2000))
    expected = [
        Expected(time_s=float(each), code=(1, 4, 16)[place % 3], trial=place // 3) for place, each in enumerate(at_s)
    ]
    there_s = 12.3 + at_s * (1 + 30e-6) + rng.normal(0, 0.01, len(at_s))
    kept = [place for place in range(2000) if rng.random() > 0.05]
    return expected, [Code(time_s=float(there_s[each]), sample=0, code=expected[each].code) for each in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sfreq", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sfreq, step = options.sfreq, 600 * options.sfreq
    samples, onsets_s = make_hour(sfreq)
    expected, codes = make_trials()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as place:
        path = Path(place) / "hour.i2"
        samples.tofile(path)

        def decode_hour() -> None:
            pieces = (
                Piece(
                    start_s=first / sfreq,
                    first_sample=first,
                    samples=np.fromfile(path, "<i2", count=step, offset=2 * first),
                )
                for first in range(0, len(samples), step)
            )
            found = decode(pieces, sfreq=Fraction(sfreq), channel="DC01").codes
            away = np.abs(np.array([each.time_s for each in found]) - onsets_s) * sfreq
            assert len(found) == CODES
            assert away.max() <= 1

        works: dict[str, Callable[[], object]] = {
            "decode": decode_hour,
            "read": lambda: np.fromfile(path, "<i2").sum(),
            "loop": lambda: read_by_loop(samples[: PART_S * sfreq], sfreq=sfreq),
            "match": lambda: match(expected, codes, offsets_s=(-600, 600)),
        }
        took: dict[str, list[float]] = {name: [] for name in works}
        for turn in range(options.rounds + 1):
            names = list(works)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                took[name].append(timed(works[name]))
    # The first round fills caches and is left out.
    decoding, reading, loop, matching = (np.array(took[name][1:]) for name in ("decode", "read", "loop", "match"))
    loop = loop * HOUR_S / PART_S
    print(f"one hour at {sfreq} Hz, {CODES} codes, {options.rounds} rounds")
    print(f"decode / read the file and add it up: {statistics.median(decoding / reading):.1f}")
    print(f"loop over samples / decode:           {statistics.median(loop / decoding):.1f}")
    print(f"match of 2,000 / decode:              {statistics.median(matching / decoding):.2f}")
    print(f"an hour / decode:                     {statistics.median(HOUR_S / decoding):,.0f}")


if __name__ == "__main__":
    main()
