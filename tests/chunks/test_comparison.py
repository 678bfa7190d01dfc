"""Listing and rows side by side: what differs is told in the order of keys, whatever the keys are."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chunks.comparison import Kind, Row, differences
from storage.objects import ObjectInfo

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = st.dictionaries(st.text("a/+~é\U0001f9e0\x01 ", min_size=1, max_size=4), st.sampled_from("12"), max_size=12)


def in_order(keys: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(keys.items(), key=lambda pair: pair[0].encode())


@given(KEYS, KEYS)
def test_what_differs_is_what_sets_say(objects: dict[str, str], rows: dict[str, str]) -> None:
    listing = [ObjectInfo("b", key, 1, etag, NOW) for key, etag in in_order(objects)]
    held = [Row(place, key, etag, NOW) for place, (key, etag) in enumerate(in_order(rows))]
    told = [(each.kind, (each.info or each.row).key) for each in differences(listing, held)]  # type: ignore[union-attr]
    expected = [(Kind.MISSING, key) for key in objects.keys() - rows.keys()]
    expected += [(Kind.ORPHANED, key) for key in rows.keys() - objects.keys()]
    expected += [(Kind.STALE, key) for key in objects.keys() & rows.keys() if objects[key] != rows[key]]
    assert told == sorted(expected, key=lambda pair: pair[1].encode())
