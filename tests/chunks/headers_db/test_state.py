"""The recorded state of the headers database: its row, its change, and the copy each process keeps."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, OperationalError, connections, transaction
from pytest_django import DjangoAssertNumQueries

from chunks.headers_db import state
from chunks.headers_db.errors import HeadersAsleep, HeadersStateChanged
from chunks.headers_db.place import HeadersPlace, State
from chunks.headers_db.state import (
    HeadersState,
    forget_state,
    known_state,
    read_state,
    require_awake,
    set_state,
    use_while_waking,
)
from tests.shared_database import at_once

pytestmark = pytest.mark.database


def test_without_a_row_the_database_is_awake_where_the_settings_say() -> None:
    assert read_state() == HeadersPlace(state=State.AWAKE, host="", port=0, generation=0)


def test_a_change_is_read_back_whole() -> None:
    made = set_state(read_state(), state=State.WAKING, by="ann", host="db.example.org", port=3307, note="step 3 of 8")
    assert read_state() == made
    assert (made.state, made.host, made.port, made.who, made.note) == (
        State.WAKING,
        "db.example.org",
        3307,
        "ann",
        "step 3 of 8",
    )


def test_the_address_stays_unless_one_is_given_and_can_go_back_to_the_settings() -> None:
    set_state(read_state(), state=State.AWAKE, by="ann", host="db.example.org", port=3307)
    kept = set_state(read_state(), state=State.ASLEEP, by="ann")
    assert (kept.host, kept.port) == ("db.example.org", 3307)
    back = set_state(kept, state=State.AWAKE, by="ann", host="", port=0)
    assert (back.host, back.port) == ("", 0)


def test_since_is_the_time_of_the_state_and_not_of_the_last_note() -> None:
    waking = set_state(read_state(), state=State.WAKING, by="ann", note="step 1 of 8")
    noted = set_state(waking, state=State.WAKING, by="ann", note="step 2 of 8")
    awake = set_state(noted, state=State.AWAKE, by="ann")
    assert waking.since is not None
    assert awake.since is not None
    assert waking.since == noted.since < awake.since


def test_who_acts_on_an_old_sight_is_told_what_is_there_now() -> None:
    seen = read_state()
    set_state(seen, state=State.WAKING, by="ann")
    with pytest.raises(HeadersStateChanged, match=r"now waking up since 2\S+ \S+ UTC \(ann\)"):
        set_state(seen, state=State.WAKING, by="bob")
    asleep = set_state(read_state(), state=State.ASLEEP, by="ann")
    set_state(asleep, state=State.AWAKE, by="ann")
    with pytest.raises(HeadersStateChanged):
        set_state(asleep, state=State.AWAKE, by="bob")
    assert read_state().who == "ann"


@pytest.mark.database(transaction=True)
@pytest.mark.parametrize("rows", [0, 1])
def test_of_two_at_once_one_wins(rows: int) -> None:
    if rows:
        set_state(read_state(), state=State.ASLEEP, by="setup")
    seen = read_state()

    def wake(number: int) -> bool:
        try:
            set_state(seen, state=State.WAKING, by=f"person {number}")
        except HeadersStateChanged:
            return False
        return True

    assert at_once(wake, threads=4).count(True) == 1
    assert read_state().generation == seen.generation + 1


@pytest.mark.database(transaction=True)
def test_a_change_inside_a_transaction_is_refused_since_others_must_see_it_at_once() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        set_state(read_state(), state=State.ASLEEP, by="ann")


def test_the_row_is_one_row() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        HeadersState.objects.create(id=2)


def test_asleep_and_waking_refuse_in_one_sentence() -> None:
    assert require_awake() == HeadersPlace()
    set_state(read_state(), state=State.ASLEEP, by="ann")
    with pytest.raises(HeadersAsleep, match=r"^The headers database is asleep since .* UTC \(ann\)\. Ask an admin"):
        require_awake()
    set_state(read_state(), state=State.WAKING, by="ann")
    with pytest.raises(HeadersAsleep, match=r"^The headers database is waking up since .* It takes about 10 minutes"):
        require_awake()


def test_who_wakes_it_may_use_it_before_others() -> None:
    waking = set_state(read_state(), state=State.WAKING, by="ann")
    with use_while_waking():
        assert require_awake() == waking
        with ThreadPoolExecutor(1) as other, pytest.raises(HeadersAsleep):
            other.submit(require_awake).result()
    with pytest.raises(HeadersAsleep):
        require_awake()
    set_state(waking, state=State.ASLEEP, by="ann")
    with use_while_waking(), pytest.raises(HeadersAsleep):
        require_awake()


def test_a_change_by_another_process_is_seen_after_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(state.time, "monotonic", lambda: now)
    forget_state()
    assert known_state().state == State.AWAKE
    HeadersState.objects.create(state=State.ASLEEP, generation=1)
    now = 1004.9
    assert known_state().state == State.AWAKE
    now = 1005.0
    assert known_state().state == State.ASLEEP


def test_looking_again_asks_no_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    forget_state()
    with django_assert_num_queries(1):
        for _ in range(100):
            known_state()


@pytest.mark.database(transaction=True)
def test_a_read_that_began_before_a_change_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    real = state.read_state

    def slow_read() -> HeadersPlace:
        place = real()
        monkeypatch.setattr(state, "read_state", real)
        set_state(place, state=State.ASLEEP, by="ann")
        return place

    monkeypatch.setattr(state, "read_state", slow_read)
    known_state()
    assert known_state().state == State.ASLEEP


@pytest.mark.database(transaction=True)
def test_before_the_first_migration_the_settings_hold() -> None:
    portal = connections["default"]
    with portal.schema_editor() as editor:
        editor.delete_model(HeadersState)
    try:
        assert read_state() == HeadersPlace()
    finally:
        with portal.schema_editor() as editor:
            editor.create_model(HeadersState)


def test_a_portal_database_that_fails_is_not_taken_for_one_without_a_row() -> None:
    def failing(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if "headers_state" in sql:
            raise OperationalError("disk I/O error")
        return execute(sql, *rest)

    with connections["default"].execute_wrapper(failing), pytest.raises(OperationalError, match="disk I/O error"):
        read_state()
