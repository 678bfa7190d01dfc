"""Times on the patient's clock go in and out of both databases as they are."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import connections, models
from django.db.migrations.writer import MigrationWriter
from django.db.models import F, Max, Min
from django.test.utils import isolate_apps
from django.utils import timezone

from chunks.headers_db.fields import PatientTimeField
from tests.chunks.headers_db.conftest import needs_sqlite

pytestmark = pytest.mark.database(transaction=True)
WHOLE = datetime(2002, 1, 3, 14, 5)
JUST_AFTER = WHOLE + timedelta(microseconds=1)
HALF = WHOLE + timedelta(microseconds=500_000)
NEXT = WHOLE + timedelta(seconds=1)


@pytest.fixture
def probe() -> Iterator[type[models.Model]]:
    """A model with the field, and its table in the headers database."""
    with isolate_apps("chunks"):

        class Probe(models.Model):  # noqa: DJ008
            db_alias = "headers"
            start = PatientTimeField()
            stop = PatientTimeField(null=True)

            class Meta:
                app_label = "chunks"

    with connections["headers"].schema_editor() as editor:
        editor.create_model(Probe)
    yield Probe
    with connections["headers"].schema_editor() as editor:
        editor.delete_model(Probe)


@pytest.fixture
def four(probe: type[models.Model]) -> models.Manager[models.Model]:
    probe.objects.bulk_create([probe(start=start) for start in (HALF, WHOLE, NEXT, JUST_AFTER)])
    return probe.objects


@pytest.mark.parametrize(
    "moment", [WHOLE, JUST_AFTER, HALF, datetime(1001, 1, 1), datetime(9010, 12, 31, 23, 59, 59, 999_999)]
)
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_a_time_comes_back_as_it_was_whatever_the_time_zone(
    probe: type[models.Model], moment: datetime, zone: str
) -> None:
    with timezone.override(zone):
        made = probe.objects.create(start=moment)
        found = probe.objects.get()
    assert (found.start, found.start.tzinfo, found.stop) == (moment, None, None)
    assert made.start == moment


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"start": WHOLE}, [WHOLE]),
        ({"start__lt": WHOLE}, []),
        ({"start__lt": JUST_AFTER}, [WHOLE]),
        ({"start__lte": JUST_AFTER}, [WHOLE, JUST_AFTER]),
        ({"start__gt": WHOLE}, [JUST_AFTER, HALF, NEXT]),
        ({"start__gte": NEXT}, [NEXT]),
        ({"start__range": (WHOLE, HALF)}, [WHOLE, JUST_AFTER, HALF]),
        ({"start__in": [NEXT, WHOLE]}, [WHOLE, NEXT]),
        ({"start": "2002-01-03 14:05"}, [WHOLE]),
        ({"start__gte": "2002-01-03T14:05:01"}, [NEXT]),
        ({"stop": None}, [WHOLE, JUST_AFTER, HALF, NEXT]),
    ],
)
def test_questions_are_exact_to_the_microsecond(
    four: models.Manager[models.Model], question: dict[str, object], found: list[datetime]
) -> None:
    assert list(four.filter(**question).order_by("start").values_list("start", flat=True)) == found


def test_columns_are_compared_with_each_other(probe: type[models.Model]) -> None:
    probe.objects.create(start=WHOLE, stop=JUST_AFTER)
    probe.objects.create(start=HALF, stop=WHOLE)
    assert probe.objects.get(start__lt=F("stop")).start == WHOLE


def test_least_and_greatest_are_naive_times(four: models.Manager[models.Model]) -> None:
    assert four.aggregate(first=Min("start"), last=Max("start"), none=Max("stop")) == {
        "first": WHOLE,
        "last": NEXT,
        "none": None,
    }


@needs_sqlite
def test_sqlite_keeps_text_with_six_digits(four: models.Manager[models.Model]) -> None:
    with connections["headers"].cursor() as cursor:
        cursor.execute("SELECT CAST(start AS text) FROM chunks_probe ORDER BY 1")
        assert [text for (text,) in cursor.fetchall()] == [
            "2002-01-03 14:05:00.000000",
            "2002-01-03 14:05:00.000001",
            "2002-01-03 14:05:00.500000",
            "2002-01-03 14:05:01.000000",
        ]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (WHOLE.replace(tzinfo=UTC), TypeError),
        ("2002-01-03 14:05+00:00", TypeError),
        (date(2002, 1, 3), TypeError),
        (2002, TypeError),
        (datetime(999, 12, 31), ValueError),
        ("yesterday", ValidationError),
    ],
)
def test_what_is_no_time_of_a_patients_clock_is_refused(
    probe: type[models.Model], wrong: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        probe.objects.create(start=wrong)
    with pytest.raises(error):
        probe.objects.filter(start__lt=wrong).exists()
    assert not probe.objects.exists()


def test_it_has_no_calendar(probe: type[models.Model]) -> None:
    """The year is the patient's anchor: asking for it, or for a date, means nothing."""
    with pytest.raises(FieldError):
        probe.objects.filter(start__year=2002)


def test_migrations_and_fixtures_can_write_it_down(four: models.Manager[models.Model]) -> None:
    text, imports = MigrationWriter.serialize(PatientTimeField(null=True))
    assert text == "chunks.headers_db.fields.PatientTimeField(null=True)"
    assert imports == {"import chunks.headers_db.fields"}
    row = four.get(start=WHOLE)
    field = row._meta.get_field("start")
    assert field.value_to_string(row) == "2002-01-03 14:05:00.000000"
    assert field.to_python(field.value_to_string(row)) == WHOLE
