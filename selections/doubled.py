"""Time of channels that two recordings hold, both of them found: named, so that nobody counts it twice.

Owns: what is said of it, and that a patient of whom nothing is held twice costs one probe of an index. Sums and
coverage take the union of time by themselves (`selections.totals`, `selections.coverage`); files are what they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chunks.format.clock import since_day_zero_us
from chunks.format.row import label_norm
from chunks.models import ChunkHeader, Recording, RecordingOverlap, RecordingState
from selections.intervals import Interval, overlaps
from selections.stay import Held, Stay
from selections.times import spell_instant

NAMED = 3
_PATIENTS_A_QUERY = 400


@dataclass(frozen=True, kw_only=True)
class Doubled:
    """Time that `recording` shares with `other`, both in state ok, on its own clock; `norms`: of which channels.

    `shift_us`: to add to its times to get the other's.
    """

    bucket: str
    recording: str
    other: str
    time: Interval
    norms: frozenset[str]
    shift_us: int

    @property
    def mirrored(self) -> "Doubled":
        """The same, told of the other."""
        time = Interval(start_us=self.time.start_us + self.shift_us, stop_us=self.time.stop_us + self.shift_us)
        return replace(self, recording=self.other, other=self.recording, time=time, shift_us=-self.shift_us)

    @property
    def says(self) -> str:
        return f"{_between(self.time)} is held by {self.other} too"

    def is_in(self, header: ChunkHeader) -> bool:
        """Whether the chunk holds some of it."""
        start_us, stop_us = (since_day_zero_us(header.patient, each) for each in (header.start, header.stop))
        return header.label_norm in self.norms and self.time.start_us < stop_us and start_us < self.time.stop_us


def doubled_of(patients: Sequence[str]) -> dict[str, tuple[Doubled, ...]]:
    """What is held twice of each of these patients, by start, told of the recording that was taken in later.

    Patients of whom there is nothing are left out.
    """
    found: dict[str, list[Doubled]] = {}
    for begin in range(0, len(patients), _PATIENTS_A_QUERY):
        rows = list(RecordingOverlap.objects.filter(patient__in=patients[begin : begin + _PATIENTS_A_QUERY]))
        ok = _ok({row.patient for row in rows}) if rows else frozenset()
        for row in rows:
            if {(row.bucket, row.recording), (row.bucket, row.earlier)} <= ok:
                found.setdefault(row.patient, []).append(_doubled(row))
    return {patient: tuple(sorted(each, key=_place)) for patient, each in sorted(found.items())}


def doubled_in(stays: Sequence[Stay]) -> Iterator[str]:
    """A sentence for each that lies in what these stays find, a few of each patient."""
    held = doubled_of([stay.patient for stay in stays if stay.recordings])
    for stay in stays:
        asked = {(each.bucket, each.name): each for each in stay.recordings}
        texts = [
            f"{doubled.recording}: {doubled.says}"
            for doubled in held.get(stay.patient, ())
            if _is_found(doubled, asked, stay=stay) and _is_found(doubled.mirrored, asked, stay=stay)
        ]
        if texts:
            more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
            yield (
                f"Patient {stay.patient}: some time is held by two recordings. Both are found, and hours count it "
                f"once. {'; '.join(texts[:NAMED])}{more}."
            )


def told_of(doubled: Iterable[Doubled], *, bucket: str, recording: str) -> list[Doubled]:
    """Those of one recording, each told of it, by start."""
    sides = (side for each in doubled for side in (each, each.mirrored))
    return sorted((each for each in sides if (each.bucket, each.recording) == (bucket, recording)), key=_place)


def patients_doubled(patients: Sequence[str]) -> list[str]:
    """Those of them of whom anything is held twice, in whatever state."""
    rows = RecordingOverlap.objects.filter(patient__in=patients).order_by("patient")
    return list(rows.values_list("patient", flat=True).distinct())


def _ok(patients: set[str]) -> frozenset[tuple[str, str]]:
    held = Recording.objects.filter(patient__in=sorted(patients), state=RecordingState.OK)
    return frozenset(held.values_list("bucket", "name"))


def _doubled(row: RecordingOverlap) -> Doubled:
    start_us, stop_us = (since_day_zero_us(row.patient, each) for each in (row.start, row.stop))
    return Doubled(
        bucket=row.bucket,
        recording=row.recording,
        other=row.earlier,
        time=Interval(start_us=start_us, stop_us=max(start_us + 1, stop_us)),
        norms=frozenset(row.labels),
        shift_us=row.shift_us,
    )


def _is_found(doubled: Doubled, asked: Mapping[tuple[str, str], Held], *, stay: Stay) -> bool:
    held = asked.get((doubled.bucket, doubled.recording))
    if held is None or not overlaps(stay.intervals if held.asked is None else held.asked, doubled.time):
        return False
    return held.choice.labels is None or not doubled.norms.isdisjoint(map(label_norm, held.choice.labels))


def _between(time: Interval) -> str:
    return f"{spell_instant(time.start_us)} to {spell_instant(time.stop_us)}"


def _place(doubled: Doubled) -> tuple[int, str, str]:
    return doubled.time.start_us, doubled.recording, doubled.other
