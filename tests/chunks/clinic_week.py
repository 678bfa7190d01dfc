"""Forty files of one patient's week, as a clinic exports them, and what must become of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.chunks.made import Channel
from tests.chunks.overlapping import MONTAGE, Signals

BEGAN = datetime(2017, 3, 14, 18, 0, 0)
FILE_S = 120
JANE, JOHN = "MCH-0234567 F 02-MAY-1951 Jane_Doe", "MCH-0777777 M 03-JAN-1960 John_Smith"
OWN = Signals(began=BEGAN)
OTHER_RECORDER = Signals(began=BEGAN, channels=(Channel("RTG1", 100), Channel("RTG2", 100)), seed=2)
AFTER_THE_CLOCK = Signals(began=BEGAN, seed=3)
SOMEBODY_ELSE = Signals(began=BEGAN, seed=4)


@dataclass(frozen=True)
class Expected:
    """One file: how it is written, and the state it must have; None where it is refused."""

    name: str
    write: Callable[[Path], object]
    state: str | None = "ok"


@dataclass
class Week:
    """The files in the order of the list that is handed in."""

    files: list[Expected] = field(default_factory=list)

    def add(self, name: str, state: str | None = "ok", *, of: Signals = OWN, **words: object) -> None:
        def write(path: Path) -> object:
            return of.write(path, **({"patient": JANE, "seconds": FILE_S} | words))  # type: ignore[arg-type]

        self.files.append(Expected(f"{len(self.files) + 1:02}_{name}.edf", write, state))


def week() -> list[Expected]:
    """Blocks of two minutes stand for the hours of a file."""
    made = Week()
    for number in range(12):
        made.add("follows", after_s=number * FILE_S)
    made.add("restart", after_s=1500)  # after a pause of a minute
    for number in range(4):
        made.add("restart", after_s=1700 + number * 7, seconds=5)
    made.add("overlaps", after_s=1800, seconds=200)
    made.add("overlaps_by_ten", after_s=1990)  # its first ten seconds are the last ones of the file before
    made.add("export_again", "duplicate", after_s=0, record_s=5)
    made.add("export_again_other_second", "duplicate", after_s=240, record_s=4, clock_off=timedelta(seconds=1))
    made.add("export_of_a_piece", "duplicate", after_s=260, seconds=40)
    made.add("one_second", after_s=3000)
    made.add("one_second_other_recorder", of=OTHER_RECORDER, after_s=3000)
    half = len(made.files) + 1
    made.files.append(Expected(f"{half:02}_half_copied.edf", _half_copied, "duplicate"))
    made.add("whole_copy", after_s=3200, seconds=240)
    # The clock was set back by 60 s: what follows claims the end of what was before, with other data.
    made.add("before_the_clock_was_set", "conflict", after_s=4000)
    made.add("clock_set_back", "conflict", of=AFTER_THE_CLOCK, after_s=4060)
    made.add("wrong_subject", None, of=SOMEBODY_ELSE, after_s=5000, patient=JOHN)
    made.add("anonymous", after_s=5200, patient="X X X X")
    made.add("flat", of=Signals(began=BEGAN, flat=frozenset(each.label for each in MONTAGE)), after_s=5400)
    made.add("review_copy", after_s=5600)
    made.add("review_copy_of_one_channel", "duplicate", after_s=5600, channels=MONTAGE[:1])
    for number in range(40 - len(made.files)):
        made.add("later", after_s=6000 + number * FILE_S)
    return made.files


def _half_copied(path: Path) -> object:
    OWN.write(path, after_s=3200, seconds=240, patient=JANE)
    content = path.read_bytes()
    return path.write_bytes(content[: len(content) // 2])


def write_all(folder: Path) -> Iterator[tuple[Path, Expected]]:
    for each in week():
        each.write(folder / each.name)
        yield folder / each.name, each
