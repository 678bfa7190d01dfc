import pytest

from downloads.errors import PathRefused
from downloads.tree import PATH_CHARACTERS, TwinCheck, check_path, object_path


def test_an_object_goes_below_its_patient_and_recording() -> None:
    path = object_path("day3_140500/LTG1_chunk-0.chn", patient="2002", recording="day3_140500")
    assert path == "s3_download/2002/day3_140500/LTG1_chunk-0.chn"


@pytest.mark.parametrize("name", ["A1-A2_chunk-0.chn", "C'~12_chunk-167.chn", "a+b_chunk-1.chn", "é_chunk-0.chn"])
def test_names_of_chunks_that_ingest_makes_are_taken(name: str) -> None:
    assert object_path(f"r/{name}", patient="p-1", recording="r").endswith(name)


@pytest.mark.parametrize(
    "key",
    ["x.chn", "other/x.chn", "r/sub/x.chn", "/r/x.chn", "r//x.chn", "../r/x.chn", "r\\x.chn", "r/../../x.chn"],
)
def test_an_object_outside_its_recordings_folder_is_refused(key: str) -> None:
    with pytest.raises(PathRefused, match=r"reindex|is no name"):
        object_path(key, patient="2002", recording="r")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a\\b.chn",
        "C:x.chn",
        "x.chn:stream",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\x9bb",
        "gnp.\u202enhc",
        "\ud800",
        "con",
        "CON.chn",
        "Aux.tar.gz",
        "nul .txt",
        "com1.chn",
        "LPT²",
        "CONIN$",
        "x.chn.",
        "x.chn ",
        "what?.chn",
        "*.chn",
        'a"b',
        "a|b",
        "<a>",
        "é" * 128,
    ],
)
def test_names_that_some_machine_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(PathRefused, match="cannot be written on every machine"):
        object_path(f"r/{name}", patient="2002", recording="r")


@pytest.mark.parametrize("part", ["..", ".", "", "con", "a\\b", "2002."])
def test_hostile_patients_and_recordings_are_refused(part: str) -> None:
    with pytest.raises(PathRefused):
        object_path("r/x.chn", patient=part, recording="r")
    with pytest.raises(PathRefused):
        object_path(f"{part}/x.chn", patient="2002", recording=part)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "s3_download", "s3_downloads/x", "S3_DOWNLOAD/x", "../s3_download/x", ""]
)
def test_paths_outside_the_tree_are_refused(path: str) -> None:
    with pytest.raises(PathRefused):
        check_path(path)


def test_a_path_may_be_as_long_as_windows_unpacks_and_no_longer() -> None:
    path = "s3_download/" + "a" * 100 + "/" + "b" * 100 + "/"
    path += "c" * (PATH_CHARACTERS - len(path))
    assert check_path(path) == path
    with pytest.raises(PathRefused, match="241 characters"):
        check_path(path + "c")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("s3_download/p/r/LTG1_chunk-0.chn", "s3_download/p/r/ltg1_chunk-0.chn"),
        ("s3_download/p/r/\u00e9.chn", "s3_download/p/r/e\u0301.chn"),
        ("s3_download/p/Day3/x.chn", "s3_download/p/day3/y.chn"),
        ("s3_download/Ann/r/x.chn", "s3_download/ann/q/y.chn"),
    ],
)
def test_paths_that_are_one_file_elsewhere_are_refused(first: str, second: str) -> None:
    twins = TwinCheck()
    twins.check(first)
    with pytest.raises(PathRefused, match="only by case"):
        twins.check(second)


def test_equal_names_in_other_folders_are_no_twins() -> None:
    twins = TwinCheck()
    for path in ["s3_download/1/r/x.chn", "s3_download/2/r/X.chn", "s3_download/2/s/x.chn", "s3_download/2/s/x.chn"]:
        twins.check(path)
