"""What is taken in between the last comparison of a waking and the opening of search."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state
from chunks.models import ChunkHeader
from hibernation import engine
from hibernation.site import Site
from hibernation.states import Goal
from hibernation.work import Pace, Work
from people.scope import server_scope
from storage.folder import FolderObjects
from tests.chunks.made import write_recording

pytestmark = pytest.mark.database(transaction=True)


def test_it_has_its_rows_when_the_waking_has_ended(objects: FolderObjects, tmp_path: Path, settings: Any) -> None:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    call_command("add_patient", "2002")
    write_recording(tmp_path / "a.edf")
    pace = Pace(look_s=0, quick_s=0.1, closing_s=0, sleep=lambda _seconds: None)
    site = Site(instance="", host="", function="", region=None)
    work = Work(site=site, clients=None, by=server_scope(means="command"), objects=objects, pace=pace)
    engine.put_to_sleep(work, goal=Goal.CLOSED)
    told: list[str] = []

    def tell(sentence: str, *, percent: int | None = None) -> None:
        told.append(sentence)
        if "rows were recovered" in sentence and len(told) == len(set(told)) and read_state().state == State.WAKING:
            call_command("ingest_edf", str(tmp_path / "a.edf"), "--subject=2002", "--surgery-date=2017-03-11")

    work.tell = tell
    engine.wake(work)
    assert read_state().state == State.AWAKE
    assert ChunkHeader.objects.count() > 0
