"""Headers and recordings in the Django admin: looked at, never changed, by who may see them, and written down."""

import pytest
from django.urls import reverse
from django.utils import timezone

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import ChunkHeader, Recording
from people.models import AuditEntry, Patient
from people.patients import add_patient
from people.readonly_admin import BoundedPaginator
from storage.urls import open_objects
from tests.people.makers import grant, make_user
from tests.selections.made import DAY, HOUR, hold

pytestmark = pytest.mark.database(transaction=True)
LIST = "admin:chunks_chunkheader_changelist"
RECORDINGS = "admin:chunks_recording_changelist"


@pytest.fixture
def week(settings, tmp_path) -> None:
    settings.OBJECTS_URL = tmp_path.as_uri()
    hold("2002", "day0_220000", (22 * HOUR, DAY + 3 * HOUR), labels=["LTG1", "LTG2"])
    hold("2002", "day4_100000", (4 * DAY + 10 * HOUR, 4 * DAY + 12 * HOUR), labels=["LTG1", "LTG2"])
    hold("Ab-1", "day1_000000", (DAY, DAY + 2 * HOUR), labels=["RPT1"])


@pytest.fixture
def manager(client):
    user = make_user("mia", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def shown(client, **words) -> list[str]:
    response = client.get(reverse(LIST), words)
    assert response.status_code == 200, response
    return [row.object_key for row in response.context["cl"].result_list]


@pytest.mark.usefixtures("week", "manager")
def test_each_filter_shows_its_headers_and_no_others(client):
    assert len(shown(client)) == 10 + 4 + 2
    assert set(shown(client, patient="Ab-1")) == {"day1_000000/RPT1~1_chunk-0.chn", "day1_000000/RPT1~1_chunk-1.chn"}
    assert len(shown(client, patient="2002", channel="2")) == 7
    assert len(shown(client, patient="2002", recording="day4_100000")) == 4
    both = {"patient": "2002", "recording": "day4_100000", "channel": "1"}
    assert shown(client, **both) == [f"day4_100000/LTG1~1_chunk-{number}.chn" for number in (0, 1)]
    assert shown(client, patient="2002", day="4", channel="1") == shown(client, **both)
    assert shown(client, **both, day="0") == []
    assert shown(client, patient="2002", recording="day1_000000") == []


@pytest.mark.usefixtures("week", "manager")
def test_a_day_shows_what_reaches_into_it_too(client):
    hold("3000", "long", (20 * HOUR, DAY + 20 * HOUR), every=30 * HOUR)
    assert len(shown(client, patient="2002", day="0", channel="1")) == 2
    assert len(shown(client, patient="2002", day="1", channel="1")) == 3
    assert (
        shown(client, patient="3000", day="1") == shown(client, patient="3000", day="0") == ["long/LTG1~1_chunk-0.chn"]
    )
    assert shown(client, patient="3000", day="2") == []


@pytest.mark.usefixtures("week", "manager")
def test_days_lead_to_the_next_recorded_ones(client):
    def ways(day=None):
        words = {"patient": "2002"} | ({} if day is None else {"day": day})
        return [to for _, to, _ in client.get(reverse(LIST), words).context["cl"].days]

    assert ways() == [0, 4]
    assert (ways(0), ways(1), ways(2), ways(4)) == ([1], [0, 4], [1, 4], [1])
    assert client.get(reverse(LIST)).context["cl"].days == []


@pytest.mark.usefixtures("week", "manager")
def test_a_key_is_found_by_its_beginning_with_and_without_its_bucket(client):
    one = "day4_100000/LTG2~2_chunk-1.chn"
    assert shown(client, q=f"edf-chunks-2002/{one}") == shown(client, q=one) == [one]
    assert shown(client, q=f"s3://edf-chunks-2002/{one}") == [one]
    assert len(shown(client, q="day4_100000/LTG2")) == 2
    assert len(shown(client, q="day")) == 16
    assert shown(client, q="edf-chunks-ab-1/day4") == shown(client, q="Day4") == shown(client, q="%") == []
    assert shown(client, q="day4", patient="2002", channel="2", day="4") == shown(client, q="day4_100000/LTG2")
    assert shown(client, q="day4", patient="Ab-1") == []


@pytest.mark.usefixtures("week", "manager")
@pytest.mark.parametrize("words", [{"channel": "x"}, {"day": "999999"}, {"day": "٣x"}])
def test_words_that_mean_nothing_find_nothing_and_say_so(client, words):
    response = client.get(reverse(LIST), {"patient": "2002"} | words)
    assert list(response.context["cl"].result_list) == []
    assert [str(message) for message in response.context["messages"]]


@pytest.mark.usefixtures("week", "manager")
def test_filters_offer_what_recordings_say(client):
    def offered(**words):
        specs = client.get(reverse(LIST), words).context["cl"].filter_specs
        return {spec.title: [value for value, _ in spec.lookup_choices] for spec in specs}

    assert offered() == {"patient": ["2002", "Ab-1"]}
    of_patient = offered(patient="2002")
    assert of_patient["recording"] == ["day0_220000", "day4_100000"]
    assert of_patient["day"] == ["0", "1", "4"]
    assert of_patient["channel"] == ["1", "2"]


@pytest.mark.usefixtures("week", "manager")
def test_a_withdrawn_patient_is_in_no_list_filter_or_page(client):
    row = ChunkHeader.objects.filter(patient="Ab-1").first()
    recording = Recording.objects.get(patient="Ab-1")
    Patient.objects.filter(pk="Ab-1").update(withdrawn_at=timezone.now())
    assert not [key for key in shown(client) if "RPT1" in key]
    assert shown(client, patient="Ab-1") == shown(client, q="day1_") == []
    page = client.get(reverse(LIST))
    assert b"Ab-1" not in page.content
    assert client.get(reverse("admin:chunks_chunkheader_change", args=[row.pk])).status_code == 302
    assert client.get(reverse("admin:chunks_recording_change", args=[recording.pk])).status_code == 302
    assert b"day1_000000" not in client.get(reverse(RECORDINGS)).content


@pytest.mark.usefixtures("week")
def test_looking_is_written_down_with_the_patients_shown(client, manager):
    add_patient("3000")
    row = ChunkHeader.objects.filter(patient="2002").first()
    client.get(reverse(LIST))
    client.get(reverse(LIST), {"patient": "3000", "day": "2", "q": "Jane"})
    client.get(reverse("admin:chunks_chunkheader_change", args=[row.pk]))
    client.get(reverse(RECORDINGS), {"patient": "Ab-1"})
    columns = ("act", "user_id", "means", "outcome", "origin", "question")
    entries = AuditEntry.objects.order_by("pk")
    touched = [sorted(entry.patients.values_list("patient", flat=True)) for entry in entries]
    acts = [(*values, patients) for values, patients in zip(entries.values_list(*columns), touched, strict=True)]
    by = ("look", manager.pk, "page", "done", "127.0.0.1")
    assert acts == [
        (*by, "", ["2002", "Ab-1"]),
        (*by, "patient=3000&day=2&key=asked+for", ["3000"]),
        (*by, f"chunkheader {row.pk}", ["2002"]),
        (*by, "patient=Ab-1", ["Ab-1"]),
    ]


@pytest.mark.usefixtures("week", "manager")
def test_the_page_of_a_header_tells_what_the_store_says_now(client, tmp_path):
    row = ChunkHeader.objects.filter(patient="2002").first()
    page = reverse("admin:chunks_chunkheader_change", args=[row.pk])

    def said() -> str:
        return client.get(page).content.decode()

    assert "Not known: There is no bucket" in said()
    objects = open_objects(tmp_path.as_uri())
    objects.make_bucket(row.bucket)
    assert "The object is gone" in said()
    info = objects.put(row.bucket, row.object_key, b"x")
    assert f"1 bytes, ETag {info.etag}: not what this row says" in said().replace("&quot;", '"')
    ChunkHeader.objects.filter(pk=row.pk).update(etag=info.etag, size_bytes=1)
    assert "as this row says" in said()
    assert f"{row.bucket}/{row.object_key}" in said()
    assert "day 0 22:00:00 (2001-12-31 22:00:00)" in said()


@pytest.mark.usefixtures("week", "manager")
@pytest.mark.parametrize("model", ["chunkheader", "recording", "headersstate"])
def test_nobody_changes_anything(client, model):
    rows = {"chunkheader": ChunkHeader, "recording": Recording}
    pk = rows[model].objects.first().pk if model in rows else 1
    before = list(ChunkHeader.objects.values()), list(Recording.objects.values())
    for name, arguments in (("add", []), ("change", [pk]), ("delete", [pk])):
        response = client.post(reverse(f"admin:chunks_{model}_{name}", args=arguments), {"label": "x", "post": "yes"})
        assert response.status_code in {302, 403}, name
    action = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    client.post(reverse(f"admin:chunks_{model}_changelist"), action)
    assert (list(ChunkHeader.objects.values()), list(Recording.objects.values())) == before


@pytest.mark.usefixtures("week")
@pytest.mark.parametrize("name", ["chunkheader", "recording", "headersstate"])
def test_a_researcher_is_not_let_in(client, name):
    user = make_user("rita")
    grant(user)
    client.force_login(user)
    assert client.get(reverse(f"admin:chunks_{name}_changelist")).status_code == 302
    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("week")
def test_staff_without_the_permission_is_not_let_in(client):
    client.force_login(make_user("sam", is_staff=True))
    assert client.get(reverse(LIST)).status_code == 403
    assert (
        client.get(reverse("admin:chunks_chunkheader_change", args=[ChunkHeader.objects.first().pk])).status_code == 403
    )


@pytest.mark.usefixtures("week", "manager")
def test_while_headers_sleep_the_pages_say_so(client):
    set_state(read_state(), state=State.ASLEEP, by="test")
    for name in (LIST, RECORDINGS):
        response = client.get(reverse(name))
        assert response.status_code == 503
        assert b"asleep" in response.content
    assert client.get(reverse("admin:chunks_headersstate_changelist")).status_code == 200


@pytest.mark.usefixtures("week", "manager")
def test_recordings_are_found_by_patient_state_and_name(client):
    hold("2002", "copy", (0, HOUR), state="hidden")

    def names(**words):
        return [row.name for row in client.get(reverse(RECORDINGS), words).context["cl"].result_list]

    assert names() == ["copy", "day1_000000", "day4_100000", "day0_220000"]
    assert names(patient="2002") == ["copy", "day0_220000", "day4_100000"]
    assert names(state="hidden") == ["copy"]
    assert names(q="day1_000000") == names(q="edf-chunks-ab-1/day1_000000/") == ["day1_000000"]
    assert names(q="day1_000000", patient="2002") == names(q="edf-chunks-2002/day1_000000") == []


@pytest.mark.usefixtures("week")
def test_a_list_is_counted_no_further_than_its_limit(monkeypatch):
    monkeypatch.setattr("people.readonly_admin.COUNTED", 3)
    pages = BoundedPaginator(ChunkHeader.objects.order_by("-pk"), 2)
    assert (pages.count, pages.has_more, pages.num_pages) == (3, True, 2)
    few = BoundedPaginator(ChunkHeader.objects.filter(patient="Ab-1").order_by("pk"), 2)
    assert (few.count, few.has_more) == (2, False)
