"""A recording's page says all that its recording.json knows, and stays calm where that is missing or damaged."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from chunks.annotations import read_annotations
from chunks.document import read_document
from chunks.edf.packing import AnnotationSpec
from chunks.errors import AnnotationsUnreadable
from chunks.format.keys import annotations_key, recording_key
from chunks.models import Recording
from chunks.review.publish import publish
from people.models import AuditedPatient, AuditEntry
from storage.objects import Objects
from storage.urls import open_objects
from tests.chunks.made import write_recording
from tests.selections.pages import browser_of, person, source, text

pytestmark = pytest.mark.database(transaction=True)

NAME = "day3_140500"
PATH = f"/patients/2002/recordings/{NAME}/"
BUCKET = "edf-chunks-2002"


@pytest.fixture
def objects(tmp_path: Path, settings: Settings) -> Objects:
    """A recording as an ingest leaves it: with a gap, and with notes whose texts are withheld."""
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    call_command("add_patient", "2002")
    onsets = [Decimal(second if second < 30 else second + 90) for second in range(60)]
    notes = [AnnotationSpec(Decimal("1.5"), "Jane <b>arrives</b>"), AnnotationSpec(Decimal(20), "seizure", Decimal(4))]
    write_recording(tmp_path / "a.edf", kind="EDF+D", onsets=onsets, notes=notes)
    call_command("ingest_edf", str(tmp_path / "a.edf"), "--subject=2002", "--surgery-date=2017-03-11")
    return open_objects(settings.OBJECTS_URL)


@pytest.fixture
def rita(objects: Objects) -> Client:
    return browser_of(person("rita", "2002"))


def rewrite(objects: Objects, **changed: object) -> None:
    document = read_document(objects, bucket=BUCKET, recording=NAME) | changed
    objects.put(BUCKET, recording_key(NAME), json.dumps(document).encode())


def test_it_says_all_that_is_known(rita, objects):
    said = text(rita.get(PATH))
    document = read_document(objects, bucket=BUCKET, recording=NAME)
    for each in (
        "day 3 14:05 to day 3 14:07:30",
        "Channels 4",
        "Annotations 2",
        "Start known from header",
        "Day 0 known from date given",
        "Kind EDF+D",
        "Data records 60",
        "Duration of a record 1 s",
        "day 3 14:05 30 seconds 30 data records",
        "day 3 14:05:30 1.5 minutes before data record 30",
        "1 LTG1 200 Hz",
        "-3200 to 3200",
        document["data_sha256"],
        document["software"],
    ):
        assert each in said, each


def test_warnings_come_first(rita, objects):
    rewrite(
        objects,
        warnings=[
            {"code": "x", "severity": "warning", "message": "Its <end> is missing."},
            {"code": "y", "severity": "note", "message": "A small thing."},
        ],
    )
    page = source(rita.get(PATH))
    assert '<div class="notice warning"><p>Its &lt;end&gt; is missing.</p></div>' in page
    assert page.index("Its &lt;end&gt;") < page.index("From first to last sample") < page.index("A small thing.")


def test_texts_of_notes_are_withheld_until_they_are_released(rita, objects):
    said = text(rita.get(PATH))
    assert "day 3 14:05:20 4 seconds" in said
    assert "withheld until a data manager releases them" in said
    assert "seizure" not in said
    publish(objects, released=True, patient="2002", recording=NAME, bucket=BUCKET)
    page = source(rita.get(PATH))
    assert "seizure" in page
    assert "Jane &lt;b&gt;arrives&lt;/b&gt;" in page


def test_in_memory_are_the_first_notes_alone(objects):
    assert read_annotations(objects, bucket=BUCKET, recording=NAME, first=1).count == 2
    assert len(read_annotations(objects, bucket=BUCKET, recording=NAME, first=1).first) == 1


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"not json", b"\xff\xfe", b"[1]", b'{"fingerprint": 3}', b"[" * 100_000]
)
def test_a_damaged_document_is_a_notice_beside_what_the_row_knows(rita, objects, content):
    objects.put(BUCKET, recording_key(NAME), content)
    said = text(rita.get(PATH))
    assert "What is known of this recording beside its row cannot be shown." in said
    assert "day 3 14:05 to day 3 14:07:30" in said
    assert "Annotations 2" in said


@pytest.mark.parametrize(
    "key", ["source", "channels", "gaps", "stretches", "warnings", "drift_us", "dtype", "left_out"]
)
@pytest.mark.parametrize("value", [None, "x", 3, [3], {"a": 1}, [{"start": "never"}]])
def test_a_document_with_other_values_never_fails_the_page(rita, objects, key, value):
    rewrite(objects, **{key: value})
    assert rita.get(PATH).status_code == 200


def test_a_missing_document_is_a_notice(rita, objects):
    objects.delete(BUCKET, recording_key(NAME))
    objects.delete(BUCKET, annotations_key(NAME))
    said = text(rita.get(PATH))
    assert "There is no object 'day3_140500/recording.json'" in said
    assert "They cannot be shown." in said


def test_a_store_that_is_gone_is_a_notice(rita, objects, settings, tmp_path):
    settings.OBJECTS_URL = (tmp_path / "nowhere").as_uri()
    assert "cannot be shown" in text(rita.get(PATH))


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"texts": "released", "annotations": [\n', b"\n" * 10, b"x" * 3_000_000]
)
def test_damaged_annotations_are_told(rita, objects, content):
    objects.put(BUCKET, annotations_key(NAME), content)
    with pytest.raises(AnnotationsUnreadable):
        read_annotations(objects, bucket=BUCKET, recording=NAME, first=1)
    assert "They cannot be shown." in text(rita.get(PATH))


def test_a_look_is_in_the_audit(rita):
    rita.get(PATH)
    entry = AuditEntry.objects.get(act="look")
    assert (entry.by_name, entry.means, entry.outcome) == ("rita", "page", "done")
    assert set(AuditedPatient.objects.filter(entry=entry).values_list("patient", flat=True)) == {"2002"}


def test_it_leads_to_the_search_of_its_time(rita):
    page = rita.get(PATH)
    assert "/search/?patient=2002&amp;when=day+3+14:05..day+3+14:07:30" in source(page)
    assert Recording.objects.count() == 1
