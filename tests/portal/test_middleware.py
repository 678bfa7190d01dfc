"""What every answer carries."""

import pytest
from django.test import Client

from people.roles import Role
from tests.people.makers import grant, make_user, with_role
from tests.selections.made import HOUR, hold

pytestmark = pytest.mark.database(transaction=True)
SHOWN = (
    "/",
    "/search/",
    "/search/?patient=2002",
    "/patients/2002/",
    "/account/",
    "/account/acts/",
    "/jobs/",
    "/password/",
)
REFUSED = ("/patients/2003/", "/patients/2002/recordings/none/", "/audit/", "/nothing/", "/bundles/1/file")


@pytest.mark.parametrize("path", [*SHOWN, *REFUSED])
def test_no_cache_keeps_what_a_person_was_shown(path: str) -> None:
    """Who sits down at the same computer after her does not get it back from the browser."""
    hold("2002", "day0", (0, HOUR))
    hold("2003", "day0", (0, HOUR))
    rita = with_role(make_user("rita"), Role.RESEARCHER)
    grant(rita, patient="2002")
    client = Client()
    client.force_login(rita)
    answer = client.get(path)
    assert (answer.status_code == 200) is (path in SHOWN)
    assert {"no-store", "private"} <= set(answer["Cache-Control"].replace(" ", "").split(","))


def test_a_view_that_says_how_its_answer_is_kept_is_heard() -> None:
    client = Client()
    client.force_login(with_role(make_user("rita"), Role.RESEARCHER))
    assert client.get("/ecog")["Cache-Control"] == "private, no-cache"
