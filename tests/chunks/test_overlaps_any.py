"""Whatever pieces of two signals come in what order: what is left out is in what is found; a second run is idle."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chunks.models import ChunkHeader, Recording, RecordingOverlap
from storage.objects import Objects
from tests.chunks.made import START, Channel, whole_tree
from tests.chunks.overlapping import Signals
from tests.chunks.test_overlaps import take

pytestmark = pytest.mark.database
LABELS = ("LTG1", "LTG2", "LTG3")
SPELLED = {0: "{}", 1: "EEG {}-Ref", 2: "{} "}


@dataclass(frozen=True)
class Piece:
    """A file: seconds of one of two signals, some of its channels in some order, under a clock that is off."""

    seed: int
    after_s: int
    seconds: int
    off_s: int
    labels: tuple[str, ...]
    spelled: int
    record_s: int

    @property
    def holds(self) -> frozenset[tuple[int, int, str]]:
        whole = self.seconds - self.seconds % self.record_s
        seconds = range(self.after_s, self.after_s + whole)
        return frozenset((self.seed, second, label) for second in seconds for label in self.labels)

    def write(self, path: Path) -> Path:
        channels = [Channel(SPELLED[self.spelled].format(label), 100) for label in self.labels]
        signals = _Spelled(began=START, channels=channels, seed=self.seed)
        return signals.write(
            path,
            after_s=self.after_s,
            seconds=self.seconds,
            record_s=self.record_s,
            clock_off=timedelta(seconds=self.off_s),
        )


class _Spelled(Signals):
    """However a channel's label is spelled, its samples are the same."""

    def second(self, number: int, channel: Channel) -> object:
        label = next(each for each in LABELS if each in channel.label)
        return super().second(number, Channel(label, channel.samples_per_record))


pieces = st.builds(
    Piece,
    seed=st.sampled_from([1, 1, 1, 2]),
    after_s=st.integers(0, 30),
    seconds=st.integers(5, 30),
    off_s=st.sampled_from([0, 0, 1, 2]),
    labels=st.lists(st.sampled_from(LABELS), min_size=1, unique=True).map(tuple),
    spelled=st.sampled_from(list(SPELLED)),
    record_s=st.sampled_from([1, 2]),
)


def chain(*ends: tuple[int, int]) -> list[Piece]:
    return [Piece(1, after_s, seconds, 0, LABELS, 0, 1) for after_s, seconds in ends]


@given(st.lists(pieces, min_size=2, max_size=5))
@example(chain((0, 20), (10, 20), (20, 20)))
@example(chain((10, 5), (5, 15), (0, 30)))
@example(chain((0, 30), (10, 5), (5, 15)))
@example([Piece(1, 1, 5, 0, LABELS, 0, 2), Piece(2, 0, 5, 0, LABELS, 0, 1), Piece(1, 0, 5, 0, LABELS, 0, 1)])
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_left_out_is_found_elsewhere_and_what_is_held_twice_is_left_out(
    tmp_path: Path, patient: str, objects: Objects, store_folder: Path, files: Sequence[Piece]
) -> None:
    _forget(store_folder)
    paths = [piece.write(tmp_path / f"{place}.edf") for place, piece in enumerate(files)]
    names = [take(path, objects).recording for path in paths]
    holds = {name: piece.holds for name, piece in zip(names, files, strict=True)}
    states = dict(Recording.objects.values_list("name", "state"))
    found = [holds[name] for name, state in states.items() if state != "duplicate"]
    for name, state in states.items():
        wider = [other for other in holds.values() if holds[name] < other]
        if state == "duplicate":
            assert any(holds[name] <= other for other in found), (name, states)
        else:
            assert not wider, (name, states)
    assert len(found) == len(set(found)), states
    assert _in_conflict(states) == {
        name
        for overlap in RecordingOverlap.objects.filter(verdict="different")
        for name in (overlap.recording, overlap.earlier)
        if states[overlap.recording] != "duplicate" and states[overlap.earlier] != "duplicate"
    }
    before = whole_tree(store_folder), _rows()
    for path in paths:
        assert take(path, objects).outcome == "already there"
    assert (whole_tree(store_folder), _rows()) == before


def _in_conflict(states: dict[str, str]) -> set[str]:
    return {name for name, state in states.items() if state == "conflict"}


def _forget(store_folder: Path) -> None:
    for model in (ChunkHeader, Recording, RecordingOverlap):
        model.objects.all().delete()
    for folder in store_folder.glob("edf-chunks-*"):
        shutil.rmtree(folder)


def _rows() -> list[object]:
    fields = ("recording", "earlier", "start", "stop", "channels", "verdict", "shift_us", "contained", "settled")
    overlaps = RecordingOverlap.objects.order_by("recording", "place").values_list(*fields)
    return [*overlaps, *Recording.objects.order_by("name").values_list("name", "state")]
