"""Coherence around events: as SciPy has it, from windows that know nothing of the epochs."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.signal import csd

from analysis.context import Event
from analysis.jobs.band_power import BANDS
from analysis.jobs.coherence import PIECES, cut, divided, summed

SFREQ = 400.0
BEGIN = datetime(2002, 1, 3, 14, 5)


def traces(*, seconds: int = 60) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    shared = random.normal(size=round(seconds * SFREQ))
    return {
        label: shared + random.normal(size=shared.size) * noise for label, noise in (("A1", 0.3), ("A2", 1), ("A3", 5))
    }


def event(number: int, *, at_s: float, code: int = 7) -> Event:
    return Event(
        number=number,
        patient="2002",
        bucket="edf-chunks-2002",
        recording="day3_140500",
        task="ToM_Loc",
        session="s.json",
        code=code,
        trial=number + 1,
        at=BEGIN + timedelta(seconds=at_s),
    )


def windows(
    held: dict[str, np.ndarray], *, seconds: float = 1.0, without: tuple[str, int] = ("", 0)
) -> list[pa.RecordBatch]:
    """As the data source gives them; `without` names a window that is not there."""
    length = round(seconds * SFREQ)
    batches = []
    for channel, (label, trace) in enumerate(held.items(), 1):
        rows = [
            {
                "patient": "2002",
                "recording": "day3_140500",
                "bucket": "edf-chunks-2002",
                "channel": channel,
                "label": label,
                "sfreq": SFREQ,
                "start": BEGIN + timedelta(seconds=first / SFREQ),
                "samples": trace[first : first + length],
                "chunk": None,
                "fault": None,
            }
            for first in range(0, trace.size - length + 1, length)
            if (label, first // length) != without
        ]
        batches.append(pa.RecordBatch.from_pylist(rows, schema=_schema()))
    return batches


def _schema() -> pa.Schema:
    texts = [(name, pa.string()) for name in ("patient", "recording", "bucket", "label", "fault")]
    numbers = [("channel", pa.int32()), ("sfreq", pa.float64()), ("start", pa.timestamp("us")), ("chunk", pa.int32())]
    return pa.schema([*texts, *numbers, ("samples", pa.list_(pa.float64()))])


def worked(
    held: dict[str, np.ndarray], events: list[Event], **more: object
) -> dict[tuple[str, str], dict[str, object]]:
    """What the job makes of it, without Spark: cut, summed in two parts, divided."""
    pieces = pa.Table.from_batches(list(cut(windows(held, **more), events=tuple(events))))
    middle = len(events) // 2
    early = pa.compute.less(pieces.column("event"), middle)
    sums = pa.concat_tables([summed(pieces.filter(early)), summed(pieces.filter(pa.compute.invert(early)))])
    found = {}
    for a, b in {(row["label"], row["other"]) for row in sums.to_pylist()}:
        mine = pa.compute.and_(pa.compute.equal(sums.column("label"), a), pa.compute.equal(sums.column("other"), b))
        (row,) = divided(sums.filter(mine)).to_pylist()
        found[a, b] = row
    return found


def by_scipy(first: np.ndarray, second: np.ndarray, events: list[Event]) -> list[float]:
    """Averaged cross spectra of SciPy, one epoch after the other."""
    sums: dict[str, np.ndarray] = {}
    for each in events:
        begin = round(((each.at - BEGIN).total_seconds() - 0.5) * SFREQ)
        epochs = [trace[begin : begin + 600] for trace in (first, second)]
        for name, (x, y) in {"xy": epochs, "xx": (epochs[0],) * 2, "yy": (epochs[1],) * 2}.items():
            hertz, spectrum = csd(x, y, fs=SFREQ, nperseg=200, noverlap=100)
            sums[name] = sums.get(name, 0) + spectrum
    values = np.abs(sums["xy"]) ** 2 / (sums["xx"].real * sums["yy"].real)
    return [float(values[(hertz >= low) & (hertz < high)].mean()) for low, high in BANDS.values()]


@pytest.mark.parametrize("seconds", [1.0, 0.75, 7.0])
def test_it_is_the_coherence_of_scipys_averaged_spectra_however_the_windows_lie(seconds):
    held = traces()
    events = [event(number, at_s=at) for number, at in enumerate((3.14, 9.5, 20.001, 33.3))]
    found = worked(held, events, seconds=seconds)
    assert set(found) == {("A1", "A2"), ("A1", "A3"), ("A2", "A3")}
    for (a, b), row in found.items():
        assert [row[band] for band in BANDS] == pytest.approx(by_scipy(held[a], held[b], events), rel=1e-9)
        assert (row["events"], row["averages"]) == (4, 20)
    assert found["A1", "A2"]["beta"] > found["A1", "A3"]["beta"] + 0.2


def test_an_epoch_that_is_not_whole_is_left_out_for_its_channel():
    events = [event(number, at_s=at) for number, at in enumerate((3.2, 9.5, 20.5, 33.3))]
    found = worked(traces(), events, without=("A2", 9))
    assert {pair: row["events"] for pair, row in found.items()} == {("A1", "A2"): 3, ("A1", "A3"): 4, ("A2", "A3"): 3}


def test_faults_go_through_with_their_chunk():
    (batch,) = windows({"A1": np.zeros(400)})
    row = batch.to_pylist()[0] | {"fault": "damaged", "samples": None, "chunk": 4}
    (given,) = cut([pa.RecordBatch.from_pylist([row], schema=_schema())], events=(event(0, at_s=0.5),))
    (held,) = given.to_pylist()
    assert (held["fault"], held["chunk"], held["label"], held["samples"]) == ("damaged", 4, "A1", None)
    assert given.schema.names == [column.split()[0] for column in PIECES.split(", ")]
