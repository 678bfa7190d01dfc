"""Which snapshots may go."""

from datetime import UTC, datetime, timedelta

import pytest

from hibernation.errors import KeepRefused
from hibernation.pruning import may_go
from hibernation.snapshots import Held

JUNE = datetime(2026, 6, 30, tzinfo=UTC)


def held(*kinds: str) -> list[Held]:
    """The newest first: v(erified), u(nverified), l(ab's own), c(reating)."""
    return [
        Held(
            name=f"{kind}{number}",
            made_at=JUNE - timedelta(days=number),
            status="creating" if kind == "c" else "available",
            size_bytes=1,
            engine="mysql 8.4.3",
            ours=kind != "l",
            verified=kind == "v",
        )
        for number, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "keep", "needed", "going"),
    [
        ("v", 1, [], []),
        ("vv", 1, [], ["v1"]),
        ("uv", 1, [], []),  # the newest verified one
        ("uvv", 1, [], ["v2"]),
        ("vvv", 1, ["v2"], ["v1"]),  # the present sleep rests on an older one
        ("lvl", 1, [], []),
        ("cvv", 1, [], ["v2"]),
        ("vvvv", 2, [], ["v3", "v2"]),
    ],
)
def test_only_what_nobody_needs_may_go(kinds: str, keep: int, needed: list[str], going: list[str]) -> None:
    assert [each.name for each in may_go(held(*kinds), keep=keep, needed=needed)] == going


@pytest.mark.parametrize("keep", [0, -1])
def test_nobody_keeps_none(keep: int) -> None:
    with pytest.raises(KeepRefused):
        may_go(held("v", "v"), keep=keep, needed=[])
