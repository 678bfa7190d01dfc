"""Odd headers that are read all the same, and those without which no sample can be placed."""

import base64
import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from chunks.edf.errors import EdfDamaged
from chunks.edf.findings import Findings
from chunks.edf.header import Header, Scale
from chunks.edf.header_oddities import note_signals
from chunks.edf.header_reader import parse_header
from tests.chunks.edf.handmade import good, signal_count, spec, with_field


def parsed(recording: bytes) -> tuple[Header, dict[str, str]]:
    findings = Findings(strict=False)
    header = parse_header(recording[: 256 * (signal_count(recording) + 1)], findings=findings)
    note_signals(header, findings=findings)
    return header, {finding.code: finding.message for finding in findings}


def test_a_good_header_has_no_finding() -> None:
    header, findings = parsed(good())
    assert findings == {}
    assert header.start == dt.datetime(2002, 1, 3, 14, 5, 7)
    assert (header.kind, header.encoding, header.sample_bytes) == ("EDF+C", "ascii", 2)
    assert header.record_duration == Decimal(1)


def test_signals_are_numbered_from_1_and_placed_in_the_record() -> None:
    header, _ = parsed(good())
    assert [signal.number for signal in header.signals] == [1, 2, 3]
    assert [signal.offset_bytes for signal in header.signals] == [0, 40, 60]
    assert [signal.is_annotations for signal in header.signals] == [False, False, True]
    assert header.record_bytes == sum(signal.width_bytes for signal in header.signals)


@pytest.mark.parametrize("kind", ["EDF", "EDF+C", "EDF+D", "BDF", "BDF+C", "BDF+D"])
def test_the_kind_is_known(kind: str) -> None:
    header, _ = parsed(good(kind))
    assert header.kind == kind
    assert header.sample_bytes == (3 if kind.startswith("BDF") else 2)


def test_rates_are_fractions() -> None:
    header, _ = parsed(with_field(good("EDF", signals=[spec(samples=238)]), "record_duration", "0.23814"))
    assert header.signals[0].sfreq == Fraction(238) / Fraction("0.23814")
    assert header.record_duration_text == "0.23814"


def test_without_a_record_duration_there_is_no_rate() -> None:
    header, findings = parsed(with_field(good(), "record_duration", "0"))
    assert header.signals[0].sfreq is None
    assert "signals 1, 2" in findings["untimed-signals"]


@pytest.mark.parametrize("text", ["", "-1", "nan", "1e999", "1e9", "١", "one", "1,0,0"])
def test_a_record_duration_of_nonsense_is_damage(text: str) -> None:
    with pytest.raises(EdfDamaged, match="seconds of a data record"):
        parsed(with_field(good(), "record_duration", text))


@pytest.mark.parametrize(("text", "code"), [("0,5", "comma-decimal"), ("5E-1", "number-form"), (".5", "number-form")])
def test_a_record_duration_in_another_form_is_read_and_told(text: str, code: str) -> None:
    header, findings = parsed(with_field(good(), "record_duration", text))
    assert header.record_duration == Decimal("0.5")
    assert code in findings


@pytest.mark.parametrize("text", ["", "-20", "2.5", "12 13", "1e3", "٣"])
def test_samples_per_record_of_nonsense_are_damage(text: str) -> None:
    with pytest.raises(EdfDamaged, match="samples per record of signal 2"):
        parsed(with_field(good(), "samples_per_record", text, signal=2))


def test_samples_per_record_with_a_point_are_read_and_told() -> None:
    header, findings = parsed(with_field(good(), "samples_per_record", "10.0", signal=2))
    assert header.signals[1].samples_per_record == 10
    assert "signal 2" in findings["number-form"]


@pytest.mark.parametrize("text", ["0", "-1", "", "abc", "1.5"])
def test_a_number_of_signals_of_nonsense_is_damage(text: str) -> None:
    with pytest.raises(EdfDamaged, match="number of its signals"):
        parse_header(with_field(good(), "signals", text)[:256], findings=Findings(strict=False))


def test_a_message_quotes_no_name_and_no_date() -> None:
    for text in ("Doe", "12.03.17"):
        with pytest.raises(EdfDamaged) as caught:
            parsed(with_field(good(), "record_duration", text))
        assert text not in str(caught.value)


def test_the_four_digit_year_of_edf_plus_wins() -> None:
    recording = with_field(good(), "recording", "Startdate 03-JAN-1902 X X X")
    header, findings = parsed(recording)
    assert header.start == dt.datetime(1902, 1, 3, 14, 5, 7)
    assert header.start_source == "startdate field"
    assert "start-dates-differ" not in findings


@pytest.mark.parametrize(("text", "day"), [("04-JAN-2002", dt.date(2002, 1, 4)), ("03-JAN-2003", dt.date(2003, 1, 3))])
def test_start_dates_that_differ_are_told_without_them(text: str, day: dt.date) -> None:
    header, findings = parsed(with_field(good(), "recording", f"Startdate {text} X X X"))
    assert header.start == dt.datetime.combine(day, dt.time(14, 5, 7))
    assert "200" not in findings["start-dates-differ"]


def test_a_date_of_yy_is_taken_from_the_startdate_field() -> None:
    recording = with_field(with_field(good(), "start_date", "03.01.yy"), "recording", "Startdate 03-JAN-2085 X X X")
    header, _ = parsed(recording)
    assert header.start == dt.datetime(2085, 1, 3, 14, 5, 7)


@pytest.mark.parametrize(
    ("field", "text"), [("start_date", "00.00.00"), ("start_time", "14.05.61"), ("start_time", "")]
)
def test_an_impossible_date_or_time_gives_no_start(field: str, text: str) -> None:
    recording = with_field(with_field(good("EDF"), "recording", "Startdate X X X X"), field, text)
    assert parsed(recording)[0].start is None


def test_midnight_is_a_time() -> None:
    assert parsed(with_field(good(), "start_time", "00.00.00"))[0].start == dt.datetime(2002, 1, 3)


def test_a_time_with_colons_is_read_and_told() -> None:
    header, findings = parsed(with_field(good(), "start_time", "14:05:07"))
    assert header.start == dt.datetime(2002, 1, 3, 14, 5, 7)
    assert "start-form" in findings


@pytest.mark.parametrize(("raw", "text", "encoding"), [("µV".encode(), "µV", "utf-8"), (b"\xb5V", "µV", "latin-1")])
def test_texts_that_are_not_ascii_are_read_and_kept_raw(raw: bytes, text: str, encoding: str) -> None:
    header, findings = parsed(with_field(good(), "unit", raw, signal=1))
    assert header.signals[0].unit == text
    assert header.encoding == encoding
    assert "header-encoding" in findings
    assert {name: base64.b64encode(kept) for name, kept in header.signals[0].raw.items()} == {
        "unit": base64.b64encode(raw.ljust(8))
    }
    assert header.signals[1].raw == {}


def test_texts_stay_as_written() -> None:
    recording = with_field(good(), "physical_maximum", "3200.000", signal=1)
    recording = with_field(recording, "prefilter", "HP:0.1Hz  LP:75Hz", signal=1)
    signal = parsed(recording)[0].signals[0]
    assert signal.physical_maximum == "3200.000"
    assert signal.prefilter == "HP:0.1Hz  LP:75Hz"


def test_nuls_in_place_of_blanks_are_stripped_and_told() -> None:
    header, findings = parsed(with_field(good(), "label", b"LTG1".ljust(16, b"\0"), signal=1))
    assert header.signals[0].label == "LTG1"
    assert "header-padding" in findings


@pytest.mark.parametrize(("name", "text"), [("physical_minimum", "3200"), ("digital_maximum", "-32768")])
def test_equal_limits_give_no_scale(name: str, text: str) -> None:
    header, findings = parsed(with_field(good(), name, text, signal=2))
    assert header.signals[1].scale is None
    assert "signal 2" in findings["limits-equal"]


@pytest.mark.parametrize("text", ["", "abc", "1,000.5", "nan"])
def test_limits_of_nonsense_give_no_scale(text: str) -> None:
    header, findings = parsed(with_field(good(), "physical_minimum", text, signal=1))
    assert header.signals[0].scale is None
    assert "signal 1" in findings["limits-unreadable"]


def test_inverted_physical_limits_are_a_negative_gain_and_no_finding() -> None:
    recording = with_field(
        with_field(good(), "physical_minimum", "3200", signal=1), "physical_maximum", "-3200", signal=1
    )
    header, findings = parsed(recording)
    scale = header.signals[0].scale
    assert scale == Scale(gain=Fraction(-6400, 65535), offset=3200 - Fraction(-6400, 65535) * -32768)
    assert findings == {}


def test_a_comma_in_a_limit_is_a_dot() -> None:
    header, findings = parsed(with_field(good(), "physical_maximum", "3199,9", signal=1))
    assert header.signals[0].scale is not None
    assert header.signals[0].scale.gain == Fraction("6399.9") / 65535
    assert "signal 1" in findings["comma-decimal"]


def test_inverted_digital_limits_are_told() -> None:
    recording = with_field(with_field(good(), "digital_minimum", "100", signal=1), "digital_maximum", "-100", signal=1)
    assert "signal 1" in parsed(recording)[1]["digital-limits-inverted"]


def test_empty_and_shared_labels_are_told() -> None:
    specs = [spec("ECG"), spec("ECG"), spec("")]
    _, findings = parsed(good(signals=specs))
    assert "signals 1, 2" in findings["duplicate-labels"]
    assert "signal 3" in findings["empty-labels"]


@pytest.mark.parametrize("label", ["../../etc", "a/b", "v'1", "T8-P8", "0.2Hz Blk 1/0uV", '<b>"x"'])
def test_hostile_labels_are_kept_as_they_are(label: str) -> None:
    assert parsed(good(signals=[spec(label)]))[0].signals[0].label == label


def test_a_signal_without_samples_is_told() -> None:
    assert "signal 2" in parsed(with_field(good(), "samples_per_record", "0", signal=2))[1]["empty-signals"]


def test_people_and_dates_do_not_show() -> None:
    recording = with_field(good(), "patient", "MCH-0234567 F 02-MAY-1951 Haagse_Harry")
    header, _ = parsed(recording)
    assert header.identity.name == "Haagse_Harry"
    for secret in ("Harry", "1951", "MCH", "2002"):
        assert secret not in repr(header)


@pytest.mark.parametrize(("field", "code"), [("patient", "patient-field"), ("recording", "recording-field")])
def test_edf_plus_without_its_subfields_is_told(field: str, code: str) -> None:
    assert code in parsed(with_field(good(), field, "26.08.23"))[1]
    assert code not in parsed(with_field(good("EDF"), field, "26.08.23"))[1]


def test_annotation_signals_are_known_by_label_alone() -> None:
    header, findings = parsed(with_field(good(), "reserved", ""))
    assert header.signals[2].is_annotations
    assert "annotations-in-plain-file" in findings


def test_edf_plus_without_annotation_signal_is_told() -> None:
    _, findings = parsed(with_field(good("EDF"), "reserved", "EDF+C"))
    assert "no-annotation-signal" in findings
