"""What a view raises about people is a page, and a patient out of sight is one that does not exist."""

import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse
from django.urls import include, path
from django.utils.functional import SimpleLazyObject

from people.asking import page_scope
from people.patients import add_patient, find_patient
from people.roles import requires
from portal.faults import server_error
from tests.people.makers import grant, make_user

pytestmark = [pytest.mark.database, pytest.mark.urls(__name__)]


def look(request, patient):
    return HttpResponse(find_patient(patient, scope=page_scope(request)).pk)


@login_not_required
def closed(request):
    return HttpResponse(page_scope(request).by)


def denied(_request):
    raise PermissionDenied


@login_not_required
def suspicious(_request):
    raise SuspiciousOperation


@login_not_required
def fault(_request):
    raise ZeroDivisionError


@login_not_required
def form(_request):
    return HttpResponse("sent")


urlpatterns = [
    path("look/<str:patient>", look),
    path("closed", closed),
    path("denied", denied),
    path("ingest", requires("ingest")(denied)),
    path("suspicious", suspicious),
    path("fault", fault),
    path("form", form),
    path("", include("portal.urls")),
]
handler500 = "portal.faults.server_error"


@pytest.fixture
def alice(client):
    user = make_user("alice")
    add_patient("2001")
    add_patient("2002")
    grant(user, patient="2001")
    client.force_login(user)
    return user


def is_designed(page, status):
    text = page.content.decode()
    assert page.status_code == status
    assert text.count("<h1>") == 1
    assert '<html lang="en">' in text
    assert "{{" not in text
    return text


def test_a_patient_out_of_sight_is_answered_as_one_that_does_not_exist(alice, client):
    assert client.get("/look/2001").content == b"2001"
    pages = [client.get(f"/look/{patient}") for patient in ("2002", "2003")]
    texts = [is_designed(page, 404) for page in pages]
    assert mask(texts[0], "2002") == mask(texts[1], "2003")
    assert "2001" in texts[0]


def mask(text, patient):
    head, _, rest = text.partition("csrfmiddlewaretoken")
    return (head + rest.partition(">")[2]).replace(patient, "?")


@pytest.mark.parametrize("typed", ["a b", "<script>alert(1)</script>", "%00", "x" * 3000, "é"])
def test_what_can_be_no_patient_is_not_found_either(alice, client, typed):
    text = is_designed(client.get(f"/look/{typed}"), 404)
    assert "<script>alert" not in text


def test_who_is_not_logged_in_gets_the_page_of_no_permission(client):
    assert "Log in first" in is_designed(client.get("/closed"), 403)


def test_a_role_that_does_not_suffice_is_told_what_to_do(alice, client):
    for address in ("/denied", "/ingest"):
        text = is_designed(client.get(address), 403)
        assert "ask an administrator" in text
        assert "/account/" in text


def test_an_address_that_is_none_is_a_page_with_a_way_back(client):
    assert "There is nothing here for you" in is_designed(client.get("/no/such/page"), 404)


def test_a_damaged_request_is_a_page(client):
    assert "does not understand" in is_designed(client.get("/suspicious"), 400)
    assert "does not understand" in is_designed(client.get("/", headers={"host": "evil.example"}), 400)


def test_a_form_without_its_mark_is_a_page(alice, client):
    client.handler.enforce_csrf_checks = True
    assert "send it once more" in is_designed(client.post("/form"), 403)


def test_a_fault_shows_the_number_that_the_log_has(client, caplog):
    client.raise_request_exception = False
    page = client.get("/fault")
    number = page["X-Request-Id"]
    assert number in is_designed(page, 500)
    assert f"Request {number} has failed" in caplog.text


def test_the_page_of_a_fault_asks_no_database_and_knows_no_user(rf, django_assert_num_queries):
    request = rf.get("/fault")
    request.user = SimpleLazyObject(User.objects.get)
    with django_assert_num_queries(0):
        text = is_designed(server_error(request), 500)
    assert "<nav" not in text


def test_a_fault_is_answered_also_where_templates_are_broken(client, settings):
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [], "APP_DIRS": False}]
    client.raise_request_exception = False
    page = client.get("/fault")
    assert page.status_code == 500
    assert page["X-Request-Id"] in page.content.decode()
