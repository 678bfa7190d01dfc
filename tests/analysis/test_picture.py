"""The heat map: bounded, its shades and its tables of the same numbers, gaps left empty, sessions where they were."""

import io
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import pyarrow as pa
import pytest
from PIL import Image

from analysis.grid import BREAKS, COLUMNS
from analysis.known import KNOWN
from analysis.picture import WIDTH, heat_map, image
from analysis.place import Place, picture_name
from analysis.shades import COLOURS, NONE, SHADES, Scale
from analysis.summary import CHANNELS, summary_of
from analysis.time_axis import BREAK_COLUMNS, LETTER_PX, TICK_PX
from analysis.writing import parquet
from chunks.format.clock import since_day_zero_us
from tests.analysis.made import BEGIN

KNOWN_JOB = KNOWN["line_length"]
HOUR = 360  # windows of ten seconds


@pytest.fixture
def place(tmp_path):
    return Place((tmp_path / "results").as_uri())


def summed(place: Place, rows: list[dict], *, name: str = "line_length", window_s: float = 10) -> dict:
    """The first picture's numbers."""
    known = KNOWN[name]
    file = "7/1/data/patient=2002/a.parquet"
    place.put(file, parquet(pa.Table.from_pylist(rows), columns=known.columns, about={}))
    files = [{"name": file, "patient": "2002", "kind": "data", "rows": len(rows), "bytes": 1}]
    kept = summary_of(files, known=known, window_s=window_s, folder="7/1", place=place)
    assert kept["pictured"][0]["patient"] == "2002"
    found = place.json(picture_name("7/1", number=0))
    assert found is not None
    return found


def row(
    label: str, at: float, value: float | None, *, window_s: float = 10, channel: int = 1, unit: str = "uV"
) -> dict:
    return {
        "patient": "2002",
        "recording": "day3_140500",
        "channel": channel,
        "label": label,
        "unit": unit,
        "start": BEGIN + timedelta(seconds=at * window_s),
        "line_length": value,
        "spike_rate": 0.0,
    }


def drawn(summary: dict, *, value: str = "line_length", sessions: tuple = ()):
    unit = KNOWN_JOB.units[value]
    return heat_map(summary, patient="2002", value=value, unit=unit, sessions=sessions)


def pixels(made: bytes) -> list[bytes]:
    """The rows of an image of colours by their numbers."""
    with Image.open(io.BytesIO(made)) as opened:
        assert (opened.format, opened.mode) == ("PNG", "P")
        return [opened.crop((0, row, opened.width, row + 1)).tobytes() for row in range(opened.height)]


def test_few_windows_are_as_wide_as_the_picture_and_a_short_gap_is_empty(place):
    summary = summed(place, [row("A", at, float(at)) for at in range(30) if at != 3])
    assert summary["cells"]["line_length"] == [[0, 1, 2, None, *map(float, range(4, 30))]]
    picture = drawn(summary)
    assert picture.width == WIDTH
    [shown] = pixels(image(summary, value="line_length"))
    assert (shown[3], NONE not in shown[:3], NONE not in shown[4:]) == (NONE, True, True)
    assert picture.table.heads[0] == "day 3 14:05 to day 3 14:05:30"
    assert picture.table.rows[0][1][:2] == ("1", "4.5")
    assert picture.means.rows == (("A", ("14.9", "0")),)
    assert (picture.begin, picture.end, picture.unit) == ("day 3 14:05", "day 3 14:10", "uV/s")


def test_a_long_gap_is_left_out_and_what_is_there_is_seen(place):
    ats = [*range(60), *range(9 * HOUR, 9 * HOUR + 30), *range(40 * HOUR, 40 * HOUR + 60)]
    summary = summed(place, [row("A", at, float(at)) for at in ats])
    assert [each["columns"] for each in summary["stretches"]] == [60, 30, 60]
    assert None not in summary["cells"]["line_length"][0]
    picture = drawn(summary)
    assert len(picture.breaks) == 2
    shown = [place for place, name in enumerate(picture.column_names) if name]
    assert len(shown) == 150 == len(picture.column_names) - 2 * BREAK_COLUMNS
    assert picture.column_names[60 + BREAK_COLUMNS] == "day 3 23:05"
    [drawn_row] = pixels(image(summary, value="line_length"))
    assert [place for place, each in enumerate(drawn_row) if each != NONE] == shown
    assert [(tick.time, tick.day) for tick in picture.ticks if tick.day] == [("14:05", "day 3"), ("06:05", "day 5")]


def test_the_words_below_do_not_overlap(place):
    ats = [at for session in range(40) for at in range(session * 2 * HOUR, session * 2 * HOUR + 30)]
    summary = summed(place, [row("A", at, float(at)) for at in ats])
    assert len(summary["stretches"]) == BREAKS + 1
    ticks = drawn(summary).ticks
    assert len(ticks) > 5
    assert all(b.x - a.x >= TICK_PX for a, b in pairwise(ticks))


def test_many_windows_and_channels_are_bounded(place):
    rows = [row(f"A{n}", at, n + at, channel=n) for n in range(1, CHANNELS + 3) for at in range(0, 400, 3)]
    summary = summed(place, rows)
    cells = summary["cells"]["line_length"]
    assert (len(cells), len(cells[0]) <= COLUMNS) == (CHANNELS, True)
    picture = drawn(summary)
    assert (len(picture.shades), picture.channels_left) == (SHADES, 2)
    assert [label for _, label in picture.rows][:3] == ["A1", "A2", "A3"]
    assert len(picture.table.heads) <= 10


def test_values_that_are_missing_everywhere_draw_nothing(place):
    summary = summed(place, [row("A", 0, None)])
    picture = drawn(summary)
    assert picture.shades == ()
    assert picture.means.rows == (("A", ("–", "0")),)
    assert pixels(image(summary, value="line_length")) == [bytes([NONE])]


def test_windows_of_a_fraction_of_a_second_fall_into_their_own_columns(place):
    window = float(Fraction(1, 3))
    summary = summed(place, [row("A", at, at, window_s=window) for at in range(150)], window_s=window)
    assert summary["cells"]["line_length"] == [list(map(float, range(150)))]
    assert drawn(summary).column_names[3] == "day 3 14:05:01"


def test_channels_of_other_units_say_theirs(place):
    picture = drawn(summed(place, [row("A", 0, 1.0), row("DC1", 0, 2.0, channel=2, unit="mV")]))
    assert [label for _, label in picture.rows] == ["A (uV)", "DC1 (mV)"]
    assert picture.unit == "each channel’s own unit/s"


def session(task: str, *, after_s: float, lasts_s: float):
    """As far as a picture asks."""
    start_us = since_day_zero_us("2002", BEGIN) + round(after_s * 1e6)
    own = SimpleNamespace(start_us=start_us, stop_us=start_us + round(lasts_s * 1e6))
    return SimpleNamespace(task=task, own=own)


def test_sessions_lie_where_they_were_and_names_where_there_is_room(place):
    summary = summed(place, [row("A", at, float(at)) for at in [*range(50), *range(5000, 5050)]])
    cell = WIDTH / (100 + BREAK_COLUMNS)
    sessions = (
        session("ToM_Loc", after_s=100, lasts_s=200),
        session("faces_task", after_s=110, lasts_s=10),
        session("in the gap", after_s=5_000, lasts_s=600),
        session("later", after_s=50_000, lasts_s=99),
    )
    marks = drawn(summary, sessions=sessions).marks
    assert [(mark.name, mark.title.partition(":")[0]) for mark in marks] == [
        ("ToM_Loc", "ToM_Loc"),
        ("", "faces_task"),
        ("later", "later"),
    ]
    assert (marks[0].x, marks[0].width) == (round(10 * cell, 1), round(20 * cell, 1))
    assert marks[2].x == round((50 + BREAK_COLUMNS) * cell, 1)
    assert marks[2].x + LETTER_PX * len("later") < WIDTH


def test_spikes_among_thousands_of_nothing_are_seen():
    scale = Scale.of([[0.0] * 500 + [0.1, 0.4]])
    assert scale is not None
    assert [shade.text for shade in scale.shades] == ["0", "0.1", "0.4"]
    assert len({*scale.row([0.0, 0.1, 0.4])}) == 3


def test_a_higher_mean_is_never_a_darker_shade():
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    assert sorted(COLOURS, key=lightness) == list(COLOURS)
    scale = Scale.of([[3.0, 1.0, 2.0, None, 5.0]])
    assert scale is not None
    assert list(scale.row([1.0, 2.0, 3.0, 5.0])) == sorted(scale.row([1.0, 2.0, 3.0, 5.0]))


def test_what_has_a_value_has_its_shade_and_what_has_none_is_see_through(place):
    summary = summed(place, [row("A", at, float(at)) for at in range(SHADES + 1) if at != 3])
    with Image.open(io.BytesIO(image(summary, value="line_length"))) as opened:
        shown = opened.convert("RGBA")
    colours = [shown.getpixel((column, 0)) for column in range(SHADES + 1)]
    assert colours.pop(3)[3] == 0
    assert colours == [(*bytes.fromhex(colour[1:]), 255) for colour in COLOURS]


def pair(label: str, other: str, *, code: int, delta: float | None) -> dict:
    of = {"patient": "2002", "task": "ToM_Loc", "code": code, "label": label, "other": other}
    bands = dict.fromkeys(KNOWN["coherence"].values, 0.125)
    return of | {"sfreq": 500.0, "events": 4 + code, "averages": 20} | bands | {"delta": delta}


def test_a_coherence_is_drawn_as_the_channels_against_each_other(place):
    rows = [
        pair("LTG10", "LTG2", code=1, delta=0.5),
        pair("LTG10", "LTG1", code=1, delta=0.25),
        pair("LTG1", "LTG2", code=4, delta=None),
    ]
    summary = summed(place, rows, name="coherence")
    assert summary["labels"] == ["LTG1", "LTG2", "LTG10"]
    assert summary["cells"]["delta"] == [[None, None, 0.25], [None, None, 0.5], [0.25, 0.5, None]]
    picture = heat_map(summary, patient="2002", value="delta", unit="0 to 1")
    assert picture.width == picture.height
    assert [label for _, label in picture.heads] == [label for _, label in picture.rows] == list(picture.column_names)
    assert picture.table.rows[2] == ("LTG10", ("0.25", "0.5", "–"))
    assert place.json(picture_name("7/1", number=1))["cells"]["delta"] == [[None] * 3] * 3


def test_a_week_at_a_fast_rate_is_summed_in_columns_that_hold_all_of_it(place):
    """Every window falls into a column, whatever the rounding."""
    window = 0.1
    rows = [row("A", at, 1.0, window_s=window) for at in [*range(0, 6_048_000, 6007), 6_047_999]]
    summary = summed(place, rows, window_s=window)
    assert sum(each["columns"] for each in summary["stretches"]) <= COLUMNS
    start = datetime.fromisoformat(summary["stretches"][0]["start"])
    assert start == BEGIN
