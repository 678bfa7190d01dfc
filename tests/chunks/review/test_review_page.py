"""A data manager reviews the withheld texts of a patient: what is released reaches researchers, nothing else does."""

import html
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import F, QuerySet
from django.test import Client
from pytest_django import Settings

from chunks.annotations import read_annotations
from chunks.edf.packing import AnnotationSpec
from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import ReleasedText, ReleasePattern, ReviewState, TextVerdict
from chunks.review import publish as publishing
from chunks.review.publishing import run
from jobs.lease import claim
from jobs.models import Job
from people.models import AuditEntry
from people.roles import Role
from storage.folder import FolderObjects
from storage.objects import Objects
from storage.urls import open_objects
from tests.chunks.made import START, write_recording
from tests.selections.pages import browser_of, person, source, text

pytestmark = pytest.mark.database(transaction=True)

PAGE = "/patients/2002/annotations/"
BUCKET = "edf-chunks-2002"
FIRST, SECOND = "day3_140500", "day3_150500"
HEADER = "MCH-0234567 F 02-MAY-1951 Haagse_Harriet"


def take(folder: Path, notes: Sequence[str], *, hour: int = 14, subject: str = "2002", **options: object) -> None:
    """Ingests a recording with these notes, one a second."""
    path = folder / f"{subject}-{hour}.edf"
    write_recording(
        path,
        start=START.replace(hour=hour),
        seconds=max(10, len(notes) + 1),
        notes=[AnnotationSpec(Decimal(place), note) for place, note in enumerate(notes)],
        patient=str(options.pop("header", "X X X X")),
        seed=hour,
        onsets=None,
    )
    call_command("ingest_edf", str(path), f"--subject={subject}", "--surgery-date=2017-03-11", **options)


@pytest.fixture
def objects(tmp_path: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    call_command("add_patient", "2002")
    take(tmp_path, ["seizure", "seizure", "Haagse called", "Stim LTG1 LTG2 3 mA", "Dr. Brown in"], header=HEADER)
    take(tmp_path, ["seizure", "harriett sleeps", "stim ltg4 ltg5 2.5 mA"], hour=15, header=HEADER)
    return open_objects(settings.OBJECTS_URL)


@pytest.fixture
def ann(objects: Objects) -> Client:
    return browser_of(person("ann", role=Role.DATA_MANAGER))


@pytest.fixture
def rita(objects: Objects) -> Client:
    return browser_of(person("rita", "2002"))


def hashes(client: Client, query: str = "") -> dict[str, str]:
    """The opaque name of each text on the page."""
    page = source(client.get(PAGE + query))
    found = {}
    for item in re.findall(r"<li><label>.*?</label>", page, re.DOTALL):
        said = re.sub(r'<span class="visually-hidden">.*?</span>|<span class="badge.*?</span>|<[^>]*>', "", item)
        found[html.unescape(said).strip()] = re.search(r'value="([0-9a-f]{64})"', item)[1]
    return found


def decide(client: Client, do: str, *texts: str) -> None:
    known = hashes(client) | hashes(client, "?show=released") | hashes(client, "?show=kept")
    answer = client.post(PAGE, {"do": do, "text": [known[each] for each in texts]})
    assert answer.status_code == 302, text(answer)


def public(objects: Objects, recording: str = FIRST) -> list[str]:
    return [each["text"] for each in json.loads(objects.get(BUCKET, f"{recording}/annotations.json"))["annotations"]]


def test_equal_texts_are_one_with_their_count_and_first_place(ann):
    said = text(ann.get(PAGE))
    assert "To review (6)" in said
    assert "seizure 3 times in 2 recordings, first day3_140500 , day 3 14:05:00" in said
    assert text(ann.get(PAGE)).index("seizure 3 times") < said.index("Haagse")


def test_what_may_name_somebody_is_marked_in_words_too(ann):
    page = source(ann.get(PAGE))
    assert '<mark>Haagse<span class="visually-hidden"> (name)</span></mark> called' in page
    assert '<mark>harriett<span class="visually-hidden"> (nearly a name)</span></mark> sleeps' in page
    assert '<mark>Dr. Brown<span class="visually-hidden"> (title or relation)</span></mark> in' in page
    assert "Nothing marked (3)" in text(ann.get(PAGE))


def test_a_released_text_is_out_in_every_recording_and_no_other_is(ann, rita, objects):
    decide(ann, "release", "seizure")
    assert public(objects) == ["seizure", "seizure", "event", "event", "event"]
    assert public(objects, SECOND) == ["seizure", "event", "event"]
    assert read_annotations(objects, bucket=BUCKET, recording=FIRST, first=9).released == 2
    said = text(rita.get(f"/patients/2002/recordings/{FIRST}/"))
    assert "of which the texts of 2 are released" in said
    assert "Haagse" not in said
    assert "To review (5)" in text(ann.get(PAGE))


def test_what_is_kept_leaves_the_list_and_stays_withheld_for_good(ann, objects, tmp_path):
    decide(ann, "keep", "Haagse called", "Dr. Brown in", "harriett sleeps")
    decide(ann, "release", "seizure", "Stim LTG1 LTG2 3 mA", "stim ltg4 ltg5 2.5 mA")
    assert "Every text of this patient is reviewed." in text(ann.get(PAGE))
    call_command(
        "ingest_edf", str(tmp_path / "2002-14.edf"), "--subject=2002", "--surgery-date=2017-03-11",
        "--release-annotations",
    )  # fmt: skip
    assert public(objects) == ["seizure", "seizure", "event", "Stim LTG1 LTG2 3 mA", "event"]


def test_a_release_can_be_undone(ann, objects):
    decide(ann, "release", "Haagse called")
    assert "Haagse called" in public(objects)
    decide(ann, "keep", "Haagse called")
    assert "Haagse called" not in public(objects)
    assert not ReleasedText.objects.exists()


def test_a_pattern_is_shown_first_then_holds_here_elsewhere_and_later(ann, objects, tmp_path):
    call_command("add_patient", "3003")
    take(tmp_path, ["Stim * here", "stim A1 A2 9 mA"], subject="3003")
    asked = ann.post(f"{PAGE}pattern", {"pattern": "stim  * * # mA"})
    assert "Released by it 2 different texts" in text(asked)
    assert not ReleasePattern.objects.exists()
    answer = ann.post(f"{PAGE}pattern", {"pattern": "stim * * # ma", "reason": "plain", "do": "confirm"})
    assert public(objects) == ["event", "event", "event", "Stim LTG1 LTG2 3 mA", "event"]
    job = Job.objects.get(kind="publish annotations")
    assert answer["Location"] == f"/jobs/{job.pk}/"
    with claim(job.pk).kept() as lease:
        run(lease)
    assert Job.objects.get(pk=job.pk).result == {"patients": 1}
    assert [each.text for each in ReleasedText.objects.filter(patient="3003")] == ["stim A1 A2 9 mA"]
    take(tmp_path, ["stim B1 B2 1 mA"], hour=16)
    assert public(objects, "day3_160500") == ["stim B1 B2 1 mA"]


def test_a_pattern_never_releases_what_is_marked(ann, objects, tmp_path):
    take(tmp_path, ["room 1 called"], hour=16)
    ann.post(f"{PAGE}pattern", {"pattern": "room # called", "do": "confirm"})
    assert public(objects, "day3_160500") == ["room 1 called"]
    ann.post("/annotations/names/", {"names": "Calle Olsen", "etag": ""})
    take(tmp_path, ["room 12 called", "ROOM 7 CALLED", "room 3"], hour=17)
    assert public(objects, "day3_170500") == ["event", "event", "event"]


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "#",
        "* * #",
        "",
        "a" * 201,
        "Haagse *",
        "Dr. Brown #",
        "on 14.3.2017 it *",
        "st*m",
        "\0",
        "he * it",
        "no such text",
    ],
)
def test_a_pattern_that_would_release_anything_or_somebody_is_refused(ann, pattern):
    answer = ann.post(f"{PAGE}pattern", {"pattern": pattern, "do": "confirm"})
    assert answer.status_code == 422
    assert not ReleasePattern.objects.exists()


def test_a_revoked_pattern_withholds_again(ann, objects):
    ann.post(f"{PAGE}pattern", {"pattern": "seizure", "do": "confirm"})
    assert public(objects)[0] == "seizure"
    ann.post("/annotations/patterns/", {"number": ReleasePattern.objects.get().pk})
    call_command("publish_annotations")
    assert public(objects)[0] == "event"
    assert not ReleasedText.objects.exists()
    assert "Revoked" in text(ann.get("/annotations/patterns/"))


def test_a_name_that_a_later_header_tells_withdraws_what_a_pattern_released(ann, objects, tmp_path):
    take(tmp_path, ["willem moved"], hour=16)
    ann.post(f"{PAGE}pattern", {"pattern": "willem moved", "do": "confirm"})
    assert public(objects, "day3_160500") == ["willem moved"]
    take(tmp_path, ["x"], hour=17, header="X F X Haagse_Harriet_Willem", identity_checked=True)
    call_command("publish_annotations")
    assert public(objects, "day3_160500") == ["event"]


def test_names_of_the_lab_are_marked_and_two_who_write_do_not_overwrite_each_other(ann, objects):
    assert ann.post("/annotations/names/", {"names": " Stimson\r\n\r\nSeizur ", "etag": ""}).status_code == 302
    assert "seizure (nearly a name)" in text(ann.get(PAGE)).replace("  ", " ")
    refused = ann.post("/annotations/names/", {"names": "Other", "etag": ""})
    assert refused.status_code == 422
    assert "Other" in refused.content.decode()
    assert "Stimson" in text(ann.get("/annotations/names/"))


def test_a_name_that_the_list_tells_later_withdraws_what_a_pattern_released(ann, objects, tmp_path):
    take(tmp_path, ["willem moved"], hour=16)
    ann.post(f"{PAGE}pattern", {"pattern": "willem moved", "do": "confirm"})
    call_command("publish_annotations")
    assert public(objects, "day3_160500") == ["willem moved"]
    assert ReleasedText.objects.count() == 1
    ann.post("/annotations/names/", {"names": "Willem", "etag": ""})
    job = Job.objects.filter(kind="publish annotations").latest("pk")
    with claim(job.pk).kept() as lease:
        run(lease)
    assert public(objects, "day3_160500") == ["event"]
    assert not ReleasedText.objects.exists()


def test_of_two_who_decide_at_once_the_second_is_told_what_the_first_has_done(ann, objects):
    bob = browser_of(person("bob", role=Role.DATA_MANAGER))
    known = hashes(bob)
    decide(ann, "keep", "Haagse called")
    late = {"do": "release", "text": [known["Haagse called"], known["seizure"]], "show": "review"}
    said = text(bob.post(PAGE, late, follow=True))
    assert "1 text is released" in said
    assert "1 of those ticked stays kept withheld, as ann has decided meanwhile" in said
    assert public(objects) == ["seizure", "seizure", "event", "event", "event"]
    assert [row.by_name for row in TextVerdict.objects.filter(verdict="kept")] == ["ann"]
    bob.post(PAGE, late | {"show": "kept", "text": [known["Haagse called"]]})  # he has seen that it is kept
    assert "Haagse called" in public(objects)


def test_what_is_noted_is_shown_and_never_run(ann, rita, objects, tmp_path):
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    take(tmp_path, [hostile], hour=16)
    decide(ann, "release", hostile)
    pages = [ann.get(f"{PAGE}?show=released"), rita.get("/patients/2002/recordings/day3_160500/"),
             rita.get("/annotations/?text=onerror")]  # fmt: skip
    for answer in pages:
        assert "&lt;script&gt;alert(1)" in source(answer)
        assert "<script>alert" not in source(answer)
        assert "<img src=x" not in source(answer)


def test_killed_between_two_objects_it_is_said_and_done_again(ann, objects, monkeypatch):
    whole, done = publishing._write, []

    def killed(*args: object, **options: object) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(1)
        whole(*args, **options)

    monkeypatch.setattr(publishing, "_write", killed)
    known = hashes(ann)
    with pytest.raises(KeyboardInterrupt):
        ann.post(PAGE, {"do": "release", "text": [known["seizure"]]})
    monkeypatch.undo()
    assert (public(objects)[0], public(objects, SECOND)[0]) == ("seizure", "event")
    assert "does not say yet what is decided" in text(ann.get(PAGE))
    call_command("publish_annotations")
    assert public(objects, SECOND)[0] == "seizure"
    assert "does not say yet" not in text(ann.get(PAGE))


@pytest.mark.parametrize("act", ["release", "keep", "ingest"])
def test_killed_before_any_write_nothing_is_out_that_is_not_decided_and_the_next_run_ends_it(
    ann, objects, tmp_path, monkeypatch, act
):
    """Before each object, row or word that is written, one after the other."""
    ann.post(f"{PAGE}pattern", {"pattern": "stim * * # mA", "do": "confirm"})
    call_command("publish_annotations")
    known = hashes(ann)
    if act == "keep":
        ann.post(PAGE, {"do": "release", "text": [known["seizure"]]})
    steps = 0
    while _is_killed(monkeypatch, steps, lambda: _act(act, ann, known, tmp_path)):
        out = {each for name in _recordings(objects) for each in public(objects, name)}
        assert out <= {"event", "seizure", "Stim LTG1 LTG2 3 mA", "stim ltg4 ltg5 2.5 mA"}
        assert act != "ingest" or "seizure" not in out
        assert set(ReleasedText.objects.values_list("text", flat=True)) <= out | {"seizure"}
        steps += 1
    assert steps > 5
    call_command("publish_annotations")
    expected = {
        "release": ["seizure", "seizure", "event", "Stim LTG1 LTG2 3 mA", "event"],
        "keep": ["event", "event", "event", "Stim LTG1 LTG2 3 mA", "event"],
        "ingest": ["event", "event", "event", "Stim LTG1 LTG2 3 mA", "event"],
    }[act]
    assert public(objects) == expected
    for name in _recordings(objects):
        rows = list(ReleasedText.objects.filter(recording=name).order_by("place").values_list("text", flat=True))
        assert rows == [each for each in public(objects, name) if each != "event"]
    assert not ReviewState.objects.filter(published__lt=F("wanted")).exists()


def _act(act: str, ann: Client, known: dict[str, str], folder: Path) -> None:
    if act == "ingest":
        take(folder, ["seizure", "Haagse called", "stim ltg4 ltg5 2.5 mA"], hour=16, header=HEADER)
    else:
        assert ann.post(PAGE, {"do": act, "text": [known["seizure"]]}).status_code == 302


def _recordings(objects: Objects) -> list[str]:
    return [info.key.rpartition("/")[0] for info in objects.list(BUCKET) if info.key.endswith("annotations.json")]


def _is_killed(monkeypatch: pytest.MonkeyPatch, step: int, act: Callable[[], None]) -> bool:
    """Whether the act had such a step, before which it was killed."""
    left = [step]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def before(*words: object, **options: object) -> object:
            if not left[0]:
                left[0] = -1  # the job that it is says that it ends, as one that is stopped does
                raise Killed
            left[0] -= 1
            return real(*words, **options)

        return before

    with monkeypatch.context() as patched:
        for owner, name in [(FolderObjects, "put"), (FolderObjects, "replace"), (FolderObjects, "delete"),
                            (QuerySet, "update"), (QuerySet, "delete"), (QuerySet, "bulk_create")]:  # fmt: skip
            patched.setattr(owner, name, counted(getattr(owner, name)))
        try:
            act()
        except Killed:
            return True
    return False


class Killed(BaseException):
    """Nothing catches it."""


def test_what_is_decided_while_it_is_published_is_published_too(ann, objects, monkeypatch):
    whole, known = publishing._write, hashes(ann)

    def slow(*args: object, **options: object) -> None:
        whole(*args, **options)
        if not TextVerdict.objects.filter(verdict="kept").exists():
            TextVerdict.objects.filter(text_hash=known["seizure"]).update(verdict="kept")
            publishing.touch(["2002"])

    monkeypatch.setattr(publishing, "_write", slow)
    ann.post(PAGE, {"do": "release", "text": [known["seizure"]]})
    assert public(objects)[0] == "event"


def test_what_says_it_already_is_left_alone(ann, objects):
    before = objects.head(BUCKET, f"{FIRST}/annotations.json")
    decide(ann, "keep", "seizure")
    assert objects.head(BUCKET, f"{FIRST}/annotations.json") == before


def test_rows_follow_by_reindex_where_the_headers_slept(ann, objects):
    set_state(read_state(), state=State.ASLEEP, by="ann")
    decide(ann, "release", "seizure")
    assert public(objects)[0] == "seizure"
    set_state(read_state(), state=State.AWAKE, by="ann")
    assert not ReleasedText.objects.exists()
    call_command("reindex")
    assert ReleasedText.objects.count() == 3
    ReleasedText.objects.filter(recording=FIRST).update(etag="")
    ReleasedText.objects.filter(recording=FIRST).first().delete()
    call_command("reindex")
    assert ReleasedText.objects.count() == 3


def test_it_is_in_the_audit_without_a_text(ann):
    decide(ann, "release", "seizure", "Haagse called")
    acts = {each.act: each for each in AuditEntry.objects.all()}
    assert acts["release annotation texts"].question == "2 texts"
    assert acts["look at withheld texts"].outcome == "done"
    assert [each.patient for each in acts["release annotation texts"].patients.all()] == ["2002"]


@pytest.mark.parametrize("given", [["x"], ["0" * 63], ["'; --"], [], ["0" * 64, "../"]])
def test_what_names_no_text_is_refused_or_nothing(ann, given):
    assert ann.post(PAGE, {"do": "release", "text": given}).status_code in {302, 422}
    assert not TextVerdict.objects.exists()
    assert not ReviewState.objects.filter(published__lt=1, wanted__gt=0).exists()


@pytest.mark.parametrize("number", ["²", "٣", "", "-1", "9" * 30, "x"])
def test_what_is_no_pattern_is_revoked_by_nothing(ann, number):
    ann.post(f"{PAGE}pattern", {"pattern": "seizure", "do": "confirm"})
    assert ann.post("/annotations/patterns/", {"number": number}).status_code in {200, 422}
    assert ReleasePattern.objects.filter(revoked_at__isnull=True).exists()


def test_researchers_reach_none_of_these_pages(rita):
    for path in (PAGE, f"{PAGE}pattern", "/annotations/patterns/", "/annotations/names/"):
        assert rita.get(path).status_code in {403, 405}, path
        assert rita.post(path, {"do": "release", "text": ["0" * 64]}).status_code == 403, path
    assert not TextVerdict.objects.exists()


def test_a_patient_who_is_not_there_is_none(ann):
    assert ann.get("/patients/9999/annotations/").status_code == 404
    assert ann.post("/patients/9999/annotations/pattern", {"pattern": "abc def"}).status_code == 404
    call_command("add_patient", "4004")
    assert "This patient has no recordings yet." in text(ann.get("/patients/4004/annotations/"))


def test_a_recording_without_annotations_has_nothing_to_review(ann, objects, tmp_path):
    call_command("add_patient", "5005")
    take(tmp_path, [], subject="5005")
    assert "have no annotations" in text(ann.get("/patients/5005/annotations/"))


def test_damaged_withheld_texts_are_named_and_stop_no_other(ann, objects):
    objects.put("edf-chunks-withheld", f"2002/{FIRST}/annotations.json", b"broken")
    assert f"The texts of {FIRST} cannot be read" in text(ann.get(PAGE))
    known = hashes(ann)
    refused = ann.post(PAGE, {"do": "release", "text": [known["seizure"]]})
    assert refused.status_code == 422
    assert public(objects, SECOND)[0] == "seizure"


def test_a_page_has_a_hundred_texts(ann, objects, tmp_path):
    take(tmp_path, [f"note number {place}" for place in range(130)], hour=18)
    assert "page 1 of 2" in text(ann.get(PAGE))
    assert len(hashes(ann)) == 100
    assert len(hashes(ann, "?page=2")) == 36
    assert source(ann.get(f"{PAGE}?ticked=1")).count(" checked") == 100
    assert len(hashes(ann, "?page=99&show=?&marked=?")) == 36
