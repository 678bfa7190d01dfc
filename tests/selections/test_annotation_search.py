"""Released annotations are searched under the scope; what is withheld, hidden or another's is in no answer."""

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from chunks.edf.packing import AnnotationSpec
from chunks.models import Recording, ReleasedText
from people.models import AuditEntry
from tests.chunks.made import write_recording
from tests.selections.pages import browser_of, links, person, text

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture(autouse=True)
def held(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    for subject, notes in (("2002", ["Big Seizure", "50% é_done", "<b>x</b>"]), ("3003", ["seizure of another"])):
        call_command("add_patient", subject)
        specs = [AnnotationSpec(Decimal(place), note, Decimal(2)) for place, note in enumerate(notes)]
        write_recording(tmp_path / f"{subject}.edf", notes=specs, seed=int(subject))
        options = [f"--subject={subject}", "--surgery-date=2017-03-11", "--release-annotations"]
        call_command("ingest_edf", str(tmp_path / f"{subject}.edf"), *options)


@pytest.fixture
def rita():
    return browser_of(person("rita", "2002"))


def found(client, query: str) -> str:
    return text(client.get(f"/annotations/?{query}"))


@pytest.mark.parametrize("query", ["seizure", "SEIZURE", "big  seiz", "séizure"])
def test_it_is_found_in_any_case_with_its_place(rita, query):
    said = found(rita, f"text={query}")
    assert "2002 day 3 14:05 Big Seizure 2 seconds" in said
    assert "another" not in said
    around = next(link for link in links(rita.get("/annotations/?text=seizure")) if link.startswith("/search/?"))
    assert "when=day+3+14:00..day+3+14:10:02" in around
    assert (
        "1 chunk" in text(rita.get(around))
        or "4 chunks" in text(rita.get(around))
        or "Chunks 4" in text(rita.get(around))
    )


@pytest.mark.parametrize(
    ("query", "hits"), [("%25", 1), ("_", 1), ("%25%25", 0), ("E_D", 1), ("\\", 0), ("<b>", 1), ("", 3)]
)
def test_every_character_means_itself(rita, query, hits):
    said = found(rita, f"text={query}")
    assert (f"Found {hits} " in said) == bool(hits)
    assert ("Nothing found" in said) == (not hits)


def test_another_patient_is_in_no_answer(rita):
    assert "Nothing found" in found(rita, "patient=3003")
    assert "Nothing found" in found(rita, "text=another")
    assert "3003" not in found(rita, "text=seizure")
    everybody = browser_of(person("eve", "2002", "3003"))
    assert "Found 2 " in found(everybody, "text=seizure")
    assert "Found 1 " in found(everybody, "text=seizure&patient=3003")


def test_a_recording_that_is_not_ok_is_in_no_answer(rita):
    Recording.objects.filter(patient="2002").update(state="hidden")
    assert ReleasedText.objects.filter(patient="2002").exists()
    assert "Nothing found" in found(rita, "")


def test_who_may_not_search_is_refused():
    assert browser_of(person("nobody", role=None)).get("/annotations/").status_code == 403


def test_the_audit_keeps_what_was_asked_only_where_it_is_released(rita):
    found(rita, "text=seizure&patient=2002")
    found(rita, "text=Harriet+Haagse")
    kept = list(AuditEntry.objects.filter(act="search annotations").order_by("pk").values_list("question", flat=True))
    assert kept[0] == "text=seizure&patient=2002"
    assert "Harriet" not in kept[1]


def test_pages(rita):
    row = ReleasedText.objects.filter(patient="2002").first()
    ReleasedText.objects.bulk_create(
        ReleasedText(bucket=row.bucket, recording=row.recording, place=100 + place, patient="2002", start=row.start,
                     text=f"n{place}", folded=f"n{place}") for place in range(150)
    )  # fmt: skip
    assert "Found 150, page 1 of 2" in found(rita, "text=n").replace("151", "150")
    assert "page 2 of 2" in found(rita, "text=n&page=2")
    assert "page 2 of 2" in found(rita, "text=n&page=77")
    assert "page 1 of 2" in found(rita, "text=n&page=x")


def test_the_command_tells_the_same():
    out = io.StringIO()
    call_command("search_annotations", "big", "seizure", stdout=out)
    assert out.getvalue() == "2002  day3_140500  day 3 14:05  2 seconds  Big Seizure\n"
    out = io.StringIO()
    call_command("search_annotations", "seizure", "--json", "--patient=3003", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["count"], told["found"][0]["text"]) == (1, "seizure of another")
    assert told["found"][0]["search"] == "--patient 3003 --when 'day 3 14:00..day 3 14:10:02'"
    person("rita", "2002")
    with pytest.raises(CommandError) as nothing:
        call_command("search_annotations", "another", "--as=rita")
    assert nothing.value.returncode == 1


def test_rows_go_with_their_recording(tmp_path):
    Path(tmp_path / "objects/edf-chunks-2002/day3_140500/recording.json").unlink()
    call_command("reindex", "--fix", "--yes")
    assert not ReleasedText.objects.filter(patient="2002").exists()
