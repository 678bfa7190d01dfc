"""The heat map: bounded, its shades and its table of the same numbers, gaps left empty, sessions where they were."""

from datetime import timedelta
from fractions import Fraction

import pyarrow as pa
import pytest

from analysis.known import KNOWN
from analysis.picture import SHADES, WIDTH, heat_map
from analysis.place import Place, picture_name
from analysis.summary import CHANNELS, COLUMNS, summary_of
from analysis.writing import parquet
from tests.analysis.jobs.test_coherence import BEGIN

KNOWN_JOB = KNOWN["line_length"]


@pytest.fixture
def place(tmp_path):
    return Place((tmp_path / "results").as_uri())


def summed(place: Place, rows: list[dict], *, window_s: float = 10) -> dict:
    table = pa.Table.from_pylist(rows)
    name = "7/1/data/patient=2002/a.parquet"
    place.put(name, parquet(table, columns=KNOWN_JOB.columns, about={}))
    files = [{"name": name, "patient": "2002", "kind": "data", "rows": len(rows), "bytes": 1}]
    assert summary_of(files, known=KNOWN_JOB, window_s=window_s, folder="7/1", place=place) == {"pictured": ["2002"]}
    found = place.json(picture_name("7/1", patient="2002"))
    assert found is not None
    return found


def row(label: str, at: int, value: float | None, *, window_s: float = 10, channel: int = 1) -> dict:
    return {
        "patient": "2002",
        "recording": "day3_140500",
        "channel": channel,
        "label": label,
        "unit": "uV",
        "start": BEGIN + timedelta(seconds=at * window_s),
        "line_length": value,
        "spike_rate": 0.0,
    }


def test_few_windows_are_as_wide_as_the_picture_and_a_gap_is_empty(place):
    summary = summed(place, [row("A", at, float(at)) for at in range(6) if at != 3])
    assert summary["cells"]["line_length"] == [[0, 1, 2, None, 4, 5]]
    assert summary["means"]["line_length"] == [pytest.approx(2.4)]
    picture = heat_map(summary, patient="2002", value="line_length")
    assert picture.width == WIDTH
    drawn = "".join(shade.path for shade in picture.shades)
    assert f"M{round(WIDTH / 6 * 4, 1)} " in drawn
    assert f"M{round(WIDTH / 6 * 3, 1)} " not in drawn
    assert picture.table == (("A", ("2.4", "0")),)
    assert (picture.start, picture.stop) == ("day 3 14:05", "day 3 14:06")


def test_many_windows_and_channels_are_bounded(place):
    rows = [row(f"A{n}", at, n + at, channel=n) for n in range(1, CHANNELS + 3) for at in range(0, 400, 3)]
    summary = summed(place, rows)
    cells = summary["cells"]["line_length"]
    assert (len(cells), len(cells[0]) <= COLUMNS) == (CHANNELS, True)
    picture = heat_map(summary, patient="2002", value="line_length")
    assert (len(picture.shades), picture.channels_left) == (SHADES, 2)
    assert [label for label, _ in picture.table][:3] == ["A1", "A2", "A3"]


def test_values_that_are_missing_everywhere_draw_nothing(place):
    picture = heat_map(summed(place, [row("A", 0, None)]), patient="2002", value="line_length")
    assert picture.shades == ()
    assert picture.table == (("A", ("–", "0")),)


def test_windows_of_a_fraction_of_a_second_fall_into_their_own_columns(place):
    window = float(Fraction(1, 3))
    summary = summed(place, [row("A", at, at, window_s=window) for at in range(150)], window_s=window)
    assert summary["cells"]["line_length"] == [list(map(float, range(150)))]
