"""Tasks and sessions as a person may see them: names of hidden patients are nowhere."""

import time
from collections.abc import Sequence

import pytest

from behavior.catalogue import Catalogue, session, sessions_of
from behavior.errors import SessionMissing
from behavior.models import TaskAlias
from behavior.names import fold
from behavior.sessions import TaskCount
from behavior.table import TableSessions
from people.patients import add_patient
from people.scope import Scope, scope_for, server_scope
from tests.behavior.made import at, record
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database


def alias(name: str, task: str) -> None:
    TaskAlias.objects.create(alias=name, task=task, folded=fold(name))


@pytest.fixture
def held() -> TableSessions:
    """Two patients with tasks in common and of their own; 2004 is hidden from alice."""
    sessions = TableSessions()
    for subject, tasks in (("2003", ("ToM_Loc", "faces")), ("2004", ("tom-loc", "faces_task", "secret_study"))):
        add_patient(subject)
        for task in tasks:
            for run in range(2):
                name = f"{task}_{subject}_{run}.json"
                sessions.replace(name, [record(name, experiment=task, subject=subject, minute=run * 30)])
    return sessions


@pytest.fixture
def alice(held: TableSessions) -> Scope:
    user = make_user("alice")
    grant(user, patient="2003")
    return scope_for(user, means="page")


@pytest.fixture
def everybody(held: TableSessions) -> Scope:
    return server_scope(means="command")


def test_every_task_with_its_patients_and_sessions(everybody: Scope) -> None:
    alias("faces", "faces_task")
    tasks = Catalogue(scope=everybody).tasks()
    assert [(task.name, task.filed, dict(task.by_patient)) for task in tasks] == [
        ("faces_task", ("faces", "faces_task"), {"2003": 2, "2004": 2}),
        ("secret_study", ("secret_study",), {"2004": 2}),
        ("ToM_Loc", ("ToM_Loc", "tom-loc"), {"2003": 2, "2004": 2}),
    ]
    assert (tasks[0].sessions, tasks[0].patients, tasks[0].aliases) == (4, ("2003", "2004"), ("faces",))


def test_a_hidden_patient_is_in_no_list_count_or_suggestion(alice: Scope) -> None:
    catalogue = Catalogue(scope=alice)
    assert [(task.name, task.filed, dict(task.by_patient)) for task in catalogue.tasks()] == [
        ("faces", ("faces",), {"2003": 2}),
        ("ToM_Loc", ("ToM_Loc",), {"2003": 2}),
    ]
    found = catalogue.find(["secret_study", "secret_studie", "*"])
    assert [(each.name, each.did_you_mean) for each in found.unmatched] == [("secret_study", ()), ("secret_studie", ())]
    assert not catalogue.suggest("secret")
    assert sorted(each.file_name for each in catalogue.sessions(found.tasks)) == sorted(
        f"{task}_2003_{run}.json" for task in ("ToM_Loc", "faces") for run in range(2)
    )


def test_an_alias_that_leads_to_hidden_names_is_hidden(alice: Scope, everybody: Scope) -> None:
    alias("faces", "faces_task")  # filed so in the hidden patient alone
    alias("secret_study", "ToM_Loc")
    alias("theory", "ToM_Loc")  # filed nowhere: a mere word
    tasks = Catalogue(scope=alice).tasks()
    assert [(task.name, task.aliases) for task in tasks] == [("faces", ()), ("ToM_Loc", ("theory",))]
    assert not Catalogue(scope=alice).find(["secret"]).tasks
    assert [task.name for task in Catalogue(scope=everybody).find(["secret"]).tasks] == ["ToM_Loc"]


def test_names_as_typed_find_every_session_of_every_patient(everybody: Scope) -> None:
    catalogue = Catalogue(scope=everybody)
    found = catalogue.find(["TOM LOC, faces"])
    assert [task.name for task in found.tasks] == ["ToM_Loc", "faces", "faces_task"]
    assert found.filed == {"ToM_Loc", "tom-loc", "faces", "faces_task"}
    assert len(list(catalogue.sessions(found.tasks))) == 8
    assert {each.subject for each in catalogue.sessions(found.tasks, patients=["2004", "2009"])} == {"2004"}
    assert not list(catalogue.sessions(found.tasks, patients=[]))
    assert not list(catalogue.sessions([]))


def test_a_near_miss_is_a_sentence(everybody: Scope) -> None:
    (unmatched,) = Catalogue(scope=everybody).find(["secret_studdy"]).unmatched
    assert str(unmatched) == "No task is called 'secret_studdy'. Did you mean secret_study?"


def test_what_is_being_typed_is_completed(everybody: Scope) -> None:
    catalogue = Catalogue(scope=everybody)
    assert [task.name for task in catalogue.suggest("")] == ["ToM_Loc", "faces", "faces_task", "secret_study"]
    assert [task.name for task in catalogue.suggest("faces, tom l")] == ["ToM_Loc"]
    assert [task.name for task in catalogue.suggest("s")] == ["secret_study", "faces", "faces_task"]
    assert len(catalogue.suggest("", limit=2)) == 2


def test_a_spelling_has_the_task_s_name(everybody: Scope) -> None:
    alias("faces", "faces_task")
    catalogue = Catalogue(scope=everybody)
    names = {each.experiment: catalogue.task_of(each) for each in catalogue.sessions(catalogue.tasks())}
    assert names == {
        "ToM_Loc": "ToM_Loc",
        "tom-loc": "ToM_Loc",
        "faces": "faces_task",
        "faces_task": "faces_task",
        "secret_study": "secret_study",
    }


def test_a_patient_s_sessions_and_one_of_them(alice: Scope, everybody: Scope) -> None:
    assert len(list(sessions_of("2003", scope=alice))) == 4
    assert len(list(sessions_of("2003", scope=alice, start=at("2003", day=3), stop=at("2003", day=3, minute=10)))) == 2
    assert not list(sessions_of("2004", scope=alice))
    assert session("ToM_Loc_2003_0.json", scope=alice).subject == "2003"
    for missing in ("secret_study_2004_0.json", "nothing.json"):
        with pytest.raises(SessionMissing, match=f"There is no session '{missing}'"):
            session(missing, scope=alice)
    assert session("secret_study_2004_0.json", scope=everybody).subject == "2004"


def test_who_types_letter_by_letter_reads_costly_counts_once(everybody: Scope, held: TableSessions) -> None:
    class Costly(TableSessions):
        counts_last_s = 0.2
        asked = 0

        def counts(self) -> Sequence[TaskCount]:
            self.asked += 1
            return super().counts()

    costly = Costly()
    for typed in ("t", "to", "tom"):
        assert Catalogue(scope=everybody, sessions=costly).suggest(typed)
    assert costly.asked == 1
    time.sleep(0.25)
    assert Catalogue(scope=everybody, sessions=costly).tasks()
    assert costly.asked == 2
