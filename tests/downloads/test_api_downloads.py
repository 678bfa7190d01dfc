"""Downloads by the API: begun, listed, fetched, ended; and what a client must never get."""

import threading
import zlib
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from chunks.models import ChunkHeader, Recording
from downloads.bundles.gate import GATE
from downloads.client.ending import settle
from downloads.client.sending import FILES_AT_ONCE
from jobs.asking import cancel
from jobs.models import Job, Runner, State
from jobs.sweeper import sweep
from people.models import AuditEntry, Grant
from people.scope import server_scope
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.asked import Api, researcher, token_of
from tests.downloads.held import hold
from tests.people.makers import grant

pytestmark = pytest.mark.database(transaction=True)
RECORDING = "s3_download/2002/day3_140500"
CHUNK = f"{RECORDING}/LTG1_chunk-0.chn"
BUCKET = "edf-chunks-2002"


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def alice(transactional_db: None) -> User:
    return researcher("alice")


@pytest.fixture
def api(alice: User) -> Api:
    return Api(token_of(alice))


@pytest.fixture
def held(store: Objects, alice: User) -> Recording:
    """A recording that alice may see."""
    recording = hold(store)
    grant(alice, patient="2002")
    return recording


def file(api: Api, download: int, path: str = CHUNK, **headers: str) -> Any:
    return api.get(f"downloads/{download}/file", {"path": path}, **headers)


def bytes_of(answer: Any) -> bytes:
    content = b"".join(answer.streaming_content)
    answer.close()
    return content


def acts() -> list[tuple[str, str, int]]:
    return list(AuditEntry.objects.filter(act="download").order_by("pk").values_list("act", "outcome", "bytes"))


# From begin to end


def test_a_whole_download_is_a_job_and_one_entry_of_the_audit(held: Recording, api: Api, store: Objects) -> None:
    begun = api.post("downloads", {"patient": ["2002"], "channel": ["LTG1"]})
    said = begun.json()
    job = Job.objects.get()
    assert (begun.status_code, said["id"], said["question"]) == (201, job.pk, "channel=LTG1&patient=2002")
    assert (said["totals"]["chunks"], said["files_at_once"]) == (2, FILES_AT_ONCE)
    assert (job.kind, job.state, job.runner, job.asker_name) == ("client", State.RUNNING, Runner.COMMAND, "alice")
    assert job.bytes_total == said["totals"]["bytes"]
    entry = AuditEntry.objects.get(act="download")
    assert entry.is_open
    assert (entry.by_name, entry.means, entry.question) == ("alice", "client", said["question"])
    assert [each.patient for each in entry.patients.all()] == ["2002"]

    row = ChunkHeader.objects.get(label="LTG1", chunk=0)
    answer = file(api, job.pk)
    content = bytes_of(answer)
    assert content == store.get(BUCKET, row.object_key)
    assert f"{zlib.crc32(content):08x}" == row.file_crc32
    assert (answer.status_code, answer["Content-Length"], answer["ETag"]) == (200, str(len(content)), f'"{row.etag}"')
    assert api.get(f"downloads/{job.pk}").json()["bytes_done"] == len(content)

    ended = api.post(f"downloads/{job.pk}/end", {"outcome": "done", "fetched": 1, "kept": 2})
    assert ended.json() == {"id": job.pk, "state": "done", "bytes_done": len(content), "reason": ""}
    assert acts() == [("download", "done", len(content))]
    assert Job.objects.get().result == {"dry_run": False, "fetched": 1, "kept": 2, "failed": 0}
    assert api.post(f"downloads/{job.pk}/end", {"outcome": "failed"}).json()["state"] == "done"
    assert acts() == [("download", "done", len(content))]
    assert file(api, job.pk).status_code == 410


def test_the_manifest_is_that_of_the_command(held: Recording, alice: User, api: Api, tmp_path: Path) -> None:
    download = api.begin(patient=["2002"])
    answer = api.get(f"downloads/{download}/manifest")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    call_command("download", "--to", str(tmp_path / "home"), "--patient", "2002", stdout=StringIO())
    assert bytes_of(answer) == (tmp_path / "home/s3_download/manifest.csv").read_bytes()


def test_where_nothing_matches_there_are_hints_and_no_download(held: Recording, api: Api) -> None:
    answer = api.post("downloads", {"patient": ["2002"], "channel": ["LTH1"]})
    assert (answer.status_code, answer.json()["id"]) == (200, None)
    assert "LTG1" in answer.json()["hints"][0]
    assert not Job.objects.exists()
    assert acts() == [("download", "done", 0)]


def test_a_dry_run_has_a_manifest_and_no_files(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"], dry_run=True)
    assert CHUNK.encode() in bytes_of(api.get(f"downloads/{download}/manifest"))
    assert file(api, download).json()["error"] == "dry_run"
    assert AuditEntry.objects.get(act="download, dry run").is_open


# Parts of a file


def test_a_range_goes_on_where_it_stopped(held: Recording, api: Api, store: Objects) -> None:
    download = api.begin(patient=["2002"])
    whole = store.get(BUCKET, "day3_140500/LTG1_chunk-0.chn")
    etag = ChunkHeader.objects.get(label="LTG1", chunk=0).etag
    rest = file(api, download, Range="bytes=100000-", If_Match=f'"{etag}"')
    assert (rest.status_code, bytes_of(rest)) == (206, whole[100_000:])
    assert rest["Content-Range"] == f"bytes 100000-{len(whole) - 1}/{len(whole)}"
    assert bytes_of(file(api, download, Range="bytes=10-19")) == whole[10:20]
    assert bytes_of(file(api, download, Range="bytes=-7")) == whole[-7:]
    assert bytes_of(file(api, download, Range="bytes=5-", If_Range='"other"')) == whole
    assert Job.objects.get().bytes_done == len(whole) - 100_000 + 10 + 7 + len(whole)


def test_a_range_outside_and_another_object_are_refused_in_words(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    size_bytes = ChunkHeader.objects.get(label="LTG1", chunk=0).size_bytes
    outside = file(api, download, Range=f"bytes={size_bytes}-")
    assert (outside.status_code, outside.json()["error"]) == (416, "range_outside")
    assert outside["Content-Range"] == f"bytes */{size_bytes}"
    other = file(api, download, Range="bytes=5-", If_Match='"other"')
    assert (other.status_code, other.json()["error"]) == (412, "file_changed")
    assert Job.objects.get().bytes_done == 0
    assert GATE.inside == 0


def test_an_object_that_was_replaced_or_is_gone_fails_by_name(held: Recording, api: Api, store: Objects) -> None:
    download = api.begin(patient=["2002"])
    store.put(BUCKET, "day3_140500/LTG1_chunk-0.chn", b"another")
    assert (file(api, download).status_code, file(api, download).json()["error"]) == (409, "object_changed")
    store.delete(BUCKET, "day3_140500/LTG1_chunk-0.chn")
    gone = file(api, download)
    assert (gone.status_code, gone.json()["error"]) == (502, "object_unavailable")
    assert "LTG1_chunk-0.chn" in gone.json()["message"]
    assert GATE.inside == 0


# What is never sent


def out_of_bounds(store: Objects) -> Iterator[str]:
    store.put(BUCKET, "day3_140500/recording.json", b"{}")
    store.put(BUCKET, "day3_140500/notes.txt", b"secret")
    store.make_bucket("edf-chunks-withheld")
    store.put("edf-chunks-withheld", "2002/day3_140500/annotations.json", b"secret")
    store.make_bucket("behavioral-data-all")
    store.put("behavioral-data-all", "day3_140500/annotations.json", b"secret")
    yield from (
        "",
        "/",
        "s3_download",
        "s3_download/manifest.csv",
        f"{RECORDING}/recording.json",
        f"{RECORDING}/notes.txt",
        f"{RECORDING}/",
        f"{RECORDING}/../day3_140500/LTG1_chunk-0.chn",
        f"{RECORDING}/./LTG1_chunk-0.chn",
        f"{RECORDING}//LTG1_chunk-0.chn",
        f"{RECORDING}/LTG1_chunk-0.chn/",
        f"{RECORDING}/LTG1_CHUNK-0.chn",
        f"{RECORDING}/ltg1_chunk-0.chn",
        f"{RECORDING}/LTG1_chunk-0.chn\x00",
        f"{RECORDING}/LTG1_chunk-0.chn%00",
        "s3_download/2002/../2003/day3_140500/LTG1_chunk-0.chn",
        "s3_download/2002/day3_140500\\LTG1_chunk-0.chn",
        "s3_download/withheld/2002/annotations.json",
        "s3_download/withheld/day3_140500/annotations.json",
        "s3_download/2002/behavioral-data-all/annotations.json",
        "../../../../etc/passwd",
        "/etc/passwd",
        "s3_download/2003/day3_140500/LTG1_chunk-0.chn",
        "s3_download/2003/day3_140500/annotations.json",
        "s3_download/2999/day3_140500/LTG1_chunk-0.chn",
        "s3_download/2004/day3_140500/LTG1_chunk-0.chn",
        "s3_download/2002/hidden/LTG1_chunk-0.chn",
        "s3_download/2002/hidden/annotations.json",
        f"{RECORDING}/LTG1_chunk-1.chn",
        f"{RECORDING}/LTG2_chunk-0.chn",
    )


def test_only_what_the_question_asks_for_of_patients_in_sight_is_ever_sent(
    held: Recording, alice: User, api: Api, store: Objects
) -> None:
    """2003 exists and is not granted, 2004 is granted and not asked for, 2999 does not exist."""
    hold(store, "2003")
    hold(store, "2004")
    hold(store, "2002", "hidden")
    grant(alice, patient="2004")
    Recording.objects.filter(name="hidden").update(state="hidden")
    download = api.begin(patient=["2002", "2003"], channel=["LTG1"], stop=["day 3 15:05"])
    refused = {path: file(api, download, path) for path in out_of_bounds(store)}
    assert {answer.status_code for answer in refused.values()} == {404}
    for path, answer in refused.items():
        assert answer.json()["message"].startswith(f"This download has no file {path!r}: ")
    assert bytes_of(file(api, download)) == store.get(BUCKET, "day3_140500/LTG1_chunk-0.chn")
    assert bytes_of(file(api, download, f"{RECORDING}/annotations.json"))


def test_a_row_that_points_into_a_closed_bucket_is_not_followed(held: Recording, api: Api, store: Objects) -> None:
    store.make_bucket("edf-chunks-withheld")
    store.put("edf-chunks-withheld", "day3_140500/annotations.json", b"secret")
    download = api.begin(patient=["2002"])
    Recording.objects.update(bucket="edf-chunks-withheld")
    ChunkHeader.objects.update(bucket="edf-chunks-withheld")
    assert file(api, download, f"{RECORDING}/annotations.json").status_code == 404
    assert file(api, download).status_code == 404


def test_bucket_and_key_of_a_client_mean_nothing(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    assert (
        api.get(f"downloads/{download}/file", {"bucket": BUCKET, "key": "day3_140500/recording.json"}).status_code
        == 422
    )


def test_permission_is_looked_at_again_with_every_file(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    assert bytes_of(file(api, download))
    Grant.objects.update(revoked_at=timezone.now())
    gone, never = file(api, download), file(api, download, CHUNK.replace("2002", "2999"))
    assert gone.status_code == never.status_code == 404
    assert gone.content.replace(b"2002", b"2999") == never.content
    assert bytes_of(api.get(f"downloads/{download}/manifest")).count(b"\n") == 1


def test_a_role_that_was_taken_away_ends_it_too(held: Recording, alice: User, api: Api) -> None:
    download = api.begin(patient=["2002"])
    alice.groups.clear()
    assert file(api, download).json()["error"] == "not_allowed"
    assert api.get(f"downloads/{download}/manifest").status_code == 403
    assert api.post(f"downloads/{download}/end", {"outcome": "failed"}).status_code == 200


def test_nobody_goes_on_with_somebody_elses_download(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    boss = Api(token_of(researcher("boss", is_staff=True)))
    for answer in (
        file(boss, download),
        boss.get(f"downloads/{download}"),
        boss.get(f"downloads/{download}/manifest"),
        boss.post(f"downloads/{download}/alive"),
        boss.post(f"downloads/{download}/end", {"outcome": "done"}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (404, "download_unknown")
    assert Job.objects.get().state == State.RUNNING


def test_another_kind_of_job_is_no_download(held: Recording, alice: User, api: Api) -> None:
    other = Job.objects.create(kind="bundle", asker=alice, asker_name="alice", question_key="k", state=State.RUNNING)
    assert file(api, other.pk).status_code == 404
    assert api.post(f"downloads/{other.pk}/end", {"outcome": "done"}).status_code == 404


def test_two_users_fetch_exactly_theirs(store: Objects, alice: User, api: Api) -> None:
    hold(store, "2002")
    hold(store, "2003")
    bob = researcher("bob")
    grant(alice, patient="2002")
    grant(bob, patient="2003")
    other = Api(token_of(bob))
    for mine, patient, foreign in ((api, "2002", "2003"), (other, "2003", "2002")):
        begun = mine.post("downloads", {}).json()
        assert begun["totals"]["patients"] == 1
        listed = bytes_of(mine.get(f"downloads/{begun['id']}/manifest")).decode()
        assert f"s3_download/{patient}/" in listed
        assert foreign not in listed
        path = f"s3_download/{patient}/day3_140500/LTG1_chunk-0.chn"
        assert bytes_of(file(mine, begun["id"], path))
        assert file(mine, begun["id"], path.replace(patient, foreign)).status_code == 404


# Silence, cancel, and many at once


def test_a_client_that_falls_silent_is_given_up_and_its_bytes_are_written_down(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    fetched = len(bytes_of(file(api, download)))
    now = timezone.now()
    assert sweep(send=lambda _job: None, now=now + timedelta(seconds=200)).failed == 0
    assert sweep(send=lambda _job: None, now=now + timedelta(seconds=310)).failed == 1
    assert settle() == "", "bodies on their way still count"
    Job.objects.update(finished_at=now - timedelta(seconds=61))
    assert settle() == "1 downloads of clients that fell silent written down"
    assert settle() == ""
    assert acts() == [("download", "failed", fetched)]
    assert "run it again" in AuditEntry.objects.get(act="download").reason
    over = file(api, download)
    assert (over.status_code, over.json()["error"]) == (410, "download_over")


def test_what_is_asked_for_keeps_it_alive(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    asks = (
        lambda: bytes_of(file(api, download)),
        lambda: bytes_of(api.get(f"downloads/{download}/manifest")),
        lambda: api.post(f"downloads/{download}/alive"),
    )
    for ask in asks:
        Job.objects.update(lease_until=timezone.now() + timedelta(seconds=5))
        ask()
        until = Job.objects.get().lease_until
        assert until is not None
        assert until > timezone.now() + timedelta(seconds=200)


def test_a_cancel_on_the_page_reaches_the_client_at_its_next_file(held: Recording, alice: User, api: Api) -> None:
    download = api.begin(patient=["2002"])
    fetched = len(bytes_of(file(api, download)))
    cancel(download, by=server_scope(means="page"))
    answer = file(api, download)
    assert (answer.status_code, answer.json()["error"]) == (410, "download_cancelled")
    assert api.post(f"downloads/{download}/end", {"outcome": "failed"}).json()["state"] == "cancelled"
    assert acts() == [("download", "cancelled", fetched)]


def test_a_body_that_is_under_way_stops_when_the_download_is_cancelled(
    held: Recording, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("downloads.client.sending.PIECE_BYTES", 1000)
    monkeypatch.setattr("downloads.client.body.COUNT_EVERY_S", 0.0)
    download = api.begin(patient=["2002"])
    answer = file(api, download)
    pieces = iter(answer.streaming_content)
    next(pieces)
    cancel(download, by=server_scope(means="page"))
    with pytest.raises(Exception, match="has ended meanwhile"):
        list(pieces)
    answer.close()
    assert GATE.inside == 0
    assert Job.objects.get().bytes_done == 1000


def test_bytes_are_those_that_were_taken_where_a_client_hangs_up(
    held: Recording, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("downloads.client.sending.PIECE_BYTES", 1000)
    download = api.begin(patient=["2002"])
    answer = file(api, download)
    pieces = iter(answer.streaming_content)
    for _ in range(4):
        next(pieces)
    answer.close()
    assert Job.objects.get().bytes_done == 3000
    unread = file(api, download)
    unread.close()
    assert Job.objects.get().bytes_done == 3000
    assert GATE.inside == 0


def test_a_user_has_so_many_bodies_and_is_told_to_wait(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    under_way = [file(api, download) for _ in range(FILES_AT_ONCE)]
    busy = file(api, download)
    assert (busy.status_code, busy["Retry-After"], busy.json()["error"]) == (503, "2", "busy")
    assert api.get("me").status_code == 200
    under_way.pop().close()
    under_way.append(file(api, download))
    assert under_way[-1].status_code == 200
    for answer in under_way:
        answer.close()
    assert GATE.inside == 0


def test_bytes_of_many_at_once_are_all_counted(held: Recording, api: Api) -> None:
    download = api.begin(patient=["2002"])
    sizes: list[int] = []

    def fetch() -> None:
        mine = Api()
        mine.headers = api.headers
        try:
            sizes.extend(len(bytes_of(file(mine, download))) for _ in range(5))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sizes) == 30
    assert Job.objects.get().bytes_done == sum(sizes)


def test_a_file_is_counted_before_its_last_bytes_go(held: Recording, api: Api) -> None:
    """Who has it whole and ends the download at once finds it counted."""
    download = api.begin(patient=["2002"])
    answer = file(api, download)
    content = next(iter(answer.streaming_content))
    assert len(content) == int(answer["Content-Length"])
    assert Job.objects.get().bytes_done == len(content)
    answer.close()
    assert Job.objects.get().bytes_done == len(content)


@pytest.mark.parametrize("range_asked", [{}, {"range": "bytes=100-"}])
def test_who_ends_a_download_before_reading_gets_no_file_past_the_audit(
    held: Recording, api: Api, range_asked: dict[str, str]
) -> None:
    download = api.begin(patient=["2002"])
    answer = file(api, download, **range_asked)
    api.post(f"downloads/{download}/end", {"outcome": "done"})
    assert acts() == [("download", "done", 0)]
    taken: list[bytes] = []
    with pytest.raises(Exception, match="has ended meanwhile"):
        taken.extend(answer.streaming_content)
    answer.close()
    assert not taken
    assert GATE.inside == 0
