"""What every home of sessions promises: one class of tests, run on each of them.

A home's module gives the fixtures `sessions` (an empty home) and `fill` (puts many records there quickly).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, permutations

from behavior.record import SessionRecord, attributes
from behavior.sessions import Sessions, TaskCount
from tests.behavior.made import at, record

KEY = "ToM_Loc_2003.json"
Fill = Callable[[Sequence[SessionRecord]], None]
FACES = record(KEY, experiment="faces_task", day=4)
TOM = record(KEY)
SECOND, THIRD = record(f"{KEY}#2", minute=600), record(f"{KEY}#3", experiment="mov", minute=700)
NAMES, SUBJECTS = 1_500, ("2001", "2002", "2003", "2004", "2005")


def told(sessions: Sessions) -> dict[tuple[str, str], int]:
    return {(each.experiment, each.subject): each.sessions for each in sessions.counts()}


def held(sessions: Sessions) -> list[tuple[str, str]]:
    return sorted((each.experiment, each.file_name) for each in sessions.everything())


class SessionsContract:
    """The promises."""

    def test_what_is_written_is_read_back(self, sessions: Sessions) -> None:
        exact = record(KEY, day=-2)
        assert sessions.replace(KEY, [exact])
        assert list(sessions.of_object(KEY)) == [exact]
        assert list(sessions.of_tasks(["ToM_Loc"])) == [exact]
        assert list(sessions.of_subject("2003")) == [exact]
        assert [dict(each.item) for each in sessions.everything()] == [attributes(exact)]
        assert list(sessions.counts()) == [TaskCount(experiment="ToM_Loc", subject="2003", sessions=1)]

    def test_an_empty_home_knows_nothing(self, sessions: Sessions) -> None:
        assert not list(sessions.of_object(KEY))
        assert not list(sessions.of_tasks(["ToM_Loc"]))
        assert not list(sessions.of_tasks([]))
        assert not list(sessions.of_subject("2003"))
        assert not sessions.counts()
        assert not sessions.remove(KEY)
        assert sessions.recount() == 0

    def test_the_same_again_changes_nothing(self, sessions: Sessions) -> None:
        assert sessions.replace(KEY, [TOM, SECOND])
        for _ in range(3):
            assert not sessions.replace(KEY, [TOM, SECOND])
        assert told(sessions) == {("ToM_Loc", "2003"): 2}

    def test_a_corrected_object_leaves_no_ghost_whatever_its_task_was(self, sessions: Sessions) -> None:
        sessions.replace(KEY, [TOM, SECOND, THIRD])
        assert sessions.replace(KEY, [FACES])
        assert held(sessions) == [("faces_task", KEY)]
        assert told(sessions) == {("faces_task", "2003"): 1}

    def test_a_corrected_subject_is_counted_where_it_is_now(self, sessions: Sessions) -> None:
        sessions.replace(KEY, [TOM])
        sessions.replace(KEY, [record(KEY, subject="2004")])
        assert told(sessions) == {("ToM_Loc", "2004"): 1}
        assert not list(sessions.of_subject("2003"))

    def test_late_and_doubled_writes_end_as_the_last_one_says(self, sessions: Sessions) -> None:
        states = ([TOM], [FACES, SECOND], [TOM, SECOND, THIRD], [])
        for order in islice(permutations(range(4)), 1, None, 5):
            for number in (*order, *order[:2], order[-1]):
                sessions.replace(KEY, states[number])
            last = states[order[-1]]
            assert held(sessions) == sorted((each.experiment, each.file_name) for each in last)
        sessions.remove(KEY)
        assert not sessions.counts()

    def test_removing_takes_every_record_of_the_object_and_no_other(self, sessions: Sessions) -> None:
        others = [
            record("ToM_Loc_2003.jsonx"),
            record("A.json#2x"),
            record("tom_loc_2003.json"),
            record("ToM_Loc_2003.json%"),
        ]
        for other in others:
            sessions.replace(other.file_name, [other])
        sessions.replace(KEY, [TOM, SECOND])
        assert sessions.remove(KEY)
        assert not sessions.remove(KEY)
        assert held(sessions) == sorted(("ToM_Loc", other.file_name) for other in others)

    def test_documents_come_in_their_order(self, sessions: Sessions) -> None:
        many = [TOM, *(record(f"{KEY}#{number}", minute=number) for number in range(2, 13))]
        sessions.replace(KEY, many)
        assert list(sessions.of_object(KEY)) == many

    def test_odd_keys_and_names_are_kept(self, sessions: Sessions) -> None:
        odd = ["2003//x.json", "../x.json", "a b_c%.json", "é/😀.json", "A'\"\\.json"]
        for name in odd:
            sessions.replace(name, [record(name, experiment=f"tâche {name}")])
        assert sorted(each.file_name for each in sessions.everything()) == sorted(odd)
        assert {each.experiment for each in sessions.counts()} == {f"tâche {name}" for name in odd}

    def test_names_differ_by_case_and_separators(self, sessions: Sessions) -> None:
        for number, name in enumerate(("ToM_Loc", "tom_loc", "ToM-Loc", "ToM Loc")):
            sessions.replace(f"{number}.json", [record(f"{number}.json", experiment=name)])
        assert [each.sessions for each in sessions.counts()] == [1, 1, 1, 1]
        assert [each.file_name for each in sessions.of_tasks(["tom_loc"])] == ["1.json"]

    def test_tasks_of_some_subjects(self, sessions: Sessions, fill: Fill) -> None:
        fill(
            [
                record(f"{task}_{subject}.json", experiment=task, subject=subject)
                for task in ("a", "b", "c")
                for subject in ("2001", "2002", "2003")
            ]
        )

        def found(tasks: Sequence[str], subjects: Sequence[str] | None) -> list[str]:
            return sorted(each.file_name[:-5] for each in sessions.of_tasks(tasks, subjects=subjects))

        assert found(["a"], None) == ["a_2001", "a_2002", "a_2003"]
        assert found(["a", "b", "b"], ["2001", "2002", "2003", "2009"]) == [
            f"{task}_{subject}" for task in "ab" for subject in (2001, 2002, 2003)
        ]
        assert found(["a", "b"], ["2003", "2003"]) == ["a_2003", "b_2003"]
        assert found(["a"], []) == found(["d"], None) == found(["a"], ["2009"]) == []

    def test_sessions_of_a_subject_between_two_instants(self, sessions: Sessions, fill: Fill) -> None:
        night = record("night.json", day=3, minute=23 * 60 + 50, lasting=20)  # past midnight
        point = record("point.json", day=5, minute=60, lasting=0)
        fill(
            [night, point, record("early.json", day=3, minute=0), record("other.json", subject="2004", day=4, minute=1)]
        )

        def found(start: tuple[int, int], stop: tuple[int, int]) -> list[str]:
            first, last = (at("2003", day=day, minute=minute) for day, minute in (start, stop))
            return [each.file_name for each in sessions.of_subject("2003", start=first, stop=last)]

        assert found((3, 0), (6, 0)) == ["early.json", "night.json", "point.json"]
        assert found((4, 5), (4, 6)) == ["night.json"]
        assert found((4, 10), (5, 0)) == []  # it ended at that instant
        assert found((3, 15), (3, 1430)) == []  # one ended, the other begins at that instant
        assert found((5, 60), (5, 61)) == ["point.json"]
        assert [each.file_name for each in sessions.of_subject("2003", stop=at("2003", day=4))] == [
            "early.json",
            "night.json",
        ]
        assert [each.file_name for each in sessions.of_subject("2003", start=at("2003", day=4))] == [
            "night.json",
            "point.json",
        ]

    def test_two_writers_at_once_count_once(self, sessions: Sessions) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: sessions.replace(KEY, [TOM, SECOND]), range(8)))
        assert told(sessions) == {("ToM_Loc", "2003"): 2}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: sessions.remove(KEY), range(8)))
        assert told(sessions) == {}

    def test_1500_names_over_a_megabyte_of_pages_are_all_listed_and_found(self, sessions: Sessions, fill: Fill) -> None:
        names = [f"Task {number:04} {'x' * 180}" for number in range(NAMES)]
        fill(
            [
                record(f"{number}_{subject}.json", experiment=name, subject=subject)
                for number, name in enumerate(names)
                for subject in SUBJECTS
            ]
        )
        counts = sessions.counts()
        assert [(each.experiment, each.subject) for each in counts] == [
            (name, sub) for name in names for sub in SUBJECTS
        ]
        assert {each.sessions for each in counts} == {1}
        for number in (0, 777, NAMES - 1):
            found = sorted(each.file_name for each in sessions.of_tasks([names[number]]))
            assert found == [f"{number}_{subject}.json" for subject in SUBJECTS]
        assert sum(1 for _ in sessions.of_subject("2003")) == NAMES
