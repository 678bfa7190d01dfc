"""The steps of waking the headers database: each does one thing, and may be done again.

Owns: that an instance is made in one call with its recorded configuration, and that search opens last, when address,
tables and rows are proved.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connections

from chunks.headers_db.place import State
from chunks.headers_db.router import HEADERS
from chunks.headers_db.state import CACHE_S, set_state
from hibernation import configuration, events, headers, snapshots
from hibernation.errors import ConfigurationUnknown, SnapshotUnclear
from hibernation.models import Sleep, present_sleep
from hibernation.sleeping import written_since
from hibernation.states import Goal, Source, Step
from hibernation.work import Look, Work

BUCKETS = "buckets"
# Without these a new instance cannot be made, or would be made where others reach it.
NEEDED = ("DBInstanceClass", "AllocatedStorage", "Engine", "DBSubnetGroupName", "VpcSecurityGroupIds")


def announce(work: Work, seen: Look) -> None:
    """From now on the pages say that it wakes. What the waking has behind it begins anew."""
    sleep = present_sleep() or Sleep.objects.create(
        instance=work.site.instance, mode=Goal.CLOSED, by=work.by.by, closed_at=work.pace.now(),
        notes=["It was not asleep by rds_hibernate."],
    )  # fmt: skip
    sleep.woken_by, sleep.waking_at = work.by.by, work.pace.now()
    sleep.steps, sleep.recovered, sleep.repaired_at = [], None, None
    sleep.source = work.snapshot or (BUCKETS if work.source == Source.BUCKETS else "")
    sleep.wanted = wanted_of(work, sleep=sleep)
    sleep.save()
    set_state(seen.place, state=State.WAKING, by=work.by.by, note="being restored")
    work.tell("The headers database is being woken: the pages say so.")


def wanted_of(work: Work, *, sleep: Sleep | None) -> dict[str, Any]:
    """How the instance is to be: as recorded with the snapshot, else as last recorded; what is said now on top."""
    recorded = [sleep] if sleep and sleep.configuration and work.snapshot in {"", sleep.snapshot} else []
    recorded += Sleep.objects.filter(snapshot=work.snapshot, recorded_at__isnull=False)[:1] if work.snapshot else []
    recorded += Sleep.objects.filter(instance=work.site.instance, recorded_at__isnull=False)[:1]
    begun = sleep.wanted if sleep and sleep.source == BUCKETS and work.source == Source.BUCKETS else {}
    return {**(recorded[0].configuration if recorded else {}), **begun, **work.wanted}


def start_host(work: Work, _seen: Look) -> None:
    work.aws.ec2.start_instances(InstanceIds=[work.site.host])
    work.tell(f"The host {work.site.host} is being started.")


def start(work: Work, _seen: Look) -> None:
    work.aws.rds.start_db_instance(DBInstanceIdentifier=work.site.instance)
    work.tell(f"The instance {work.site.instance} is being started.")


def restore(work: Work, _seen: Look, *, sleep: Sleep) -> None:
    """One call with all that was recorded, so that it never stands under AWS's defaults."""
    name = work.snapshot or sleep.source
    told = snapshots.describe(work.aws, name=name)
    if told is None or told["Status"] != "available" or told["DBInstanceIdentifier"] != work.site.instance:
        raise SnapshotUnclear(
            f"The snapshot {name} is not there, or not available: rds_restore --list shows those there are."
        )
    _begin_anew(sleep, source=name, wanted=wanted_of(work, sleep=sleep))
    work.aws.rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier=work.site.instance,
        DBSnapshotIdentifier=name,
        **configuration.restore_arguments(sleep.wanted, clients=work.aws),
    )
    work.tell(f"The snapshot {name} is being restored.")


def create(work: Work, _seen: Look, *, sleep: Sleep) -> None:
    wanted = wanted_of(work, sleep=sleep)
    require_enough(wanted)
    _begin_anew(sleep, source=BUCKETS, wanted=wanted)
    portal = connections[HEADERS].settings_dict
    work.aws.rds.create_db_instance(
        DBInstanceIdentifier=work.site.instance,
        MasterUsername=str(portal["USER"]),
        MasterUserPassword=str(portal["PASSWORD"]),
        DBName=str(portal["NAME"]),
        **configuration.create_arguments(wanted, clients=work.aws),
    )
    work.tell(f"An empty instance {work.site.instance} is being made.")


def require_enough(wanted: Mapping[str, Any]) -> None:
    """Raises `ConfigurationUnknown` where a new instance cannot be made."""
    missing = [name for name in NEEDED if not wanted.get(name)]
    portal = settings.DATABASES[HEADERS]
    if missing:
        raise ConfigurationUnknown(
            f"Not known of the new instance: {', '.join(missing)}. Say it: rds_restore --from-buckets --class "
            "db.t4g.small --storage-gb 20 --engine mysql --subnet-group NAME --security-group ID."
        )
    if not (portal.get("USER") and portal.get("PASSWORD")):
        raise ConfigurationUnknown(
            "The new instance gets the user, password and database name of ECOG_HEADERS_DATABASE_URL, which has none: "
            "write mysql://user:password@host:3306/name there."
        )


def repair(work: Work, seen: Look, *, sleep: Sleep) -> bool:
    """Whether the instance is as it was recorded, or all that can be repaired is."""
    told = seen.instance
    if told is None:
        return True
    wanted = sleep.wanted or sleep.configuration
    if not sleep.source:
        _say_restarted(work)
    found = configuration.differences(wanted, told=told)
    able = configuration.repair_arguments(found)
    if able and sleep.repaired_at is None:
        sleep.repaired_at = work.pace.now()
        sleep.save(update_fields=["repaired_at"])
        work.aws.rds.modify_db_instance(DBInstanceIdentifier=work.site.instance, ApplyImmediately=True, **able)
        work.tell(f"Put right: {configuration.in_words(found)}.")
        return False
    if _needs_reboot(told):
        work.aws.rds.reboot_db_instance(DBInstanceIdentifier=work.site.instance)
        work.tell("The parameter group takes effect: the instance is restarted.")
        return False
    waited = work.pace.now() - sleep.repaired_at if sleep.repaired_at else None
    pending = able or told.get("PendingModifiedValues")
    if waited is not None and pending and waited.total_seconds() < work.pace.settle_s:
        work.tell("AWS changes the configuration.")
        return False
    if found:
        guards = "" if not configuration.GUARDS & set(found) else " Others than before may reach it: look at once."
        _note(sleep, f"The configuration still differs: {configuration.in_words(found)}.{guards}")
        work.tell(sleep.notes[-1])
    else:
        work.tell("The configuration is as it was recorded.")
    return True


def point(work: Work, seen: Look, *, sleep: Sleep) -> bool:
    """Writes the address where the portal and the function read it; whether both have it."""
    if seen.instance is None:
        if work.own_address is not None:
            name, port = work.own_address
            set_state(seen.place, state=State.WAKING, by=work.by.by, host=name, port=port, note="being restored")
            work.tell(f"The portal asks {name}:{port} from now on." if port else f"The portal asks {name} from now on.")
        return True
    endpoint = seen.instance.get("Endpoint") or {}
    if not endpoint.get("Address"):
        work.tell("The instance has no address yet.")
        return False
    name, port = str(endpoint["Address"]), int(endpoint.get("Port") or 3306)
    function = events.configuration(work.aws, function=work.site.function)
    if function is not None:
        if function.get("LastUpdateStatus") == "InProgress" or function.get("State") == "Pending":
            work.tell(f"Waiting for the function {work.site.function} to take its configuration.")
            return False
        if events.point(work.aws, function=work.site.function, told=function, host=name, port=port):
            return False  # looked at again, until AWS has taken it
    ours = work.address(name, port)
    if (seen.place.host, seen.place.port) != ours:
        set_state(seen.place, state=State.WAKING, by=work.by.by, host=ours[0], port=ours[1], note="being restored")
    work.tell(f"The address is {name}:{port}.")
    return True


def prove(work: Work, _seen: Look, *, sleep: Sleep) -> bool:
    headers.prove()
    work.tell("The headers database answers the portal.")
    return True


def warm(work: Work, _seen: Look, *, sleep: Sleep) -> bool:
    work.tell("The index is read once, so that its disk is filled.")
    rows = headers.warm()
    work.tell(f"The index was read once ({rows:,} rows).")
    return True


def migrate(work: Work, _seen: Look, *, sleep: Sleep) -> bool:
    headers.migrate()
    work.tell("The tables are those of this portal.")
    return True


def prove_function(work: Work, _seen: Look, *, sleep: Sleep) -> bool:
    """A function that does not answer is told, and does not hold the waking up: reindex writes its rows too."""
    if work.clients is None:
        return True
    if events.configuration(work.aws, function=work.site.function) is None:
        work.tell(f"There is no function {work.site.function}: nothing to prove there.")
        return True
    if why := events.ping(work.aws, function=work.site.function):
        _note(sleep, f"That the function {work.site.function} reaches the database is not proved: {why}")
        work.tell(sleep.notes[-1])
    else:
        work.tell(f"The headers database answers the function {work.site.function}.")
    return True


def resume(work: Work, seen: Look, *, sleep: Sleep) -> bool:
    """What we paused is on again; where nobody knows what that was, everything that feeds the function."""
    wanted = set(sleep.paused) or {mapping["UUID"] for mapping in seen.mappings}
    off = [each["UUID"] for each in seen.mappings if each["UUID"] in wanted and each.get("State") == "Disabled"]
    if off:
        events.switch(work.aws, uuids=off, on=True)
        return False
    if any(each.get("State") not in events.SETTLED for each in seen.mappings):
        work.tell("Waiting for the events to flow.")
        return False
    if seen.mappings:
        work.tell("The events flow again.")
    return True


def redrive(work: Work, seen: Look, *, sleep: Sleep) -> bool:
    if seen.mappings and (moved := events.redrive(work.aws, seen.mappings)):
        work.tell(f"About {moved:,} messages that had failed are sent again.")
    return True


def reindex(work: Work, _seen: Look, *, sleep: Sleep) -> bool:
    _compare(work, sleep=sleep)
    return True


def _compare(work: Work, *, sleep: Sleep) -> None:
    def progress(done: int, total: int) -> None:
        work.check(None)
        work.tell(
            f"{done:,} of about {total:,} objects compared", percent=min(100, 100 * done // total) if total else None
        )

    report = headers.fill(work.objects, progress=progress)
    sleep.recovered = report.written + (sleep.recovered or 0)
    sleep.save(update_fields=["recovered"])
    work.tell(
        f"{report.written:,} rows were recovered, {report.removed:,} removed ({report.objects:,} objects compared)."
    )
    if not report.clean:
        _note(sleep, "Somebody must look at what manage.py reindex says.")
        work.tell(sleep.notes[-1])


def open_search(work: Work, seen: Look) -> None:
    sleep = present_sleep()
    set_state(seen.place, state=State.AWAKE, by=work.by.by)
    if sleep is not None:
        sleep.awake_at = work.pace.now()
        sleep.save(update_fields=["awake_at"])
    work.tell("Search is open.")
    if sleep is not None and sleep.waking_at and written_since(sleep.waking_at):
        # Its rows were not written, and its bucket may have been compared before; from now on writers write themselves.
        work.pace.sleep(CACHE_S)
        work.tell("What was taken in while it woke is looked at once more.")
        _compare(work, sleep=sleep)


LINKS = {
    Step.REPAIR: repair,
    Step.POINT: point,
    Step.PROVE: prove,
    Step.WARM: warm,
    Step.MIGRATE: migrate,
    Step.PROVE_FUNCTION: prove_function,
    Step.RESUME: resume,
    Step.REDRIVE: redrive,
    Step.REINDEX: reindex,
}


def link(step: Step, work: Work, seen: Look, *, sleep: Sleep) -> None:
    """One step of the chain; noted where it is done."""
    if LINKS[step](work, seen, sleep=sleep):
        work.check(None)
        sleep.steps = [*sleep.steps, step.value]
        sleep.save(update_fields=["steps"])


def restored(work: Work, sleep: Sleep) -> None:
    if sleep.source and sleep.source != BUCKETS and not sleep.steps:
        work.tell("The snapshot is completely restored.")


def _begin_anew(sleep: Sleep, *, source: str, wanted: dict[str, Any]) -> None:
    sleep.source, sleep.wanted, sleep.steps, sleep.repaired_at = source, wanted, [], None
    sleep.save(update_fields=["source", "wanted", "steps", "repaired_at"])


def _needs_reboot(told: Mapping[str, Any]) -> bool:
    return any(group.get("ParameterApplyStatus") == "pending-reboot" for group in told.get("DBParameterGroups", []))


def _say_restarted(work: Work) -> None:
    work.tell("The instance is there as it was: no snapshot is needed.")


def _note(sleep: Sleep, sentence: str) -> None:
    sleep.notes = [*sleep.notes, sentence]
    sleep.save(update_fields=["notes"])
