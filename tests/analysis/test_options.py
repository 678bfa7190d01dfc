"""What cannot be meant is said before anything is read."""

import pytest

from analysis.errors import NothingFound, OptionRefused
from analysis.options import Options
from analysis.origins import FromManifest, FromPrefix, FromSelection, Narrowing
from analysis.recordings import places
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.analysis.tables import rows

GIVEN = {"objects": "s3://", "prefix": "edf-chunks-2002"}


def read(**given: str) -> Options:
    return Options.of({**GIVEN, **given}, master="local")


def test_what_is_not_said_has_a_default() -> None:
    options = read()
    assert (options.window, options.digital, options.chunks_a_task, options.recordings_a_batch) == (1, False, 16, 0)
    assert options.prefix == "edf-chunks-2002"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"windw": "2"}, "'windw' is no option"),
        ({"values": "volts"}, "physical"),
        ({"window": "0"}, "no length"),
        ({"window": "-1"}, "no length"),
        ({"window": "1/0"}, "no length"),
        ({"window": "nan"}, "no length"),
        ({"window": "ten"}, "no length"),
        ({"window": "3601"}, "no length"),
        ({"window": "1e-999999999"}, "no length"),  # as a fraction it has a billion digits
        ({"chunks_a_task": "0"}, "from 1 on"),
        ({"chunks_a_task": "1.5"}, "from 1 on"),
        ({"recordings_a_batch": "-1"}, "from 0 on"),
        ({"objects": ""}, "objects is missing"),
        ({"prefix": ""}, "None was given"),
        ({"manifest": "m"}, "manifest, prefix"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(OptionRefused, match=says):
        read(**given)


def test_names_of_options_are_read_in_any_case() -> None:
    assert Options.of({"Objects": "s3://", "PREFIX": "b", "chunks_A_task": "3"}, master="local").chunks_a_task == 3


def test_each_origin_has_its_option() -> None:
    assert read(prefix="", manifest="m").origin == FromManifest("m")
    assert read(prefix="", selection="patient=2002", as_user="alice").origin == FromSelection("patient=2002", "alice")
    assert read().origin == FromPrefix("edf-chunks-2002")
    with pytest.raises(OptionRefused, match="watches a prefix"):
        _ = read(prefix="", manifest="m").prefix


def test_a_selection_needs_the_portal(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    with pytest.raises(OptionRefused, match="write a manifest"):
        list(FromSelection("patient=2002", "").runs(objects, narrowing=Narrowing()))


def test_a_manifest_that_is_not_there_is_said(objects_url: str) -> None:
    with pytest.raises(NothingFound, match="cannot be read"):
        rows(objects_url, manifest="/nowhere/manifest.jsonl")


@pytest.mark.parametrize("prefix", ["b/../etc", "*", "a*b", "b*/day3", "b/x/y"])
def test_a_prefix_that_is_none_is_refused(prefix: str, objects: Objects) -> None:
    with pytest.raises(OptionRefused, match="is not understood"):
        list(places(objects, prefix=prefix))


def test_a_prefix_never_means_the_withheld_bucket(objects: FolderObjects) -> None:
    for bucket in ("edf-chunks-2002", "edf-chunks-3003", "edf-chunks-withheld", "other"):
        objects.make_bucket(bucket)
        objects.put(bucket, "day3_140500/recording.json", b"{}")
    found = [place.bucket for place in places(objects, prefix="edf-chunks-*")]
    assert found == ["edf-chunks-2002", "edf-chunks-3003"]
    named = [(place.bucket, place.name) for place in places(objects, prefix="other, edf-chunks-2002/day9_1")]
    assert named == [("other", "day3_140500"), ("edf-chunks-2002", "day9_1")]


def test_what_is_left_out_is_counted_in_the_log(
    objects: Objects, objects_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    objects.make_bucket("edf-chunks-2002")
    for name, content in (("day3_1", b'{"recording": "day3_1", "state": "hidden"}'), ("day3_2", b"no document")):
        objects.put("edf-chunks-2002", f"{name}/recording.json", content)
    senseless = b'{"recording": "day3_3", "state": "ok", "channels": [{}]}'
    objects.put("edf-chunks-2002", "day3_3/recording.json", senseless)
    objects.put("edf-chunks-2002", "day3_4/LTG1_chunk-0.chn", b"of version 1")
    assert rows(objects_url, prefix="edf-chunks-2002") == []
    told = "4 recordings (hidden 1, unreadable 2, without recording.json 1)"
    assert f"Left out of edf-chunks-2002: {told}." in caplog.text


def test_what_two_prefixes_mean_is_read_once(objects: FolderObjects) -> None:
    objects.make_bucket("edf-chunks-2002")
    objects.put("edf-chunks-2002", "day3_140500/recording.json", b"{}")
    several = "edf-chunks-2002/day3_140500, edf-chunks-*,edf-chunks-2002,edf-chunks-2002/day3_140500/"
    assert [place.name for place in places(objects, prefix=several)] == ["day3_140500"]
