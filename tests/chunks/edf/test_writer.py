"""What our writer writes: by the letter, read back by us and by two other libraries, and nothing cut in silence."""

import datetime as dt
import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pyedflib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chunks.edf.errors import NotWritable
from chunks.edf.identity import format_identity
from chunks.edf.packing import AnnotationSpec
from chunks.edf.reader import open_edf
from chunks.edf.signal_spec import SignalSpec
from chunks.edf.writer import write_edf
from tests.chunks.edf.handmade import START, good, noise, saved, spec, with_field

EVENTS = (
    AnnotationSpec(Decimal("0.5"), "first"),
    AnnotationSpec(Decimal("0.5"), "ictal 发作", duration=Decimal("1.25")),
    AnnotationSpec(Decimal("3.75"), "spike", signal="LTG1"),
    AnnotationSpec(Decimal(90), "after the end"),
)


def header_text(content: bytes, first: int, width: int) -> str:
    return content[first : first + width].decode("ascii")


def test_the_header_is_that_of_the_specification() -> None:
    content = good("EDF+C", patient=format_identity(code="2002"))
    assert header_text(content, 0, 8) == "0       "
    assert header_text(content, 8, 80) == "2002 X X X".ljust(80)
    assert header_text(content, 88, 80) == "Startdate 03-JAN-2002 X X X".ljust(80)
    assert header_text(content, 168, 16) == "03.01.0214.05.07"
    assert header_text(content, 184, 8) == "1024    "
    assert header_text(content, 192, 44) == "EDF+C".ljust(44)
    assert header_text(content, 236, 16) == "5       1       "
    assert header_text(content, 252, 4) == "3   "
    assert header_text(content, 256, 48) == "LTG1".ljust(16) + "LTG2".ljust(16) + "EDF Annotations "
    assert all(32 <= byte < 127 for byte in content[:1024])


def test_bdf_begins_with_its_own_version() -> None:
    assert good("BDF")[:8] == b"\xffBIOSEMI"
    assert header_text(good("BDF"), 192, 8) == "24BIT   "
    assert b"BDF Annotations " in good("BDF+C")[:1024]


def test_each_record_begins_its_annotations_with_its_time() -> None:
    content = good("EDF+C", records=3, start=START.replace(microsecond=394_500), record_duration=Decimal("0.5"))
    marks = re.findall(rb"\+[0-9.]+\x14\x14\0", content[1024:])
    assert marks == [b"+0.3945\x14\x14\0", b"+0.8945\x14\x14\0", b"+1.3945\x14\x14\0"]


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D", "BDF+C", "BDF+D"])
def test_annotations_come_back(tmp_path: Path, kind: str) -> None:
    with open_edf(saved(tmp_path, good(kind, annotations=EVENTS))) as edf:
        events = list(edf.annotations())
    assert [(event.onset_us, event.duration_us, event.text, event.signal, event.record) for event in events] == [
        (500_000, None, "first", None, 0),
        (500_000, 1_250_000, "ictal 发作", None, 0),
        (3_750_000, None, "spike", "LTG1", 3),
        (90_000_000, None, "after the end", None, 4),
    ]


def test_annotations_that_do_not_fit_one_record_go_into_later_ones(tmp_path: Path) -> None:
    onsets = [Decimal(0), Decimal(1), Decimal(50)]
    events = [AnnotationSpec(Decimal(second), f"event {second}") for second in (60, 40, 2, 0)]
    with open_edf(saved(tmp_path, good("EDF+D", records=3, onsets=onsets, annotations=events))) as edf:
        placed = [(event.text, event.record) for event in edf.annotations()]
    assert placed == [("event 0", 0), ("event 2", 2), ("event 40", 2), ("event 60", 2)]


def test_annotations_that_fit_nowhere_are_refused() -> None:
    events = [AnnotationSpec(Decimal(second), "x" * 50) for second in range(100, 160)]
    with pytest.raises(NotWritable, match="annotations do not fit"):
        good(annotations=events)


@pytest.mark.parametrize(("kind", "bits"), [("EDF", 16), ("EDF+C", 16), ("BDF", 24), ("BDF+C", 24)])
def test_pyedflib_and_edfio_read_the_same_samples(tmp_path: Path, kind: str, bits: int) -> None:
    data = noise([20, 10], records=6, bits=bits)
    extra: dict[str, Any] = {"annotations": EVENTS[:1]} if "+" in kind else {}
    path = saved(tmp_path, good(kind, data=data, **extra))
    expected = [np.concatenate([record[place] for record in data]) for place in range(2)]
    with pyedflib.EdfReader(str(path)) as reader:
        assert reader.getStartdatetime() == START
        assert [list(reader.readSignal(place, digital=True)) for place in range(2)] == [list(each) for each in expected]
        assert [*reader.readAnnotations()[2]] == [event.text for event in extra.get("annotations", ())]
    other = edfio.read_edf(path) if kind.startswith("EDF") else edfio.read_bdf(path)
    assert [np.array_equal(signal.digital, each) for signal, each in zip(other.signals, expected, strict=True)] == [
        True
    ] * 2
    assert [event.text for event in other.annotations] == [event.text for event in extra.get("annotations", ())]


def test_edfio_reads_the_same_gaps(tmp_path: Path) -> None:
    onsets = [Decimal(text) for text in ("0", "1", "5.5")]
    other = edfio.read_edf(saved(tmp_path, good("EDF+D", records=3, onsets=onsets)))
    assert not other.is_continuous


def test_a_copied_signal_is_written_as_its_header_had_it(tmp_path: Path) -> None:
    content = with_field(good("EDF"), "physical_maximum", "3200.700", signal=1)
    content = with_field(with_field(content, "physical_minimum", "", signal=2), "prefilter", "HP:0.1Hz", signal=2)
    with open_edf(saved(tmp_path, content)) as edf:
        specs = [SignalSpec.copy_of(signal) for signal in edf.signals]
        data = [
            [edf.samples(signal, first_record=record, records=1) for signal in edf.signals]
            for record in range(edf.records)
        ]
    assert good("EDF", signals=specs, data=data) == content


def test_a_path_is_written_beside_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(b"old")

    def records() -> Any:
        yield from noise([20], records=3)
        assert path.read_bytes() == b"old"
        raise RuntimeError("the source failed")

    options: dict[str, Any] = {"kind": "EDF", "signals": [spec()], "record_duration": Decimal(1), "start": START}
    with pytest.raises(RuntimeError):
        write_edf(path, records=records(), **options)
    assert [each.name for each in tmp_path.iterdir()] == ["a.edf"]
    assert path.read_bytes() == b"old"
    assert write_edf(path, records=noise([20], records=3), **options) == 3
    assert [each.name for each in tmp_path.iterdir()] == ["a.edf"]


def test_a_file_is_written_from_where_it_stands() -> None:
    file = io.BytesIO()
    file.write(b"before")
    write_edf(
        file, kind="EDF", signals=[spec()], records=noise([20], records=2), record_duration=Decimal(1), start=START
    )
    file.write(b"after")
    assert file.getvalue() == b"before" + good("EDF", signals=[spec()], records=2) + b"after"


def test_an_annotations_only_file_may_have_no_record_duration(tmp_path: Path) -> None:
    content = good("EDF+C", signals=[], data=[[]], record_duration=Decimal(0), annotations=EVENTS[:2])
    with open_edf(saved(tmp_path, content)) as edf:
        assert [event.text for event in edf.annotations()] == ["first", "ictal 发作"]
        assert edf.signals == ()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"start": dt.datetime(1984, 1, 1)}, "1984"),
        ({"kind": "EDF", "start": START.replace(microsecond=1)}, "whole seconds"),
        ({"start": START.replace(tzinfo=dt.UTC)}, "time zone"),
        ({"kind": "EDF", "annotations": EVENTS}, "no annotations"),
        ({"kind": "EDF", "onsets": [Decimal(0)] * 5}, "no onsets|no annotations"),
        ({"onsets": [Decimal(each) for each in (0, 1, 2, 3, 5)]}, "no gaps"),
        ({"kind": "EDF+D", "onsets": [Decimal(0)] * 4}, "onsets"),
        ({"kind": "EDF+D", "onsets": [Decimal(0)] * 6}, "onsets"),
        ({"record_duration": Decimal("0.123456789")}, "characters"),
        ({"record_duration": Decimal(0)}, "duration of 0"),
        ({"record_duration": Decimal(-1)}, "at least 0"),
        ({"record_duration": Decimal("NaN")}, "at least 0"),
        ({"patient": "Haagse Harry"}, "subfields"),
        ({"recording": "26.08.23"}, "subfields"),
        ({"patient": "X X X M\u00fcller"}, "ASCII"),
        ({"signals": [spec("a label of 17 chr")]}, "label"),
        ({"signals": [spec("EDF Annotations")]}, "label of an annotation"),
        ({"signals": [spec(samples=0)]}, "at least one sample"),
        ({"signals": [spec(physical_minimum=3200)]}, "physical"),
        ({"signals": [spec(digital_minimum=5, digital_maximum=5)]}, "digital"),
        ({"signals": [spec(digital_minimum=-40000)]}, "digital"),
        ({"signals": [spec(physical_minimum="none")]}, "no number"),
        ({"signals": [spec(physical_minimum=Decimal("-3276.70001"))]}, "characters"),
        ({"kind": "EDF", "signals": [], "data": [[]]}, "no signal"),
        ({"data": iter([])}, "no data record"),
        ({"data": [[np.zeros(20, np.int16)]]}, "has 1 signals"),
        ({"data": [[np.zeros(20, np.int16), np.zeros(9, np.int16)]]}, "samples of a signal"),
        ({"data": [[np.full(20, 40000), np.zeros(10, np.int16)]]}, "whole numbers"),
        ({"data": [[np.zeros(20), np.zeros(10)]]}, "whole numbers"),
        ({"annotations": [AnnotationSpec(Decimal(0), "")]}, "without a text"),
    ],
)
def test_what_the_format_cannot_say_is_refused(options: dict[str, Any], what: str) -> None:
    with pytest.raises(NotWritable, match=what):
        good(**({"kind": "EDF+C"} | options))


def test_a_file_that_cannot_seek_is_refused() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(NotWritable, match="seekable"):
        write_edf(
            Pipe(),
            kind="EDF",
            signals=[spec()],
            records=noise([20], records=1),
            record_duration=Decimal(1),
            start=START,
        )


PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126)
WORDS = st.text(PRINTABLE, max_size=14).filter(lambda text: "annotations" not in text.lower())


@st.composite
def recordings(draw: st.DrawFn) -> dict[str, Any]:
    """Draw everything that can be said of a small recording, gaps included."""
    kind = draw(st.sampled_from(["EDF", "EDF+C", "EDF+D", "BDF", "BDF+C", "BDF+D"]))
    bits = 24 if kind.startswith("BDF") else 16
    counts = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    records = draw(st.integers(1, 6))
    low = draw(st.integers(-30000, 29000))
    signals = [
        SignalSpec(
            label=draw(WORDS),
            samples_per_record=count,
            physical_minimum=Decimal(low).scaleb(-1),
            physical_maximum=draw(st.integers(30000, 99999)),
            digital_minimum=low,
            digital_maximum=low + draw(st.integers(1, 2000)),
            unit=draw(WORDS)[:8],
            transducer=draw(WORDS),
            prefilter=draw(WORDS),
        )
        for count in counts
    ]
    duration = draw(st.decimals("0.001", 5000, places=3))
    start = draw(st.datetimes(dt.datetime(1985, 1, 1), dt.datetime(2084, 12, 31)))
    made = {
        "kind": kind,
        "signals": signals,
        "data": noise(counts, records=records, bits=bits, seed=draw(st.integers(0, 99))),
        "record_duration": duration,
        "start": start if "+" in kind else start.replace(microsecond=0),
    }
    if kind.endswith("D"):
        gaps = draw(st.lists(st.integers(0, 50), min_size=records, max_size=records))
        made["onsets"] = [record * duration + sum(gaps[1 : record + 1]) * 2 * duration for record in range(records)]
    return made


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recordings())
def test_whatever_is_written_is_read_again(tmp_path: Path, made: dict[str, Any]) -> None:
    with open_edf(saved(tmp_path, good(**made))) as edf:
        assert edf.header.kind == made["kind"]
        assert edf.start == made["start"]
        assert edf.header.record_duration == made["record_duration"]
        for place, (signal, written) in enumerate(zip(edf.signals, made["signals"], strict=True)):
            assert (signal.label, signal.unit, signal.transducer, signal.prefilter) == (
                written.label,
                written.unit,
                written.transducer,
                written.prefilter,
            )
            assert [Decimal(text) for text in signal.limits] == [
                written.physical_minimum,
                written.physical_maximum,
                written.digital_minimum,
                written.digital_maximum,
            ]
            assert np.array_equal(edf.samples(signal), np.concatenate([record[place] for record in made["data"]]))
        onsets = made.get("onsets", [record * made["record_duration"] for record in range(edf.records)])
        for stretch in edf.stretches:
            for record in range(stretch.records):
                offset_us = onsets[stretch.first_record + record] * 1_000_000
                assert edf.record_us(stretch, record=record) == offset_us
