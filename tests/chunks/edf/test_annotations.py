"""Events of whole files: encodings, channels, lists as vendors write them, bad lists among good ones."""

import io
import tracemalloc
from pathlib import Path

import pytest

from chunks.edf.annotations import Annotation
from chunks.edf.errors import SpecDeviation
from chunks.edf.reader import open_edf
from tests.chunks.edf.handmade import by_hand, saved, with_lists


def read(folder: Path, lists: list[bytes], **texts: str) -> tuple[list[Annotation], dict[str, str]]:
    with open_edf(saved(folder, with_lists(lists, **texts))) as edf:
        events = list(edf.annotations())
        return events, {finding.code: finding.message for finding in edf.findings}


def test_events_come_with_their_record_and_count_from_the_headers_start(tmp_path: Path) -> None:
    events, findings = read(tmp_path, [b"+0.5\x14\x14\0+0.75\x14a\x14", b"+1.5\x14\x14\0+0.6\x152.5\x14b\x14c\x14\0"])
    assert [(event.onset_us, event.duration_us, event.text, event.record) for event in events] == [
        (750_000, None, "a", 0),
        (600_000, 2_500_000, "b", 1),
        (600_000, 2_500_000, "c", 1),
    ]
    assert findings == {}


def test_a_text_in_the_time_keeping_list_is_an_event(tmp_path: Path) -> None:
    events, _ = read(tmp_path, [b"+0\x14\x14Recording starts\x14"])
    assert [(event.onset_us, event.text) for event in events] == [(0, "Recording starts")]


def test_texts_are_utf8_and_else_latin1_one_by_one(tmp_path: Path) -> None:
    events, findings = read(tmp_path, [b"+0\x14\x14\0+1\x14" + "仰卧".encode() + b"\x14\0+2\x14Anf\xe4lle\x14"])
    assert [(event.text, event.encoding) for event in events] == [("仰卧", "utf-8"), ("Anfälle", "latin-1")]
    assert findings["annotations-latin-1"].startswith("1 ")


def test_a_text_about_one_channel_is_linked_to_it(tmp_path: Path) -> None:
    events, _ = read(tmp_path, [b"+0\x14\x14\0+1\x14spike@@LTG1\x14mail a@@b\x14@@LTG1\x14"])
    assert [(event.text, event.signal) for event in events] == [("spike", "LTG1"), ("mail a@@b", None), ("", "LTG1")]


def test_nihon_kohden_lists_without_a_nul_are_told_apart(tmp_path: Path) -> None:
    events, findings = read(
        tmp_path, [b"+0.000000\x14\x14+0.000000\x14REC START\x14", b"+1.000000\x14\x14+1.140000\x14A1+A2 OFF\x14"]
    )
    assert [(event.onset_us, event.text) for event in events] == [(0, "REC START"), (1_140_000, "A1+A2 OFF")]
    assert findings["annotation-lists-run-together"].startswith("2 ")


def test_onsets_left_as_texts_by_another_reader_are_dropped_with_a_count(tmp_path: Path) -> None:
    events, findings = read(
        tmp_path, [b"+0\x14\x14\0+0\x14+0.000000\x14\0+0\x14REC START\x14", b"+1\x14\x14\0+1\x14+1.140000\x14"]
    )
    assert [event.text for event in events] == ["REC START"]
    assert findings["onset-texts-dropped"].startswith("2 ")


@pytest.mark.parametrize("bad", [b"garbage", b"\x14\x14", b"++1\x14x\x14", b"+1"])
def test_a_malformed_list_is_skipped_and_the_rest_kept(tmp_path: Path, bad: bytes) -> None:
    events, findings = read(tmp_path, [b"+0\x14\x14\0" + bad + b"\0+1\x14kept\x14\0\0\0+2\x14too\x14"])
    assert [event.text for event in events] == ["kept", "too"]
    assert findings["malformed-annotations"].startswith("1 ")


def test_findings_count_one_reading_not_several(tmp_path: Path) -> None:
    with open_edf(saved(tmp_path, with_lists([b"+0\x14\x14\0garbage"]))) as edf:
        assert edf.findings == ()
        for _ in range(2):
            assert list(edf.annotations()) == []
            assert len(edf.findings) == 1


@pytest.mark.parametrize("odd", [b"garbage", b"+1\x14Anf\xe4lle\x14", b"+1\x14\x14+1.5\x14x\x14"])
def test_strict_reading_refuses_odd_lists(tmp_path: Path, odd: bytes) -> None:
    with (
        open_edf(saved(tmp_path, with_lists([b"+0\x14\x14\0" + odd])), strict=True) as edf,
        pytest.raises(SpecDeviation),
    ):
        list(edf.annotations())


def test_events_of_bdf_plus_are_read(tmp_path: Path) -> None:
    records = [[b"\1\0\0" * 4, b"+0\x14\x14\0+0.5\x14x\x14\0".ljust(21, b"\0")]]
    content = by_hand(records, labels=["A", "BDF Annotations"], sample_bytes=3, reserved="BDF+C")
    content = b"\xffBIOSEMI" + content[8:]
    with open_edf(saved(tmp_path, content)) as edf:
        assert [(event.onset_us, event.text) for event in edf.annotations()] == [(500_000, "x")]


def test_memory_does_not_grow_with_an_annotation_signal(tmp_path: Path) -> None:
    """40 MB of one record: ordinary lists, then a list that never ends."""
    lists = (b"+1\x14" + b"t" * 300 + b"\x14\0") * 50_000
    body = b"+0\x14\x14\0" + lists + b"+2\x14" + b"3\x14" * 12_000_000
    content = by_hand([[body + b"\0" * (len(body) % 2)]], labels=["EDF Annotations"], record_duration="0")
    path = saved(tmp_path, content)
    del lists, body, content
    count = 0
    with open_edf(path) as edf:
        tracemalloc.start()
        for _ in edf.annotations():
            count += 1
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        (finding,) = (finding for finding in edf.findings if finding.code == "malformed-annotations")
    assert finding.message.startswith("1 ")
    assert count == 50_000
    assert peak < 16_000_000


def test_an_event_stands_on_its_own_in_a_list_longer_than_a_piece(tmp_path: Path) -> None:
    """Lists that lie across the pieces in which a wide signal is read come whole."""
    body = io.BytesIO()
    body.write(b"+0\x14\x14\0")
    for place in range(90_000):
        body.write(f"+{place}\x14event {place}\x14\0".encode())
    raw = body.getvalue()
    content = by_hand([[raw + b"\0" * (len(raw) % 2)]], labels=["EDF Annotations"], record_duration="0")
    with open_edf(saved(tmp_path, content)) as edf:
        events = [(event.onset_us // 1_000_000, event.text) for event in edf.annotations()]
    assert events == [(place, f"event {place}") for place in range(90_000)]
