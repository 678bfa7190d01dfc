"""The rule of what is next, over every combination of what can be seen."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from chunks.headers_db.place import State
from hibernation.states import (
    CHAIN,
    TOLD,
    Events,
    Goal,
    Host,
    Instance,
    Seen,
    Snapshot,
    Source,
    Step,
    next_step,
)

SLEEPS = (Goal.SNAPSHOT, Goal.STOP, Goal.CLOSED)
YES_NO = (False, True)
# How far the chain of a waking is: it is done in its order.
CHAINS = [frozenset(CHAIN[:done]) for done in range(len(CHAIN) + 1)]


def everything() -> Iterator[Seen]:
    for values in product(Instance, State, Snapshot, Events, Host, YES_NO, YES_NO, YES_NO, Source):
        instance, headers, snapshot, events, host, recorded, drained, protected, source = values
        for done in CHAINS if headers == State.WAKING else CHAINS[:1]:
            yield Seen(
                instance=instance,
                headers=headers,
                snapshot=snapshot,
                events=events,
                host=host,
                recorded=recorded,
                drained=drained,
                protected=protected,
                source=source,
                done=done,
            )


ALL = list(everything())


@pytest.mark.parametrize("goal", Goal)
def test_every_combination_has_a_next_step(goal: Goal) -> None:
    assert len(ALL) > 100_000
    assert all(isinstance(next_step(seen, goal=goal), Step) for seen in ALL)


def test_an_instance_is_deleted_only_with_a_verified_snapshot_of_it_after_the_last_writer() -> None:
    deleting = [(seen, goal) for goal in Goal for seen in ALL if next_step(seen, goal=goal) == Step.DELETE]
    assert deleting
    for seen, goal in deleting:
        assert goal == Goal.SNAPSHOT
        assert seen.instance == Instance.AVAILABLE
        assert seen.snapshot == Snapshot.VERIFIED
        assert seen.headers == State.ASLEEP
        assert seen.events in {Events.DISABLED, Events.NONE}
        assert seen.recorded
        assert seen.drained
        assert not seen.protected


def test_a_snapshot_is_taken_only_when_nobody_writes_any_more() -> None:
    taking = [seen for seen in ALL if next_step(seen, goal=Goal.SNAPSHOT) in {Step.TAKE, Step.VERIFY, Step.UNPROTECT}]
    assert taking
    assert all(seen.drained and seen.recorded and seen.headers == State.ASLEEP for seen in taking)
    assert not any(seen.events in {Events.ENABLED, Events.CHANGING} for seen in taking)


def test_search_opens_only_when_everything_is_proved_and_filled() -> None:
    opening = [seen for seen in ALL if next_step(seen, goal=Goal.AWAKE) == Step.OPEN]
    assert opening
    assert all(
        seen.done == frozenset(CHAIN) and seen.instance in {Instance.AVAILABLE, Instance.OWN} for seen in opening
    )


def test_waking_never_deletes_and_sleeping_never_makes_an_instance() -> None:
    waking = {next_step(seen, goal=Goal.AWAKE) for seen in ALL}
    assert not waking & {Step.DELETE, Step.UNPROTECT, Step.STOP, Step.TAKE, Step.CLOSE, Step.STOP_HOST, Step.PAUSE}
    sleeping = {next_step(seen, goal=goal) for seen in ALL for goal in SLEEPS}
    assert not sleeping & {Step.RESTORE, Step.CREATE, Step.OPEN, Step.RESUME, *CHAIN}


def test_stopping_and_closing_never_delete() -> None:
    assert not {next_step(seen, goal=goal) for seen in ALL for goal in (Goal.STOP, Goal.CLOSED)} & {
        Step.DELETE,
        Step.UNPROTECT,
        Step.TAKE,
    }


def after(step: Step, seen: Seen, *, goal: Goal) -> set[Seen]:  # noqa: PLR0911 - one return a step reads best
    """What may be seen after a step, or after waiting: all outcomes that AWS may give."""
    if step == Step.WAIT:
        return waited(seen)
    once: dict[Step, Seen] = {
        Step.CLOSE: replace(seen, headers=State.ASLEEP, drained=False, recorded=False, snapshot=Snapshot.NONE),
        Step.RECORD: replace(seen, recorded=True, snapshot=Snapshot.NONE),
        Step.DRAIN: replace(seen, drained=True, snapshot=Snapshot.NONE),
        Step.VERIFY: replace(seen, snapshot=Snapshot.VERIFIED),
        Step.UNPROTECT: replace(seen, protected=False),
        Step.DELETE: replace(seen, instance=Instance.DELETING),
        Step.ANNOUNCE: replace(seen, headers=State.WAKING, done=frozenset()),
        Step.OPEN: replace(seen, headers=State.AWAKE, done=frozenset()),
    }
    if step in once:
        return {once[step]}
    if step == Step.PAUSE:
        reset = replace(seen, drained=False, snapshot=Snapshot.NONE)
        return {replace(reset, events=state) for state in (Events.CHANGING, Events.DISABLED)}
    if step == Step.TAKE:
        return {replace(seen, snapshot=state) for state in (Snapshot.CREATING, Snapshot.MADE)}
    if step == Step.STOP:
        return {replace(seen, instance=state) for state in (Instance.STOPPING, Instance.STOPPED)}
    if step == Step.START:
        return {replace(seen, instance=state) for state in (Instance.COMING, Instance.AVAILABLE)}
    if step in {Step.RESTORE, Step.CREATE}:
        new = replace(seen, recorded=False, protected=True, done=frozenset())
        return {replace(new, instance=state) for state in (Instance.COMING, Instance.AVAILABLE)}
    if step == Step.STOP_HOST:
        return {replace(seen, host=state) for state in (Host.CHANGING, Host.STOPPED)}
    if step == Step.START_HOST:
        return {replace(seen, host=state) for state in (Host.CHANGING, Host.RUNNING)}
    if step in CHAIN:
        done = replace(seen, done=seen.done | {step})
        return {replace(done, events=Events.ENABLED)} if step == Step.RESUME and seen.events != Events.NONE else {done}
    raise AssertionError(step)


def waited(seen: Seen) -> set[Seen]:
    """One thing has changed by itself."""
    answers: set[Seen] = set()
    moves = {
        Instance.COMING: [Instance.AVAILABLE, Instance.BROKEN],
        Instance.STOPPING: [Instance.STOPPED],
        Instance.DELETING: [Instance.ABSENT],
    }
    answers |= {replace(seen, instance=state) for state in moves.get(seen.instance, [])}
    if seen.snapshot == Snapshot.CREATING:
        answers |= {replace(seen, snapshot=state) for state in (Snapshot.MADE, Snapshot.FAILED)}
    if seen.events == Events.CHANGING:
        answers |= {replace(seen, events=state) for state in (Events.DISABLED, Events.ENABLED)}
    if seen.host == Host.CHANGING:
        answers |= {replace(seen, host=state) for state in (Host.RUNNING, Host.STOPPED)}
    return answers


SANE = [
    Seen(instance=instance, headers=headers, events=events, host=host, protected=protected)
    for instance in (Instance.AVAILABLE, Instance.STOPPED, Instance.COMING, Instance.OWN)
    for headers in State
    for events in Events
    for host in Host
    for protected in YES_NO
]


def reachable(goals: tuple[Goal, ...], *, source: Source) -> dict[Seen, set[Seen]]:
    """Everything that can come about from a sane beginning where people change their minds at any time."""
    graph: dict[Seen, set[Seen]] = {}
    todo = [replace(seen, source=source) for seen in SANE]
    while todo:
        seen = todo.pop()
        if seen in graph:
            continue
        graph[seen] = set()
        for goal in goals:
            step = next_step(seen, goal=goal)
            if step not in TOLD and step != Step.DONE:
                graph[seen] |= after(step, seen, goal=goal)
        todo += graph[seen]
    return graph


def test_there_is_always_a_verified_snapshot_or_an_instance() -> None:
    graph = reachable(tuple(Goal), source=Source.SNAPSHOT)
    assert any(seen.instance == Instance.ABSENT for seen in graph)
    for seen in graph:
        if seen.instance in {Instance.ABSENT, Instance.DELETING}:
            assert seen.snapshot == Snapshot.VERIFIED, seen


@pytest.mark.parametrize("source", [Source.SNAPSHOT, Source.BUCKETS])
@pytest.mark.parametrize("goal", Goal)
def test_there_is_always_a_way_on(goal: Goal, source: Source) -> None:
    """From whatever can come about, the goal can be reached, or the person is told what AWS broke or is not there."""
    graph = reachable(tuple(Goal), source=source)
    ended = {seen for seen in graph if next_step(seen, goal=goal) in {Step.DONE, *TOLD}}
    before: dict[Seen, set[Seen]] = {seen: set() for seen in graph}
    for seen in graph:
        step = next_step(seen, goal=goal)
        if seen not in ended:
            for follows in after(step, seen, goal=goal):
                before.setdefault(follows, set()).add(seen)
    reached, todo = set(ended), list(ended)
    while todo:
        for seen in before[todo.pop()] - reached:
            reached.add(seen)
            todo.append(seen)
    assert set(graph) <= reached


def test_waking_without_knowing_from_what_asks_before_anything_changes() -> None:
    gone = Seen(instance=Instance.ABSENT, headers=State.ASLEEP, snapshot=Snapshot.VERIFIED)
    assert next_step(gone, goal=Goal.AWAKE) == Step.TELL_NO_SOURCE


def test_what_aws_broke_is_told_and_not_touched() -> None:
    broken = [seen for seen in ALL if seen.instance == Instance.BROKEN]
    assert {next_step(seen, goal=goal) for seen in broken for goal in Goal} == {Step.TELL_BROKEN}
