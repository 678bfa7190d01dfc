"""`manage.py rds_hibernate`: puts the headers database to sleep, so that it costs nothing while nobody looks."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from hibernation import held, host, status
from hibernation.command import HibernationCommand
from hibernation.jobs import SLEEP, do_sleep, sleep_question, telling
from hibernation.models import Sleep
from hibernation.prices import dollars
from hibernation.site import require_rds, site_here
from hibernation.sleeping import in_words, writers
from hibernation.states import Goal, Instance
from jobs.here import run_here
from people.asking import COMMAND
from people.origin import terminal_origin
from people.scope import server_scope
from storage.urls import open_objects

LOOK_EVERY_S = 5.0


class Command(HibernationCommand):
    help = (
        "Put the headers database to sleep: close search, pause the events, take a snapshot, prove it, and only then "
        "delete the instance. It may be interrupted and run again at any point. rds_restore wakes it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mode",
            choices=[goal.value for goal in (Goal.SNAPSHOT, Goal.STOP, Goal.CLOSED)],
            default=Goal.SNAPSHOT.value,
            help="snapshot: the instance is deleted (the default); stop: for a week at most; closed: search alone",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--wait",
            action="store_true",
            help="first wait until nobody else is at it and no job writes headers; search stays open",
        )

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        goal = Goal(options["mode"])
        site = site_here()
        if goal != Goal.CLOSED:
            require_rds(site)
            host.refuse_own_machine(site)
        tell = self.teller()
        if options["wait"]:
            self._wait()
        elif (other := held.holder()) is not None:
            raise CommandError(held.said_of(other))
        scope = server_scope(means=COMMAND)
        for line in status.lines(status.status_here(scope, objects=open_objects(settings.OBJECTS_URL))):
            self.stdout.write(line)
        if not (options["yes"] or self.agreed(_question(goal, instance=site.instance))):
            raise CommandError("Nothing was changed. Without a terminal say so beforehand: --yes.")
        with run_here(kind=SLEEP, question=sleep_question(goal), scope=scope) as lease:
            sleep = do_sleep(lease, goal=goal, scope=scope, tell=telling(lease, also=tell), origin=terminal_origin())
            lease.finish({"sleep": sleep.pk})
        self.stdout.write(_done(sleep, goal=goal))

    def _wait(self) -> None:
        said = ""
        while (other := held.holder()) is not None or (working := writers()):
            now = held.said_of(other) if other is not None else f"Waiting for {in_words(working)}."
            if now != said:
                self.stdout.write(now)
            said = now
            time.sleep(LOOK_EVERY_S)


def _question(goal: Goal, *, instance: str) -> str:
    if goal == Goal.CLOSED:
        return "Close search until rds_restore?"
    if goal == Goal.STOP:
        return f"Stop {instance}? AWS starts it again by itself after 7 days."
    return f"Put {instance} to sleep (a snapshot is made and proved, then the instance is deleted)?"


def _done(sleep: Sleep, *, goal: Goal) -> str:
    if goal == Goal.CLOSED:
        return "Search is closed. manage.py rds_restore opens it again."
    cost = f"A month costs {dollars(sleep.asleep_per_month)} now instead of {dollars(sleep.awake_per_month)}."
    if sleep.mode == Goal.STOP:
        return f"The instance is {Instance.STOPPED}. AWS starts it again by itself after 7 days. {cost}"
    return (
        f"The headers database sleeps; the snapshot {sleep.snapshot} holds it. {cost} manage.py rds_restore wakes it."
    )
