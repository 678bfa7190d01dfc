"""`manage.py tasks`: every task with its sessions and patients, as a user may see them."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from behavior.catalogue import Catalogue, FoundTasks, Task
from behavior.command import SessionsCommand
from people import audit
from people.asking import command_scope
from people.origin import terminal_origin

NOTHING_FOUND = 1
PATIENTS_SHOWN = 12


class Command(SessionsCommand):
    help = (
        "List tasks, their sessions and patients. A name matches whatever its case and separators, by part, with * and "
        "?, or exactly with '='; exit status 1 where a name means no task."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", metavar="NAME", nargs="*", help="tasks to list; all without one")
        parser.add_argument("--as", dest="as_user", metavar="USER", help="what this user may see")
        parser.add_argument("--json", action="store_true", help="everything as one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        scope = command_scope(options["as_user"])
        with audit.act("look", scope=scope, question="tasks", origin=terminal_origin()) as entry:
            catalogue = Catalogue(scope=scope)
            found = (
                catalogue.find(options["names"])
                if options["names"]
                else FoundTasks(tasks=tuple(catalogue.tasks()), unmatched=())
            )
            entry.add_patients({patient for task in found.tasks for patient in task.patients})
        if told := _json(found) if options["json"] else _text(found):
            self.stdout.write(told)
        if found.unmatched:
            raise CommandError("\n".join(map(str, found.unmatched)), returncode=NOTHING_FOUND)


def _text(found: FoundTasks) -> str:
    if not found.tasks:
        return "There are no sessions." if not found.unmatched else ""
    wide = max(len(task.name) for task in found.tasks)
    return "\n".join(
        f"{task.name:{wide}}  {task.sessions:6,} {'session ' if task.sessions == 1 else 'sessions'}  {_patients(task)}"
        f"{_also(task)}"
        for task in found.tasks
    )


def _patients(task: Task) -> str:
    more = len(task.patients) - PATIENTS_SHOWN
    told = ", ".join(task.patients[:PATIENTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"{len(task.patients)} {'patient' if len(task.patients) == 1 else 'patients'}: {told}"


def _also(task: Task) -> str:
    others = sorted({*task.filed, *task.aliases} - {task.name})
    return f"  (also {', '.join(others)})" if others else ""


def _json(found: FoundTasks) -> str:
    tasks = [
        {
            "name": task.name,
            "filed": list(task.filed),
            "aliases": list(task.aliases),
            "sessions": task.sessions,
            "patients": dict(sorted(task.by_patient.items())),
        }
        for task in found.tasks
    ]
    unmatched = [{"name": each.name, "did_you_mean": list(each.did_you_mean)} for each in found.unmatched]
    return json.dumps({"tasks": tasks, "unmatched": unmatched}, ensure_ascii=False, indent=1)
