"""`manage.py rds_restore`: wakes the headers database, from its snapshot or from the buckets alone."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.management.base import CommandError

from chunks.command import CALLED_WRONGLY, PARTLY_DONE
from hibernation import held, snapshots
from hibernation.aws import speaking
from hibernation.command import HibernationCommand
from hibernation.errors import ConfigurationUnknown, SnapshotUnclear, SnapshotUnfit
from hibernation.jobs import WAKE, Choice, chosen, do_wake, telling, work_here
from hibernation.models import Sleep
from hibernation.site import require_rds
from hibernation.snapshots import Held
from hibernation.work import Work
from jobs.here import run_here
from people.asking import COMMAND
from people.origin import terminal_origin
from people.scope import Scope, server_scope

# option → the fact of a new instance
FACTS = {
    "class": "DBInstanceClass",
    "storage_gb": "AllocatedStorage",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "subnet_group": "DBSubnetGroupName",
    "security_group": "VpcSecurityGroupIds",
    "parameter_group": "DBParameterGroupName",
}


# What is made anew is not open to the world, and not deleted by accident.
SAFE = {"PubliclyAccessible": False, "DeletionProtection": True, "StorageType": "gp3"}
ASKED = {
    "DBInstanceClass": "Class (such as db.t4g.small)",
    "AllocatedStorage": "Gigabytes of disk",
    "Engine": "Engine (mysql or mariadb)",
    "DBSubnetGroupName": "Subnet group",
    "VpcSecurityGroupIds": "Security groups",
}


class Command(HibernationCommand):
    help = (
        "Wake the headers database: restore the instance in one call with its recorded configuration, prove its "
        "address, migrate its tables, send the waiting events, index what was missed, and only then open "
        "search. It may be interrupted and run again at any point."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--date", metavar="YYYY-MM-DD", type=_day, help="the snapshot of that day (UTC)")
        which.add_argument("--snapshot", metavar="NAME", default="", help="this snapshot")
        which.add_argument("--latest", action="store_true", help="the newest verified one")
        which.add_argument(
            "--from-buckets", action="store_true", help="no snapshot: a new instance, filled from the buckets"
        )
        which.add_argument("--list", action="store_true", help="say which snapshots there are, and do nothing")
        parser.add_argument("--address", metavar="HOST:PORT", default="", help="where a server of your own stands now")
        new = parser.add_argument_group("a new instance, where none was ever recorded (--from-buckets)")
        new.add_argument("--class", metavar="db.t4g.small", help="how strong it is")
        new.add_argument("--storage-gb", metavar="GB", type=int, help="the size of its disk")
        new.add_argument("--engine", metavar="mysql", help="mysql or mariadb")
        new.add_argument("--engine-version", metavar="8.4", help="the engine's version")
        new.add_argument("--subnet-group", metavar="NAME", help="where in the network it stands")
        new.add_argument("--security-group", metavar="ID", action="append", help="who reaches it; again for more")
        new.add_argument("--parameter-group", metavar="NAME", help="the engine's settings")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        scope = server_scope(means=COMMAND)
        if options["list"]:
            self._list(scope)
            return
        if (other := held.holder()) is not None:
            raise CommandError(held.said_of(other))
        choice = self._clear(_choice(options), scope=scope)
        with run_here(kind=WAKE, question=choice.question(), scope=scope) as lease:
            tell = telling(lease, also=self.teller())
            sleep = do_wake(lease, choice=choice, scope=scope, tell=tell, origin=terminal_origin())
            lease.finish({"sleep": sleep.pk if sleep else None})
        self._say(sleep)

    def _clear(self, choice: Choice, *, scope: Scope) -> Choice:
        """The choice, or what the person at the terminal answers where it is not clear."""
        work = work_here(scope, tell=self.teller())
        try:
            chosen(work, choice=choice)
        except ConfigurationUnknown:
            if not sys.stdin.isatty():
                raise
            return self._clear(replace(choice, wanted=self._ask_wanted(choice.wanted)), scope=scope)
        except SnapshotUnclear as unclear:
            if choice.made or not work.site.on_rds or not sys.stdin.isatty():
                raise CommandError(str(unclear), returncode=CALLED_WRONGLY) from unclear
            return self._ask_which(choice, work=work, unclear=unclear)
        return choice

    def _ask_which(self, choice: Choice, *, work: Work, unclear: SnapshotUnclear) -> Choice:
        """Until it is one that can be restored; where there is none, nobody is asked."""
        there = self._listed(work)
        if not any(each.ours and each.status == "available" for each in there):
            raise CommandError(str(unclear), returncode=CALLED_WRONGLY) from unclear
        while True:
            typed = self.answer("Enter the date of the snapshot (YYYY-MM-DD), or its name: ")
            try:
                is_name = typed.startswith(work.site.instance)
                said = replace(choice, snapshot=typed) if is_name else replace(choice, day=_day(typed))
                chosen(work, choice=said)
            except (ArgumentTypeError, SnapshotUnclear, SnapshotUnfit) as error:
                self.stdout.write(str(error))
            else:
                return said

    def _ask_wanted(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """What a new instance needs and was not said. A password is never asked for: it is the portal's own."""
        self.stdout.write("Nothing was recorded of an instance: say how the new one is to be.")
        asked: dict[str, Any] = dict(known)
        for name, words in ASKED.items():
            if not asked.get(name):
                asked[name] = self.answer(f"{words}: ")
        asked["AllocatedStorage"] = _gigabytes(asked["AllocatedStorage"])
        if isinstance(asked["VpcSecurityGroupIds"], str):
            asked["VpcSecurityGroupIds"] = asked["VpcSecurityGroupIds"].replace(",", " ").split()
        if not all(asked[name] for name in ASKED):
            raise CommandError("All of them are needed. Nothing was changed.", returncode=CALLED_WRONGLY)
        return asked | SAFE

    def _list(self, scope: Scope) -> None:
        work = work_here(scope, tell=self.teller())
        require_rds(work.site)
        self._listed(work)

    def _listed(self, work: Work) -> list[Held]:
        """The snapshots there are, which it says."""
        with speaking():
            there = snapshots.kept(work.aws, instance=work.site.instance)
        for line in _lines(there, instance=work.site.instance):
            self.stdout.write(line)
        return there

    def _say(self, sleep: Sleep | None) -> None:
        if sleep is None or sleep.awake_at is None:
            self.stdout.write("The headers database is awake already.")
            return
        self.stdout.write(f"The headers database is awake: {sleep.recovered or 0:,} rows were recovered.")
        if sleep.notes:
            raise CommandError("\n".join(["Somebody must look:", *sleep.notes]), returncode=PARTLY_DONE)


def _day(typed: str) -> date:
    """Raises `ArgumentTypeError`."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise ArgumentTypeError(f"{typed!r} is no date: write it as 2026-06-01.") from None


def _gigabytes(typed: str | int) -> int:
    try:
        return int(typed or 0)
    except ValueError:
        said = f"{typed!r} is no number of gigabytes: write it as 20. Nothing was changed."
        raise CommandError(said, returncode=CALLED_WRONGLY) from None


def _lines(there: list[Held], *, instance: str) -> list[str]:
    if not there:
        return [f"There are no snapshots of {instance}: rds_restore --from-buckets needs none."]
    lines = [each.line for each in there]
    if any(not each.ours for each in there):
        lines.append(f"Those “not of this portal” cannot be restored. {snapshots.REBUILD}")
    return lines


def _choice(options: dict[str, Any]) -> Choice:
    wanted = {fact: options[option] for option, fact in FACTS.items() if options[option]}
    if wanted and not options["from_buckets"]:
        raise CommandError("The options of a new instance belong to --from-buckets.", returncode=CALLED_WRONGLY)
    if wanted:
        wanted |= SAFE
    return Choice(
        day=options["date"],
        snapshot=options["snapshot"],
        latest=options["latest"],
        from_buckets=options["from_buckets"],
        address=options["address"],
        wanted=wanted,
    )
