"""Chunks of the old scripts: data managers see that they are there; for researchers they are not."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from chunks import index
from chunks.format.keys import recording_key
from chunks.models import ChunkHeader, IndexFault, Recording
from chunks.reindex import reindex
from people.roles import Role
from storage.objects import Objects
from storage.urls import open_objects
from tests.lambdas.chunk_headers.made import OLD_FOLDER, put_chunk, put_document, put_old
from tests.selections.pages import alike, browser_of, person, text

pytestmark = pytest.mark.database(transaction=True)

BUCKET = "edf-chunks-2002"
PATIENT = "/patients/2002/"
OLD = f"{PATIENT}recordings/{OLD_FOLDER}/"
PAGES = ["/", PATIENT, "/search/?patient=2002", "/search/?patient=2002&channel=OLD1", "/search/?patient=2002&day=4"]


@pytest.fixture
def objects(tmp_path: Path, settings: Settings) -> Objects:
    """A recording on day 3 at 14:05; two old chunks of the night to day 4, indexed, one of them text."""
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    call_command("add_patient", "2002")
    store = open_objects(settings.OBJECTS_URL)
    put_chunk(store, BUCKET, label="NEW1")
    put_document(store, BUCKET, channels=[{"number": 5, "label": "NEW1"}])
    put_old(store, BUCKET, name="OLD1_chunk-1", sigLabel="OLD1")
    put_old(store, BUCKET, name="EDF Annotations_chunk-1", sigLabel="EDF Annotations")
    reindex(store, ["2002"])
    return store


@pytest.fixture
def dora(objects: Objects) -> Client:
    return browser_of(person("dora", "2002", role=Role.DATA_MANAGER))


@pytest.fixture
def rita(objects: Objects) -> Client:
    return browser_of(person("rita", "2002"))


def test_they_are_indexed_in_a_state_of_their_own(objects: Objects) -> None:
    assert sorted(Recording.objects.values_list("name", "state", "chunks_expected")) == [
        (OLD_FOLDER, "version 1", 1),
        ("day3_140500", "ok", 1),
    ]
    assert sorted(ChunkHeader.objects.values_list("label", "version")) == [("NEW1", 2), ("OLD1", 1)]
    [fault] = IndexFault.objects.all()
    assert "annotations as text" in fault.reason


@pytest.mark.parametrize("path", PAGES)
def test_a_researchers_pages_are_as_if_they_were_not_there(rita: Client, path: str) -> None:
    with_them = alike(rita.get(path, follow=True), but_for="")
    assert OLD_FOLDER not in with_them
    removed = [ChunkHeader.objects.filter(version=1).delete(), Recording.objects.filter(state="version 1").delete()]
    assert [count for count, _ in removed] == [1, 1]
    assert alike(rita.get(path, follow=True), but_for="") == with_them


def test_their_page_is_there_for_data_managers_alone(rita: Client, dora: Client) -> None:
    assert rita.get(OLD).status_code == 404
    page = dora.get(OLD)
    assert page.status_code == 200
    assert "they take part in no search" in text(page).lower()
    assert OLD_FOLDER in text(dora.get(PATIENT))
    assert text(dora.get("/admin/chunks/chunkheader/?patient=2002")).count("OLD1")


def test_a_repair_keeps_their_row_true(objects: Objects) -> None:
    Recording.objects.filter(state="version 1").update(chunks_expected=77)
    Recording.objects.filter(state="ok").delete()
    reindex(objects, ["2002"])
    assert dict(Recording.objects.values_list("state", "chunks_expected")) == {"version 1": 1, "ok": 1}
    for info in list(objects.list(BUCKET, prefix=f"{OLD_FOLDER}/")):
        objects.delete(BUCKET, info.key)
        index.index_object(objects, bucket=BUCKET, key=info.key)
    assert list(Recording.objects.values_list("state", flat=True)) == ["ok"]
    assert not objects.bucket_exists("x-y-z")
    index.index_object(objects, bucket=BUCKET, key=recording_key(OLD_FOLDER))
    assert Recording.objects.count() == 1
