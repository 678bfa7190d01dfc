"""What a month costs, counted by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hibernation.prices import Prices, cost_of
from hibernation.states import Goal

TABLE = Prices(
    of=date(2026, 1, 1),
    region="here",
    instance_hour={"db.small": Decimal("0.1")},
    storage_gb_month={"gp3": Decimal("0.2"), "io1": Decimal("0.3")},
    snapshot_gb_month=Decimal("0.05"),
    host_hour={"nano": Decimal("0.01")},
)
ONE = {"DBInstanceClass": "db.small", "StorageType": "gp3", "AllocatedStorage": 100}


@pytest.mark.parametrize(
    ("more", "host", "awake", "snapshot", "stopped"),
    [
        ({}, "", "93.00", "5.00", "20.00"),  # 730 x 0.1 + 100 x 0.2; 100 x 0.05; the disk
        ({}, "nano", "100.30", "5.00", "20.00"),  # the host is off while it sleeps
        ({"MultiAZ": True}, "", "186.00", "5.00", "40.00"),  # two of each; one snapshot; both disks stay
    ],
)
def test_awake_and_asleep(more: dict[str, Any], host: str, awake: str, snapshot: str, stopped: str) -> None:
    by_snapshot = cost_of(ONE | more, mode=Goal.SNAPSHOT, prices=TABLE, host_type=host)
    by_stopping = cost_of(ONE | more, mode=Goal.STOP, prices=TABLE, host_type=host)
    closed = cost_of(ONE | more, mode=Goal.CLOSED, prices=TABLE, host_type=host)
    assert (by_snapshot.awake, by_snapshot.asleep) == (Decimal(awake), Decimal(snapshot))
    assert by_stopping.asleep == Decimal(stopped)
    assert closed.asleep == closed.awake


@pytest.mark.parametrize("more", [{"StorageType": "io1", "Iops": 3000}, {"Iops": 12000}], ids=["io1", "gp3"])
def test_paid_requests_a_second_that_no_table_knows_are_unknown(more: dict[str, Any]) -> None:
    cost = cost_of(ONE | more, mode=Goal.STOP, prices=TABLE)
    assert (cost.awake, cost.asleep) == (None, None)
    assert f"{more['Iops']} requests a second" in cost.unknown
    assert cost_of(ONE | more, mode=Goal.SNAPSHOT, prices=TABLE).asleep == Decimal("5.00")
