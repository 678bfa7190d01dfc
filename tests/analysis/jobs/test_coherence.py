"""Coherence around events: as SciPy has it, from windows that know nothing of the epochs."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.signal import csd

from analysis.context import Event
from analysis.jobs.band_power import BANDS
from analysis.jobs.coherence import PIECES, cut, divided, summed
from tests.analysis.made import BEGIN, event

SFREQ = 400.0


def traces(*, seconds: int = 60) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    shared = random.normal(size=round(seconds * SFREQ))
    return {
        label: shared + random.normal(size=shared.size) * noise for label, noise in (("A1", 0.3), ("A2", 1), ("A3", 5))
    }


def windows(
    held: dict[str, np.ndarray], *, seconds: float = 1.0, without: tuple[str, int] = ("", 0), sfreq: float = SFREQ
) -> list[pa.RecordBatch]:
    """As the data source gives them; `without` names a window that is not there."""
    length = round(seconds * sfreq)
    batches = []
    for channel, (label, trace) in enumerate(held.items(), 1):
        rows = [
            {
                "patient": "2002",
                "recording": "day3_140500",
                "bucket": "edf-chunks-2002",
                "channel": channel,
                "label": label,
                "sfreq": sfreq,
                "first_sample": first,
                "start": BEGIN + timedelta(microseconds=round(first / sfreq * 1e6)),
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
    numbers = [("channel", pa.int32()), ("sfreq", pa.float64()), ("chunk", pa.int32()), ("first_sample", pa.int64())]
    return pa.schema([*texts, *numbers, ("start", pa.timestamp("us")), ("samples", pa.list_(pa.float64()))])


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


@pytest.mark.parametrize("sfreq", [500.0, 512.0, 2034.5, 2048 / 3])
def test_no_epoch_is_lost_because_its_windows_round_otherwise(sfreq):
    """An event half way between two samples is one of the two, whichever window is looked at."""
    held = {"A1": np.arange(round(40 * sfreq), dtype=float)}
    events = [event(number, at_s=2.001 + 0.037 * number) for number in range(900)]
    pieces = pa.Table.from_batches(list(cut(windows(held, sfreq=sfreq), events=tuple(events))))
    first_of = {}
    for row in pieces.to_pylist():
        first_of.setdefault(row["event"], []).append((row["place"], row["samples"]))
    assert len(first_of) == 900
    for number, parts in first_of.items():
        epoch = np.concatenate([samples for _, samples in sorted(parts)])
        assert np.array_equal(np.diff(epoch), np.ones(round(1.5 * sfreq) - 1)), number
        assert abs(epoch[0] / sfreq - (1.501 + 0.037 * number)) <= 0.5 / sfreq + 1e-9


def test_a_flat_channel_has_no_coherence():
    """Not that of the last digits of a mean taken off."""
    held = {"A1": traces()["A1"], "flat": np.full(24000, 17 * 0.0976 + 0.0488), "flat2": np.full(24000, -3.3)}
    events = [event(number, at_s=at) for number, at in enumerate((3.14, 9.5))]
    found = worked(held, events)
    assert len(found) == 3
    assert {row[band] for row in found.values() for band in BANDS} == {None}


def test_two_channels_of_one_label_are_told_apart_as_in_the_names_of_their_chunks():
    events = [event(number, at_s=at) for number, at in enumerate((3.14, 9.5))]
    one, two, other = windows(traces())
    labels = two.schema.get_field_index("label")
    two = two.set_column(labels, two.schema.field(labels), pa.array(["A1"] * two.num_rows))
    pieces = pa.Table.from_batches(list(cut([one, two, other], events=tuple(events))))
    pairs = {(row["label"], row["other"]) for row in summed(pieces).to_pylist()}
    assert pairs == {("A1~1", "A1~2"), ("A1~1", "A3"), ("A1~2", "A3")}


def test_channels_of_other_rates_make_no_pair_and_the_rate_is_told():
    events = (event(0, at_s=3.14),)
    slow = windows({"B1": traces()["A1"], "B2": traces()["A2"]}, sfreq=200.0)
    pieces = pa.Table.from_batches(list(cut([*windows(traces()), *slow], events=events)))
    sums = summed(pieces)
    pairs = {(row["label"], row["other"], row["sfreq"]) for row in sums.to_pylist()}
    assert pairs == {("A1", "A2", 400), ("A1", "A3", 400), ("A2", "A3", 400), ("B1", "B2", 200)}
    (row,) = divided(sums.filter(pa.compute.equal(sums.column("sfreq"), 200.0))).to_pylist()
    assert (row["sfreq"], row["high_gamma"]) == (200, None)


def test_faults_go_through_with_their_chunk():
    (batch,) = windows({"A1": np.zeros(400)})
    row = batch.to_pylist()[0] | {"fault": "damaged", "samples": None, "chunk": 4}
    (given,) = cut([pa.RecordBatch.from_pylist([row], schema=_schema())], events=(event(0, at_s=0.5),))
    (held,) = given.to_pylist()
    assert (held["fault"], held["chunk"], held["label"], held["samples"]) == ("damaged", 4, "A1", None)
    assert given.schema.names == [column.split()[0] for column in PIECES.split(", ")]
