"""What the headers database costs in a month, awake and asleep, by a dated table of prices.

Owns: that table (`prices.toml`, or the file that `ECOG_RDS_PRICES` names) and the sums. What the table does not know is
said to be unknown, never guessed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from hibernation.errors import PricesUnreadable
from hibernation.models import HOURS_A_MONTH
from hibernation.states import Goal

DEFAULT = Path(__file__).with_name("prices.toml")
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Prices:
    of: date
    region: str
    instance_hour: Mapping[str, Decimal]
    storage_gb_month: Mapping[str, Decimal]
    snapshot_gb_month: Decimal
    host_hour: Mapping[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Dollars a month; None where a price is unknown, which `unknown` names."""

    awake: Decimal | None
    asleep: Decimal | None
    unknown: str = ""


def prices_here() -> Prices:
    """Raises `PricesUnreadable`."""
    path = Path(settings.RDS_PRICES) if settings.RDS_PRICES else DEFAULT
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        return Prices(
            of=_day(table["date"]),
            region=str(table["region"]),
            instance_hour=_numbers(table.get("instance_hour", {})),
            storage_gb_month=_numbers(table.get("storage_gb_month", {})),
            snapshot_gb_month=_numbers(table["snapshot"])["gb_month"],
            host_hour=_numbers(table.get("host_hour", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise PricesUnreadable(
            f"ECOG_RDS_PRICES is {str(path)!r}, which is no table of prices ({type(error).__name__}): write one like "
            "hibernation/prices.toml, or leave the setting empty."
        ) from error


def cost_of(configuration: Mapping[str, Any], *, mode: str, prices: Prices, host_type: str = "") -> Cost:
    """Of an instance so configured. `mode`: how it sleeps; a stopped one keeps its disk."""
    name, kind = configuration.get("DBInstanceClass", ""), configuration.get("StorageType", "")
    size_gb, requests = Decimal(configuration.get("AllocatedStorage", 0)), configuration.get("Iops")
    both = 2 if configuration.get("MultiAZ") else 1
    no_disk = [] if kind in prices.storage_gb_month else [f"storage of type {kind or '?'}"]
    is_baseline = kind == "gp3" and size_gb >= 400 and (requests or 0) <= 12000
    no_disk += [f"{requests} requests a second of the disk"] if requests and not is_baseline else []
    unknown = [] if name in prices.instance_hour else [f"the class {name or '?'}"]
    unknown += no_disk
    unknown += [f"a host of type {host_type}"] if host_type and host_type not in prices.host_hour else []
    disk = prices.storage_gb_month.get(kind, Decimal(0)) * size_gb * both
    awake = prices.instance_hour.get(name, Decimal(0)) * HOURS_A_MONTH * both + disk
    awake += prices.host_hour.get(host_type, Decimal(0)) * HOURS_A_MONTH
    asleep, known = {
        Goal.SNAPSHOT: (prices.snapshot_gb_month * size_gb, True),
        Goal.STOP: (disk, not no_disk),
    }.get(Goal(mode), (awake, not unknown))
    return Cost(
        awake=None if unknown else awake.quantize(CENT),
        asleep=asleep.quantize(CENT) if size_gb and known else None,
        unknown=", ".join(unknown),
    )


def dollars(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"${amount:,.2f}"


def _numbers(table: Mapping[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in table.items()}


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError("the date is no date")
    return value
