"""What a line of the log holds, and what it never does."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from jobs import tasks
from people.errors import PatientWithdrawn
from people.roles import Role
from portal.log_lines import Lines
from tests.people.makers import make_user, with_role

pytestmark = pytest.mark.database(transaction=True)
SECRET = "Smith-Jones"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the portal's own handler writes."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(Lines(settings.LOGGING["formatters"]["line"]["format"]))
    logging.getLogger().addHandler(handler)
    yield told
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def rita() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(with_role(make_user("rita"), Role.RESEARCHER))
    return client


def test_the_portal_logs_by_this_formatter() -> None:
    assert settings.LOGGING["formatters"]["line"]["()"] == f"{Lines.__module__}.{Lines.__qualname__}"
    assert set(settings.LOGGING["handlers"]) == {"stderr"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"/patients/{SECRET}/", "404 GET 'patients/<str:patient>/'"),
        (f"/{SECRET}/", "404 GET 'no such address'"),
        (f"/audit/?patient={SECRET}", "403 GET 'audit/'"),
        (f"/admin/people/patient/{SECRET}/change/", "GET 'admin/"),
    ],
)
def test_an_address_that_was_typed_is_in_no_log(rita: Client, log: io.StringIO, path: str, said: str) -> None:
    answer = rita.get(path, follow=True)
    assert answer.status_code in {403, 404}
    assert SECRET not in log.getvalue()
    assert said in log.getvalue()
    assert answer["X-Request-Id"] in log.getvalue()
    assert "Traceback" not in log.getvalue()


def test_a_link_for_a_new_password_is_in_no_log(log: io.StringIO) -> None:
    assert Client().delete(f"/password/reset/MQ/{SECRET}/").status_code in {200, 302, 405}
    assert SECRET not in log.getvalue()


def test_a_fault_is_told_by_its_class_and_place_alone(
    rita: Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object, **_options: object) -> None:
        try:
            int(SECRET)
        except ValueError as error:
            raise LookupError(SECRET) from error

    monkeypatch.setattr("people.views.account.roles_of", fails)
    answer = rita.get("/account/")
    assert answer.status_code == 500
    told = log.getvalue()
    assert SECRET not in told
    assert "builtins.ValueError" in told
    assert "builtins.LookupError" in told
    assert "in account" in told
    assert answer["X-Request-Id"] in told


def test_a_text_that_may_be_kept_is_told(log: io.StringIO) -> None:
    try:
        raise PatientWithdrawn("Patient 2002 has withdrawn.")
    except PatientWithdrawn:
        logging.getLogger("portal").exception("A chore failed.")
    assert "people.errors.PatientWithdrawn: Patient 2002 has withdrawn." in log.getvalue()


def test_an_error_is_told_after_the_one_it_came_of_unless_that_was_left_out(log: io.StringIO) -> None:
    def fail(*, alone: bool) -> None:
        try:
            raise KeyError
        except KeyError:
            if alone:
                raise ValueError from None
            raise ValueError  # noqa: B904 (what it came of is known without being said)

    for alone in (False, True):
        try:
            fail(alone=alone)
        except ValueError:
            logging.getLogger("ecog.test").exception("it failed")
    assert log.getvalue().count("builtins.KeyError") == 1
    assert log.getvalue().count("builtins.ValueError") == 2


def test_what_another_handler_has_written_of_an_error_is_not_taken_over(log: io.StringIO) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "It failed.", (), sys.exc_info())
    assert SECRET in logging.Formatter().format(record)
    assert SECRET not in Lines().format(record)
    assert SECRET in record.exc_text


def test_a_host_that_is_not_the_portals_is_named_without_a_traceback(log: io.StringIO) -> None:
    assert Client().get("/", headers={"host": "other.example"}).status_code == 400
    assert "'other.example'" in log.getvalue()
    assert "Traceback" not in log.getvalue()


def test_why_a_form_was_refused_is_told_without_where_it_came_from(log: io.StringIO) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": SECRET}, headers={"origin": f"https://{SECRET}.example"})
    assert answer.status_code == 403
    assert "Origin checking failed" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_a_record_without_a_request_is_told_as_it_is() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "%s jobs", (3,), None)
    assert Lines("%(name)s: %(message)s").format(record) == "x: 3 jobs"
    record.request = RequestFactory().get(f"/{SECRET}")
    assert SECRET not in Lines("%(message)s").format(record)


def test_a_failed_job_is_told_without_its_errors_text(
    log: io.StringIO, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a worker logs by another formatter."""

    class Held:
        kind = "none"

        def kept(self) -> None:
            raise ValueError(SECRET)

    monkeypatch.setattr(tasks, "claim", lambda _job_id: Held())
    tasks.run(1)
    assert "Job 1 failed: ValueError" in caplog.text
    assert SECRET not in caplog.text
