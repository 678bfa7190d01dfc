"""The whole configuration of an RDS instance: read from what AWS says of it, given to the call that makes it again.

Owns: one table of what belongs to it, used for reading, for restoring in one call, for comparing and for repairing.
A fact that AWS does not tell (an emulator, an older service) is neither recorded nor compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hibernation.aws import Clients

Configuration = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact: its argument where an instance is made, how it is read, and how it is changed (empty: it cannot be)."""

    argument: str
    read: Callable[[Mapping[str, Any]], Any]
    change: str = ""


def _plain(key: str, argument: str = "", *, change: str | None = None) -> Fact:
    argument = argument or key
    return Fact(argument=argument, read=lambda told: told.get(key), change=argument if change is None else change)


def _names(key: str, name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda told: sorted(str(item[name]) for item in told[key]) if key in told else None


def _own(key: str, name: str) -> Callable[[Mapping[str, Any]], Any]:
    """A group of one's own; AWS's default ones come by themselves, and their names change with the engine."""

    def read(told: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as AWS has it
        found = told[key][0][name] if told.get(key) else ""
        return None if str(found).startswith("default") else found

    return read


def _port(told: Mapping[str, Any]) -> int | None:
    endpoint = told.get("Endpoint") or {}
    return endpoint.get("Port") or told.get("DbInstancePort") or None


def _iops(told: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as AWS has it
    # gp3 tells the baseline that comes with its size; asked for by name it is refused below 400 GB.
    is_baseline = told.get("StorageType") == "gp3" and (told.get("Iops") or 0) <= 3000
    return None if is_baseline else told.get("Iops") or None


FACTS = (
    _plain("DBInstanceClass"),
    _plain("AllocatedStorage"),
    _plain("StorageType"),
    Fact(argument="Iops", read=_iops, change="Iops"),
    Fact(argument="VpcSecurityGroupIds", change="VpcSecurityGroupIds",
         read=_names("VpcSecurityGroups", "VpcSecurityGroupId")),
    Fact(argument="DBParameterGroupName", change="DBParameterGroupName",
         read=_own("DBParameterGroups", "DBParameterGroupName")),
    Fact(argument="OptionGroupName", read=_own("OptionGroupMemberships", "OptionGroupName"), change="OptionGroupName"),
    Fact(argument="DBSubnetGroupName", read=lambda told: (told.get("DBSubnetGroup") or {}).get("DBSubnetGroupName")),
    Fact(argument="Port", read=_port, change="DBPortNumber"),
    _plain("MultiAZ"),
    _plain("PubliclyAccessible"),
    _plain("DeletionProtection"),
    _plain("BackupRetentionPeriod"),
    _plain("PreferredBackupWindow"),
    _plain("PreferredMaintenanceWindow"),
    _plain("AutoMinorVersionUpgrade"),
    _plain("CopyTagsToSnapshot"),
    _plain("LicenseModel"),
    _plain("CACertificateIdentifier"),
    _plain("NetworkType"),
    _plain("MaxAllocatedStorage"),
    _plain("IAMDatabaseAuthenticationEnabled", "EnableIAMDatabaseAuthentication"),
    _plain("PerformanceInsightsEnabled", "EnablePerformanceInsights"),
    _plain("MonitoringInterval"),
    _plain("MonitoringRoleArn"),
    _plain("EngineLifecycleSupport", change=""),
    Fact(argument="EnableCloudwatchLogsExports", read=lambda told: sorted(told["EnabledCloudwatchLogsExports"]) or None
         if "EnabledCloudwatchLogsExports" in told else None),
    Fact(argument="Tags", read=lambda told: sorted(told.get("TagList") or (), key=lambda tag: tag["Key"]) or None),
)  # fmt: skip
# What comes with a snapshot and cannot be asked for, but a new instance and the verification need.
CARRIED = ("Engine", "EngineVersion", "MasterUsername", "DBName", "StorageEncrypted", "KmsKeyId")
# Where one of these is not as it was, more people may reach the database than before.
GUARDS = frozenset({"VpcSecurityGroupIds", "PubliclyAccessible"})


def read(told: Mapping[str, Any]) -> Configuration:
    """Of `describe_db_instances`; JSON, so that it can be kept."""
    found = {fact.argument: fact.read(told) for fact in FACTS}
    found |= {key: told.get(key) for key in CARRIED}
    return {name: value for name, value in found.items() if value not in (None, "")}


def restore_arguments(wanted: Mapping[str, Any], *, clients: Clients) -> dict[str, Any]:
    """Everything that the restoring call takes; the rest is repaired after it."""
    takes = _takes(clients, "RestoreDBInstanceFromDBSnapshot")
    return {
        fact.argument: wanted[fact.argument] for fact in FACTS if fact.argument in takes and fact.argument in wanted
    }


def create_arguments(wanted: Mapping[str, Any], *, clients: Clients) -> dict[str, Any]:
    """Everything that the call which makes an empty instance takes, but user and password."""
    takes = _takes(clients, "CreateDBInstance") - {"MasterUsername", "DBName"}
    return {name: value for name, value in wanted.items() if name in takes}


def differences(wanted: Mapping[str, Any], *, told: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """argument → (wanted, as it is), of every fact that both know."""
    now = read(told)
    return {
        fact.argument: (wanted[fact.argument], now[fact.argument])
        for fact in FACTS
        if fact.argument in wanted and fact.argument in now and wanted[fact.argument] != now[fact.argument]
    }


def repair_arguments(found: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """What `modify_db_instance` can put right of these differences."""
    return {fact.change: found[fact.argument][0] for fact in FACTS if fact.change and fact.argument in found}


def in_words(found: Mapping[str, tuple[Any, Any]]) -> str:
    return "; ".join(f"{name} is {now}, was {wanted}" for name, (wanted, now) in sorted(found.items()))


def _takes(clients: Clients, operation: str) -> set[str]:
    shape = clients.rds.meta.service_model.operation_model(operation).input_shape
    return set(shape.members) if shape else set()
