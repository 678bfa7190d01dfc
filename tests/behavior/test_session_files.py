"""The files of a session: which there are, and that nobody gets another patient's with them."""

import io
import json

import pytest

from behavior.add import Attachment, NewSession, add_session
from behavior.catalogue import session
from behavior.errors import SessionMissing
from behavior.index import index_object
from behavior.place import sessions_here
from behavior.session_files import file_of, files_of, pieces_of
from people.patients import add_patient
from people.scope import scope_for, server_scope
from storage.objects import Objects
from tests.behavior.conftest import BUCKET
from tests.behavior.made import content, document
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database

ALL = "test"


def test_json_triggers_and_what_is_attached(objects: Objects, patient: str) -> None:
    taken = add_session(
        NewSession(experiment="ToM_Loc", patient=patient, day=3, start="9:0:0", stop="9:10:0"),
        attachments=[Attachment(name="Jane Roe.MAT", file=io.BytesIO(b"raw"))],
        objects=objects,
        sessions=sessions_here(),
        by=server_scope(means=ALL),
    )
    objects.put(BUCKET, f"{taken.key}.triggers.csv", b"time,sample,code,trial\n")
    by = server_scope(means=ALL)
    found = files_of(taken.records[0], scope=by)
    assert [each.name for each in found] == ["session.json", "triggers.csv", "attached/1.mat"]
    assert [each.disk_name for each in found] == [
        "ToM_Loc_2003.json",
        "ToM_Loc_2003.triggers.csv",
        "ToM_Loc_2003.1.mat",
    ]
    raw = file_of(taken.records[0], "attached/1.mat", scope=by)
    assert b"".join(pieces_of(raw, taken.records[0], scope=by)) == b"raw"
    for name in ("attached/2.mat", "attached/../ToM_Loc_2003.json.notes.json", "notes.json", ""):
        with pytest.raises(SessionMissing):
            file_of(taken.records[0], name, scope=by)


def test_a_name_on_disk_climbs_nowhere_and_breaks_no_header(objects: Objects, patient: str) -> None:
    key = 'old/..x; "quoted"/ä.json'
    objects.put(BUCKET, key, content(document()))
    index_object(objects, sessions_here(), key=key)
    (found,) = files_of(session(key, scope=server_scope(means=ALL)), scope=server_scope(means=ALL))
    assert set(found.disk_name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+'-")
    assert not found.disk_name.startswith(".")


def test_of_an_object_with_another_patients_session_there_is_the_own_document_alone(
    objects: Objects, patient: str
) -> None:
    add_patient("2004")
    both = content(
        document(data=({"own": float("nan")},)), document(subject="2004", experiment="Secret", data=({"secret": 1},))
    )
    objects.put(BUCKET, "both.json", both)
    index_object(objects, sessions_here(), key="both.json")
    objects.put(BUCKET, "both.json.files/1.txt", b"of whom?")
    user = make_user("alice")
    grant(user, patient=patient)
    scope = scope_for(user, means=ALL)
    record = session("both.json", scope=scope)
    (found,) = files_of(record, scope=scope)
    sent = b"".join(pieces_of(found, record, scope=scope))
    assert b"secret" not in sent.lower()
    assert b"2004" not in sent
    assert json.loads(sent)["meta"]["experiment"] == "ToM_Loc"
    whole = files_of(record, scope=server_scope(means=ALL))
    assert b"".join(pieces_of(whole[0], record, scope=server_scope(means=ALL))) == both
    assert len(whole) == 2
