"""Each model lives in one database; migrations and relations keep to that."""

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import router

from chunks.models import ChunkHeader, HeadersState, IndexFault, Recording, RecordingOverlap
from chunks.review.tables import ReleasedText

HEADERS = [ChunkHeader, Recording, IndexFault, RecordingOverlap, ReleasedText]


@pytest.mark.parametrize("model", HEADERS)
def test_header_models_are_read_and_written_in_headers(model: type) -> None:
    assert (router.db_for_read(model), router.db_for_write(model)) == ("headers", "headers")


@pytest.mark.parametrize("model", [HeadersState, User, User.groups.through])
def test_all_others_are_in_the_portal_database(model: type) -> None:
    assert (router.db_for_read(model), router.db_for_write(model)) == ("default", "default")


def test_every_model_is_migrated_in_exactly_one_database() -> None:
    for model in apps.get_models(include_auto_created=True):
        places = [alias for alias in ("default", "headers") if router.allow_migrate_model(alias, model)]
        assert places == (["headers"] if model in HEADERS else ["default"]), model


def test_a_migrations_own_copy_of_a_model_goes_where_the_model_goes() -> None:
    """Migrations hand over models of their own making, without our attribute; only the name is true."""
    assert router.allow_migrate("headers", "chunks", model_name="chunkheader", model=User)
    assert not router.allow_migrate("default", "chunks", model_name="chunkheader", model=User)


def test_a_model_that_is_gone_was_the_portals() -> None:
    assert router.allow_migrate("default", "chunks", model_name="forgotten")
    assert not router.allow_migrate("headers", "chunks", model_name="forgotten")


@pytest.mark.parametrize(
    ("hints", "place"),
    [({}, "default"), ({"db_alias": "headers"}, "headers"), ({"model_name": "recording"}, "headers")],
)
def test_run_sql_and_run_python_say_where_by_a_hint(hints: dict[str, str], place: str) -> None:
    assert [alias for alias in ("default", "headers") if router.allow_migrate(alias, "chunks", **hints)] == [place]


def test_no_relation_crosses() -> None:
    assert router.allow_relation(ChunkHeader(), Recording())
    assert router.allow_relation(HeadersState(), User())
    assert not router.allow_relation(ChunkHeader(), User())
    # Django's own answer, were it asked, goes by where the rows came from.
    user = User()
    user._state.db = "headers"
    assert not router.allow_relation(ChunkHeader(), user)
