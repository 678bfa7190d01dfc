"""Files whose bytes were changed are refused; files that merely look alike are not."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from chunks.edf.errors import EdfDamaged, EdfError, EdfTruncated
from chunks.edf.reader import open_edf
from tests.chunks.edf.handmade import START, by_hand, good, noise, saved, spec, with_field


@pytest.fixture
def plain() -> bytes:
    """Two signals, 400 records, without time-keeping marks: nothing but the bytes themselves can tell."""
    return good("EDF", signals=[spec(samples=200), spec("LTG2", 100)], records=400)


def test_an_intact_file_is_read(tmp_path: Path, plain: bytes) -> None:
    with open_edf(saved(tmp_path, plain)) as edf:
        assert edf.findings == ()


@pytest.mark.parametrize("records", ["400", "-1"])
def test_line_feeds_that_became_crlf_are_damage(tmp_path: Path, plain: bytes, records: str) -> None:
    translated = with_field(plain, "records", records).replace(b"\n", b"\r\n")
    with pytest.raises(EdfDamaged, match="LF to CR LF"):
        open_edf(saved(tmp_path, translated))


def test_a_single_line_feed_that_became_crlf_is_damage(tmp_path: Path) -> None:
    data = [[np.array([10, 300, 5, 7], np.int16)], [np.array([1, 2, 3, 4], np.int16)]]
    recording = good("EDF", signals=[spec(samples=4)], data=data)
    assert recording.count(b"\n") == 1
    with pytest.raises(EdfDamaged, match="LF to CR LF"):
        open_edf(saved(tmp_path, recording.replace(b"\n", b"\r\n")))


def test_crlf_that_became_line_feeds_is_damage(tmp_path: Path) -> None:
    recording = good("EDF", signals=[spec(samples=4000)], records=400)
    assert recording.count(b"\r\n") > 20
    with pytest.raises(EdfDamaged, match="CR LF to LF"):
        open_edf(saved(tmp_path, recording.replace(b"\r\n", b"\n")), accept_truncated=True)


def test_a_truncated_file_of_small_samples_is_not_taken_for_translated(tmp_path: Path) -> None:
    """Samples of a few hundred never hold CR LF, though both bytes are frequent."""
    random = np.random.default_rng(1)
    data = [[random.integers(-300, 300, 4000).astype(np.int16)] for _ in range(400)]
    recording = good("EDF", signals=[spec(samples=4000)], data=data)
    with open_edf(saved(tmp_path, recording[:-5]), accept_truncated=True) as edf:
        assert edf.records == 399


@pytest.mark.parametrize("errors", ["replace", "surrogateescape"])
def test_samples_saved_as_text_are_damage(tmp_path: Path, plain: bytes, errors: str) -> None:
    if errors == "replace":
        mangled = plain.decode("utf-8", errors="replace").encode()
    else:
        mangled = plain.decode("latin-1").encode()
    with pytest.raises(EdfDamaged, match="saved as text"):
        open_edf(saved(tmp_path, mangled))


def test_a_long_file_of_small_positive_samples_is_not_taken_for_text(tmp_path: Path) -> None:
    data = [[np.arange(100, dtype=np.int16)] for _ in range(10)]
    recording = good("EDF", signals=[spec(samples=100)], data=data) + b"\x01\x00"
    with open_edf(saved(tmp_path, recording)) as edf:
        assert edf.records == 10


@pytest.mark.parametrize("place", [256 + 20, 256 + 2 * (16 + 80) + 3])
def test_signal_fields_that_slipped_right_are_damage(tmp_path: Path, place: int) -> None:
    """Two bytes came in, in a label or a unit: the samples begin two bytes later than the header says."""
    recording = good("EDF", records=30)
    with pytest.raises(EdfDamaged, match="2 bytes too late"):
        open_edf(saved(tmp_path, recording[:place] + b"xx" + recording[place:]))


def test_signal_fields_that_slipped_left_are_damage(tmp_path: Path) -> None:
    recording = good("EDF", signals=[spec(samples=256)], records=30)
    place = 256 + 30
    with pytest.raises(EdfDamaged, match="shifted"):
        open_edf(saved(tmp_path, recording[:place] + recording[place + 2 :]), accept_truncated=True)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", ["EDF", "EDF+C"])
@pytest.mark.parametrize("signals", [1, 3])
def test_bytes_gained_or_lost_anywhere_in_the_header_never_move_samples_in_silence(
    tmp_path: Path, kind: str, signals: int, count: int
) -> None:
    """Either it is refused, or the samples are the ones that were there."""
    specs = [spec(f"LTG{place}", samples=256, prefilter="HP:0.1Hz") for place in range(signals)]
    recording = good(kind, signals=specs, records=12)
    end = int(recording[184:192])
    with open_edf(saved(tmp_path, recording)) as edf:
        whole = [edf.samples(signal) for signal in edf.signals]
    read = 0
    for place in range(0, end - 1, 5):
        for changed in (
            recording[:place] + b"x" * count + recording[place:],
            recording[:place] + recording[place + count :],
        ):
            with (
                suppress(EdfError),
                open_edf(saved(tmp_path, changed), start=START, accept_truncated=True) as edf,
            ):
                read += 1
                assert [
                    np.array_equal(edf.samples(each), all_of[: edf.samples(each).size])
                    for each, all_of in zip(edf.signals, whole, strict=True)
                ] == [True] * signals
    assert read < 20


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bytes_between_header_and_data_are_damage_where_marks_tell(tmp_path: Path, count: int) -> None:
    recording = good("EDF+C", records=10)
    with pytest.raises(EdfDamaged, match=f"begin {count} bytes too late"):
        open_edf(saved(tmp_path, recording[:1024] + b"\x01" * count + recording[1024:]))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bytes_missing_after_the_header_are_damage_where_marks_tell(tmp_path: Path, count: int) -> None:
    recording = good("EDF+C", records=10)
    with pytest.raises(EdfDamaged, match=f"begin {count} bytes too early"):
        open_edf(saved(tmp_path, recording[:1024] + recording[1024 + count :]), accept_truncated=True)


@pytest.mark.parametrize("cut", [(3, 3), (4, 1)])
def test_bytes_lost_in_the_middle_are_damage_where_marks_tell(tmp_path: Path, cut: tuple[int, int]) -> None:
    record, count = cut
    recording = good("EDF+C", records=10)
    record_bytes = (len(recording) - 1024) // 10
    place = 1024 + record * record_bytes
    with pytest.raises(EdfDamaged, match=f"From data record {record} "):
        open_edf(saved(tmp_path, recording[:place] + recording[place + count :]), accept_truncated=True)


def test_a_file_cut_off_at_its_end_is_truncated_and_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(EdfTruncated):
        open_edf(saved(tmp_path, good("EDF+C", records=10)[:-3]))


def test_numbers_at_the_right_of_their_fields_are_read(tmp_path: Path) -> None:
    data = [[samples[0].tobytes()] for samples in noise([50], records=4)]
    recording = by_hand(data, labels=["LTG1"], reserved="")
    for name in ("physical_minimum", "physical_maximum", "samples_per_record"):
        text = {"physical_minimum": "-100", "physical_maximum": "100", "samples_per_record": "50"}[name]
        recording = with_field(recording, name, text.rjust(8), signal=1)
    with open_edf(saved(tmp_path, recording)) as edf:
        assert edf.records == 4
    with open_edf(saved(tmp_path, recording + b"\x01\x02")) as edf:
        assert edf.records == 4
