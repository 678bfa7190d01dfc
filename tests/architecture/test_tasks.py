"""Every Celery task ends by itself, and is told nothing but a job's number."""

import inspect

from portal.celery import app


def tasks() -> dict[str, object]:
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_there_are_the_two_tasks_that_jobs_need() -> None:
    assert set(tasks()) == {"jobs.run", "jobs.sweep"}


def test_every_task_has_both_time_limits() -> None:
    limits = {name: (task.soft_time_limit, task.time_limit) for name, task in tasks().items()}
    assert all(soft and hard and soft < hard for soft, hard in limits.values()), limits


def test_a_message_carries_a_jobs_number_and_nothing_else() -> None:
    told = {name: list(inspect.signature(task.run).parameters) for name, task in tasks().items()}
    assert told == {"jobs.run": ["job_id"], "jobs.sweep": []}
