"""What is to be known of the sessions of a question with tasks: names that mean nothing, sessions that nothing or not
all is recorded of, and what would match where nothing does.

Owns: these sentences. They are made of what a scope has let through (`selections.resolve`).
"""

from collections.abc import Iterator, Mapping, Sequence

from behavior.catalogue import FoundTasks, Task
from selections.joined import Joined, PatientSessions, State, share_text
from selections.times import spell_instant

NAMED = 6


def session_warnings_of(tasks: FoundTasks, sessions: Sequence[Joined]) -> Iterator[str]:
    """For an answer that is not empty."""
    yield from map(str, tasks.unmatched)
    yield from _unrecorded(sessions)
    partly = [each for each in sessions if each.state == State.PARTLY]
    if partly:
        texts = [f"{session_text(each)}: {share_text(each.covered)}" for each in partly[:NAMED]]
        many = f"{len(partly)} sessions are" if len(partly) > 1 else "1 session is"
        yield f"{many} recorded in part: {_listed(texts, of=len(partly))}."


def session_hints_of(
    tasks: FoundTasks, joined: Mapping[str, PatientSessions], sessions: Sequence[Joined]
) -> Iterator[str]:
    """For an answer that is empty."""
    yield from map(str, tasks.unmatched)
    if not tasks.tasks:
        if not tasks.unmatched:
            yield "There are no sessions of tasks that you may see."
    elif not joined:
        yield from (f"No patient asked for has a session of {task.name}. {_who(task)}" for task in tasks.tasks[:NAMED])
    elif not sessions:
        texts = [session_text(each) for of in joined.values() for each in of.sessions]
        yield f"No session lies in the time asked for. There are: {_listed(texts[:NAMED], of=len(texts))}."
    else:
        yield from _unrecorded(sessions)


def session_text(session: Joined) -> str:
    """`ToM_Loc of patient 2002 on day 3 14:05`, on the recorder's clock."""
    minute_us = session.own.start_us // 60_000_000 * 60_000_000
    return f"{session.task} of patient {session.record.subject} on {spell_instant(minute_us)}"


def _unrecorded(sessions: Sequence[Joined]) -> Iterator[str]:
    missing = [each for each in sessions if each.state == State.NO_RECORDING]
    if missing:
        has = f"{len(missing)} sessions have" if len(missing) > 1 else "1 session has"
        yield (
            f"Of {len(sessions)} session{'s' if len(sessions) > 1 else ''}, {has} no recording: "
            f"{_listed([session_text(each) for each in missing[:NAMED]], of=len(missing))}."
        )


def _who(task: Task) -> str:
    return f"Of it there are sessions of patient{'s' if len(task.patients) > 1 else ''} " + (
        f"{_listed(list(task.patients[:NAMED]), of=len(task.patients))}."
    )


def _listed(texts: Sequence[str], *, of: int) -> str:
    more = f" and {of - len(texts)} more" if of > len(texts) else ""
    return ", ".join(texts) + more
