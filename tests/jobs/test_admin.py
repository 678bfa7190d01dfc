"""Jobs in the Django admin: looked at by administrators, changed by nobody."""

import pytest
from django.urls import reverse

from jobs.models import Job
from tests.people.makers import make_user

pytestmark = pytest.mark.database(transaction=True)
LIST = "admin:jobs_job_changelist"


@pytest.fixture
def jobs() -> list[Job]:
    alice = make_user("alice")
    common = {"asker": alice, "asker_name": "alice", "question": "patient=2002"}
    return [
        Job.objects.create(kind="bundle", state="done", bytes_done=2_000_000, question_key="a", **common),
        Job.objects.create(kind="download", state="running", bytes_total=10, question_key="b", **common),
        Job.objects.create(kind="download", state="failed", asker_name="server", question_key="c"),
    ]


def test_jobs_are_filtered_by_kind_state_and_asker(client, jobs):
    client.force_login(make_user("ada", is_staff=True, is_superuser=True))

    def shown(**words):
        return [row.pk for row in client.get(reverse(LIST), words).context["cl"].result_list]

    bundle, running, failed = (job.pk for job in jobs)
    assert shown() == [failed, running, bundle]
    assert shown(kind="download") == [failed, running]
    assert shown(state__exact="done") == [bundle]
    assert shown(asker__id__exact=jobs[0].asker_id) == [running, bundle]
    page = client.get(reverse("admin:jobs_job_change", args=[bundle])).content.decode()
    assert "patient=2002" in page


def test_nobody_changes_a_job(client, jobs):
    client.force_login(make_user("ada", is_staff=True, is_superuser=True))
    before = list(Job.objects.values())
    for name, arguments in (("add", []), ("change", [jobs[0].pk]), ("delete", [jobs[0].pk])):
        response = client.post(reverse(f"admin:jobs_job_{name}", args=arguments), {"state": "done", "post": "yes"})
        assert response.status_code == 403
    assert list(Job.objects.values()) == before


@pytest.mark.parametrize(("marks", "status"), [({}, 302), ({"is_staff": True}, 403)])
def test_who_is_no_administrator_is_not_let_in(client, jobs, marks, status):
    client.force_login(make_user("rita", **marks))
    assert client.get(reverse(LIST)).status_code == status
    assert client.get(reverse("admin:jobs_job_change", args=[jobs[0].pk])).status_code == status
