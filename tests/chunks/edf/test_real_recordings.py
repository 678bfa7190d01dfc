"""Real files of many makers: each opens or is refused as it deserves, and gives the samples that others read.

The second reader is pyedflib, edfio where that refuses, and the file's own bytes where both do. It is no second opinion
on annotations of Nihon Kohden, whose missing NULs neither knows.
"""

import datetime as dt
import re
import warnings
from dataclasses import dataclass, field
from fractions import Fraction

import edfio
import numpy as np
import pyedflib
import pytest

from chunks.edf.errors import EdfError, NoData, SpecDeviation
from chunks.edf.reader import Edf, open_edf
from tests.recordings import RECORDINGS, needs_recordings

pytestmark = needs_recordings


@dataclass(frozen=True)
class Known:
    """What is known of a recording from its bytes alone."""

    kind: str
    signals: int
    annotation_signals: int
    rates: tuple[str, ...]
    records: int
    duration: str
    start: str
    annotations: int
    stretches: int = 1
    warnings: frozenset[str] = field(default=frozenset())


KNOWN = {
    "annotations__S001R01.edf": Known("EDF+C", 64, 1, ("160",), 61, "1", "2009-08-12T16:15:00", 1),
    "annotations__utf8.edf": Known("EDF+C", 11, 1, ("200",), 10, "1", "2009-12-10T12:44:02", 2),
    "annotations_only__SC4001EC-Hypnogram.edf": Known("EDF+C", 0, 1, (), 1, "0", "1989-04-24T16:13:00", 154),
    "awkward__derived_duplicate_labels.edf": Known("EDF+C", 2, 1, ("250",), 256, "0.1", "2018-08-27T11:25:11", 1),
    "awkward__n_records_minus1.edf": Known(
        "EDF", 3, 0, ("256",), 16, "1", "2005-01-31T20:06:46", 0, warnings=frozenset({"records-counted"})
    ),
    "bdf__biosemi_256.bdf": Known("BDF", 17, 0, ("256",), 60, "1", "2001-11-05T19:38:42", 0),
    "bdf__stim_channel.bdf": Known("BDF", 4, 0, ("500",), 10, "1", "2015-03-19T08:04:01", 0),
    "clinical__MB0400FU.EDF": Known("EDF+D", 25, 1, ("200",), 29, "1", "2019-04-03T16:00:16", 2),
    "clinical__nk_1200A_chtypes.edf": Known("EDF+C", 42, 1, ("200",), 5, "1", "2015-11-19T19:33:09", 5),
    "ecog_seeg__sample_seeg.edf": Known("EDF+C", 98, 1, ("1000",), 200, "0.1", "2000-01-01T12:01:01", 3),
    "edfD__edfPlusD.edf": Known("EDF+D", 11, 1, ("200",), 11, "1", "2009-12-10T12:44:02", 1, stretches=6),
    "edfD__resmed_EVE_zero_duration.edf": Known(
        "EDF+D", 1, 1, (), 2, "0", "2023-08-29T23:27:54", 2, warnings=frozenset({"untimed-signals"})
    ),
    "labels__biotrace_colon.edf": Known("EDF+C", 1, 1, ("2048",), 60, "1", "2000-01-01T00:00:00", 4),
    "labels__slash_uneven_rates.edf": Known("EDF", 2, 0, ("12.8", "100"), 11, "10", "2000-07-13T12:05:48", 0),
    "long__eeg_bm65_85min.edf": Known("EDF+C", 4, 1, ("3781/60",), 85, "60", "2018-01-04T08:36:29", 0),
    "long__pulseox_101min_4s_records.edf": Known("EDF+C", 3, 1, ("1/4",), 1521, "4", "2023-08-26T03:39:14", 0),
    "long__resmed_BRP_111min.edf": Known("EDF", 3, 0, ("1/60", "25"), 111, "60", "2023-08-31T23:40:39", 0),
    "psg_multirate__Osas2002plusQRS.edf": Known("EDF+C", 17, 1, ("0.1", "100"), 120, "10", "1998-07-02T00:45:00", 1556),
    "psg_multirate__short_psg.edf": Known("EDF", 7, 0, ("1", "100"), 10, "30", "1989-04-24T16:13:00", 0),
    "small__egi_edfp-sample.edf": Known("EDF+C", 2, 1, ("250",), 256, "0.1", "2018-08-27T11:25:11", 1),
    "subsecond__test_subsecond.edf": Known("EDF+C", 1, 1, ("128",), 698, "1", "2020-01-24T04:05:56.394531", 4),
}


def second_reading(edf: Edf, name: str) -> list[np.ndarray]:
    """Give the digital samples of every ordinary signal as another reader has them."""
    path = RECORDINGS / name
    try:
        with pyedflib.EdfReader(str(path), annotations_mode=pyedflib.DO_NOT_READ_ANNOTATIONS) as reader:
            return [reader.readSignal(place, digital=True) for place in range(reader.signals_in_file)]
    except OSError as refusal:
        assert re.search("discontinuous|not EDF", str(refusal))  # noqa: PT017  it decides who is asked next
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        return [signal.digital for signal in edfio.read_edf(path).signals]


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_an_accepted_recording_is_read_as_its_bytes_say(name: str) -> None:
    known = KNOWN[name]
    with open_edf(RECORDINGS / name) as edf:
        annotations = list(edf.annotations())
        assert edf.header.kind == known.kind
        assert (len(edf.signals), len(edf.annotation_signals)) == (known.signals, known.annotation_signals)
        assert {signal.sfreq for signal in edf.timed_signals} == {Fraction(rate) for rate in known.rates}
        assert (edf.records, edf.header.record_duration) == (known.records, Fraction(known.duration))
        assert edf.start == dt.datetime.fromisoformat(known.start)
        assert len(edf.stretches) == known.stretches
        assert len(annotations) == known.annotations
        assert {finding.code for finding in edf.findings if finding.severity == "warning"} == known.warnings
        assert not edf.truncated
        if known.stretches == 1:
            assert edf.end_us == known.records * Fraction(known.duration) * 1_000_000


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_samples_are_those_of_a_second_reader(name: str) -> None:
    with open_edf(RECORDINGS / name) as edf:
        others = second_reading(edf, name)
        assert len(others) == len(edf.signals)
        for signal, other in zip(edf.signals, others, strict=True):
            samples = edf.samples(signal)
            assert samples.size == edf.records * signal.samples_per_record
            assert np.array_equal(samples, other)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_samples_are_those_of_the_bytes(name: str) -> None:
    """A reading that shares nothing with ours: the whole file at once, cut by Python alone."""
    raw = (RECORDINGS / name).read_bytes()
    with open_edf(RECORDINGS / name) as edf:
        width, begin = edf.header.sample_bytes, 256 * (len(edf.header.signals) + 1)
        starts = range(begin, begin + edf.records * edf.record_bytes, edf.record_bytes)
        for signal in edf.signals[:3] + edf.signals[-1:]:
            data = b"".join(raw[at + signal.offset_bytes :][: signal.samples_per_record * width] for at in starts)
            values = [int.from_bytes(data[at : at + width], "little", signed=True) for at in range(0, len(data), width)]
            assert edf.samples(signal).tolist() == values


def test_a_header_without_data_is_refused() -> None:
    with pytest.raises(NoData):
        open_edf(RECORDINGS / "awkward__zero_data_records.edf")


def test_every_shared_recording_has_its_verdict_here() -> None:
    files = {path.name for path in RECORDINGS.iterdir() if path.suffix.lower() in {".edf", ".bdf"}}
    assert files == {*KNOWN, "awkward__zero_data_records.edf"}


def test_the_gaps_of_a_discontinuous_recording() -> None:
    with open_edf(RECORDINGS / "edfD__edfPlusD.edf") as edf:
        places = [(stretch.first_record, stretch.offset_us // 1_000_000) for stretch in edf.stretches]
    assert places[:3] == [(0, 0), (1, 2), (2, 4)]
    assert len(places) == 6
    assert edf.end_us == 20_000_000


def test_an_event_of_nihon_kohden_is_where_the_makers_own_file_has_it() -> None:
    with open_edf(RECORDINGS / "clinical__MB0400FU.EDF") as edf:
        events = [(event.onset_us, event.text) for event in edf.annotations()]
        codes = {finding.code for finding in edf.findings}
    assert events == [(0, "Segment: REC START ALLE EEG"), (1_140_000, "A1+A2 OFF")]
    assert "annotation-lists-run-together" in codes


def test_a_recording_saved_again_by_a_reader_that_did_not_know_loses_its_junk() -> None:
    with open_edf(RECORDINGS / "clinical__nk_1200A_chtypes.edf") as edf:
        texts = [event.text for event in edf.annotations()]
        (dropped,) = (finding for finding in edf.findings if finding.code == "onset-texts-dropped")
    assert len(texts) == 5
    assert not any(text.startswith("+") for text in texts)
    assert dropped.message.startswith("3 ")


def test_texts_that_are_not_utf8_are_latin1() -> None:
    with open_edf(RECORDINGS / "labels__biotrace_colon.edf") as edf:
        texts = {event.text: event.encoding for event in edf.annotations()}
    assert texts["RS232 Trigger: 177('±')"] == "latin-1"
    assert texts["RS232 Trigger: 113('q')"] == "utf-8"


def test_labels_stay_as_written() -> None:
    with open_edf(RECORDINGS / "ecog_seeg__sample_seeg.edf") as edf:
        assert edf.signals[0].label == "L'1"
    with open_edf(RECORDINGS / "labels__slash_uneven_rates.edf") as edf:
        assert [signal.label for signal in edf.signals] == ["3Hz +5/-5 V", "0.2Hz Blk 1/0uV"]


@pytest.mark.parametrize("name", ["annotations__S001R01.edf", "bdf__biosemi_256.bdf", "psg_multirate__short_psg.edf"])
def test_recordings_by_the_letter_pass_strict_reading(name: str) -> None:
    with open_edf(RECORDINGS / name, strict=True) as edf:
        assert list(edf.annotations()) is not None


@pytest.mark.parametrize(
    "name", ["awkward__n_records_minus1.edf", "clinical__MB0400FU.EDF", "edfD__resmed_EVE_zero_duration.edf"]
)
def test_recordings_not_by_the_letter_fail_strict_reading(name: str) -> None:
    with pytest.raises(SpecDeviation):
        open_edf(RECORDINGS / name, strict=True)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_no_person_and_no_date_shows_in_findings_or_repr(name: str) -> None:
    with open_edf(RECORDINGS / name) as edf:
        list(edf.annotations())
        said = " ".join(finding.message for finding in edf.findings) + repr(edf.header) + repr(edf.identity)
        who, by_whom = edf.identity, edf.header.recording
    secrets = (who.name, who.birth_date, who.code, who.text, by_whom.technician, by_whom.text)
    for secret in (*secrets, edf.start.date().isoformat()):
        assert not secret or len(secret) < 4 or secret not in said
    assert name not in said


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_recording_cut_off_anywhere_is_refused_or_read_as_far_as_it_goes(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = (RECORDINGS / name).read_bytes()
    path = tmp_path_factory.mktemp("cut") / "cut.edf"
    path.write_bytes(raw[: len(raw) * 2 // 3 + 1])
    with open_edf(RECORDINGS / name) as whole:
        first = whole.samples(whole.signals[0]) if whole.signals else None
    try:
        with open_edf(path, accept_truncated=True) as edf:
            assert edf.records < KNOWN[name].records
            if first is not None:
                assert np.array_equal(
                    edf.samples(edf.signals[0]), first[: edf.records * edf.signals[0].samples_per_record]
                )
    except EdfError:
        assert KNOWN[name].records <= 2  # nothing but a single whole record is lost with its end
