import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads.errors import NotAManifest
from downloads.manifest import COLUMNS, Entry, read_csv, write_csv
from tests.downloads.made import entry


def text_of(*entries: Entry) -> str:
    file = io.StringIO(newline="")
    write_csv(file, entries)
    return file.getvalue()


def read(text: str) -> list[Entry]:
    return list(read_csv(io.StringIO(text, newline="")))


def test_the_columns_and_a_row_are_these() -> None:
    header, row, rest = text_of(entry(etag='"0123"', sessions=("a.json", "b.json"), warnings=("a gap of 2 s",))).split(
        "\n"
    )
    assert header == (
        "path,bucket,key,etag,patient,recording,channel,label,start,stop,bytes,crc32_samples,crc32_file,sessions,warnings"
    )
    assert row == (
        "s3_download/2002/day3_140500/LTG1_chunk-0.chn,edf-chunks-2002,day3_140500/LTG1_chunk-0.chn,"
        '"""0123""",2002,day3_140500,5,LTG1,2002-01-03T14:05:00.000000,2002-01-03T15:05:00.250000,4000,'
        "0badcafe,deadbeef,a.json;b.json,a gap of 2 s"
    )
    assert rest == ""


def test_what_a_recording_has_no_channel_nor_crc_for_is_blank() -> None:
    whole = entry(channel=None, label="", crc32_samples=None, crc32_file=None)
    assert ",,,2002-01-03T14:05:00.000000," in text_of(whole)
    assert read(text_of(whole)) == [whole]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(start: str) -> None:
    hostile = entry(label=f"{start}HYPERLINK(1)")
    assert f"'{start}HYPERLINK" in text_of(hostile)
    assert read(text_of(hostile)) == [hostile]


hostile_text = st.text(alphabet="'=+-@\t\r\n;\\\",a\0é", max_size=8)
items = st.lists(hostile_text.filter(bool), max_size=3).map(tuple)


@given(label=hostile_text, etag=hostile_text, sessions=items, warnings=items)
def test_any_text_comes_back_as_it_was(
    label: str, etag: str, sessions: tuple[str, ...], warnings: tuple[str, ...]
) -> None:
    written = entry(label=label, etag=etag, sessions=sessions, warnings=warnings)
    assert read(text_of(written, written)) == [written, written]


def test_it_is_utf8_with_newlines_on_any_machine(tmp_path: Path) -> None:
    file = tmp_path / "manifest.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        write_csv(opened, [entry(label="Fz µ")])
    assert "Fz µ".encode() in file.read_bytes()
    assert b"\r" not in file.read_bytes()


@pytest.mark.parametrize(
    "text",
    ["", "path,bucket\n", "<html>\n", ",".join(COLUMNS) + "\na,b\n", ",".join(COLUMNS) + "\n" + "x," * 14 + "\n"],
)
def test_something_else_is_refused(text: str) -> None:
    with pytest.raises(NotAManifest):
        read(text)


def test_a_cell_cut_in_the_middle_is_refused() -> None:
    whole = text_of(entry(label='quoted, "cell"'))
    with pytest.raises(NotAManifest, match="Line 2"):
        read(whole[: whole.index("cell")])
