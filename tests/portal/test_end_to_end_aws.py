"""The whole way on AWS, nothing faked inside: deployed, ingested, told by events, indexed by the functions, searched by
task in the browser, bundled by Redis and Celery, taken home by a signed link; and no log of it holds what it must not.
"""

import json
import secrets
import shutil
import signal
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import numpy as np
import pyedflib
import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Browser, Page

from behavior.dynamodb import DynamoSessions
from chunks.format.crc import hex8
from chunks.format.header import decode, encode
from tests.aws import own_credentials  # noqa: F401
from tests.behavior.made import content, document
from tests.browser.conftest import is_fault, log_in
from tests.chunks.made import write_recording
from tests.lambdas.deployed import CODE_BUCKET, REGION, wait_for
from tests.lambdas.sqs import record
from tests.portal.aws import BUNDLES, COMPARED, HEADERS, TABLES, Lab, found_in, lab
from tests.recordings import RECORDINGS
from tests.servers import ServerMissing

REAL = RECORDINGS / "ecog_seeg__sample_seeg.edf"
START = datetime(2000, 1, 1, 12, 1, 1)
WHO = "QZ-77310 F 02-MAY-1951 Quastenberg_Wilhelmina"
FILE_NAME = "quastenberg-w"
SURGERY = "1999-12-29"
PASSWORD = secrets.token_urlsafe(20)
PERSONAL = {
    "family name": "quastenberg",
    "first name": "wilhelmina",
    "code": "QZ-77310",
    "date of birth": "1951-05-02",
    "date of birth, as EDF+ has it": "02-MAY-1951",
    "date of recording": "2000-01-01",
    "date of recording, as EDF has it": "01.01.00",
    "date of surgery": SURGERY,
    "name of the file": FILE_NAME,
    "password of a person": PASSWORD,
}
PATIENT, BUCKET, SESSIONS = "2002", "edf-chunks-2002", "behavioral-data-all"
SESSION = "ToM_Loc_2002.json"
ACCOUNT = f"""
from people.accounts import make_account
from people.grants import give_grant
from people.models import Patient
from people.roles import Role
from people.scope import server_scope

by = server_scope(means="test")
rita, _ = make_account("rita", password={PASSWORD!r}, role=Role.RESEARCHER, by=by)
give_grant(rita, patient=Patient.objects.get(pk={PATIENT!r}), reason="protocol 7", by=by)
"""


@pytest.fixture
def aws(tmp_path: Path, own_credentials: None) -> Iterator[Lab]:  # noqa: F811
    try:
        with lab(tmp_path) as made:
            yield made
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The file of a real device where there is one, else one made here; it says who was recorded."""
    path = tmp_path / f"{FILE_NAME}-1.edf"
    if not REAL.is_file():
        write_recording(path, seconds=20, start=START, patient=WHO)
        return path
    shutil.copyfile(REAL, path)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(8)
        file.write(WHO.ljust(80).encode())
    return path


@pytest.mark.prove
@pytest.mark.browser
def test_from_an_empty_account_to_samples_at_home(aws: Lab, browser: Browser, recording: Path, tmp_path: Path) -> None:
    aws.manage("add_patient", PATIENT)
    rows_are_the_functions_alone(aws, recording)
    a_session_put_by_hand_is_recorded(aws)
    aws.manage("shell", "--no-imports", "-c", ACCOUNT)
    aws.portal.start()
    taken = taken_home(aws, browser, tmp_path / "bundle.zip")
    samples_are_those_of_the_file(tmp_path / "bundle.zip", recording)
    the_link_ends_and_is_kept_nowhere(aws, taken["link"])
    rights_are_enough_and_no_more(aws)
    rows_follow_what_is_done_by_hand(aws)
    an_outage_loses_nothing(aws, tmp_path / f"{FILE_NAME}-2.edf")
    nothing_wrong = "0 rows are missing, 0 are old, 0 removed, 0 without an object, 0 objects unreadable."
    assert nothing_wrong in aws.manage("reindex", "--check")
    assert aws.changed_by("ecog_portal") == 0
    assert aws.portal.end(signal.SIGINT) == 0
    assert not aws.portal.processes()
    signature = parse_qs(urlsplit(taken["link"]).query)["X-Amz-Signature"][0]
    nothing_leaked(aws, PERSONAL | aws.secrets | {"session": taken["session"], "signature of the link": signature})


def chunk_rows(aws: Lab, *, where: str = "1") -> list[dict[str, object]]:
    return aws.ask(f"SELECT * FROM chunk_header WHERE {where} ORDER BY objectKey")  # noqa: S608


def rows_are_the_functions_alone(aws: Lab, recording: Path) -> None:
    """With events held back an ingest leaves no row; let go, they come, as the portal itself would write them."""
    aws.hold_events_back(held=True)
    said = aws.manage("ingest_edf", str(recording), "--subject", PATIENT, "--surgery-date", SURGERY)
    assert "Header rows follow: the Lambda writes them" in said
    listed = aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    chunks = [each["Key"] for each in listed if each["Key"].endswith(".chn")]
    assert len(chunks) >= 4
    assert [aws.rows(table) for table in TABLES] == [[]] * len(TABLES)
    assert aws.changed_by("ecog_portal") == 0
    assert aws.waiting("ecog-chunk-events") >= len(chunks)
    aws.hold_events_back(held=False)
    wait_for(lambda: aws.waiting("ecog-chunk-events") == 0, what="the end of the queue")
    assert sorted(row["objectKey"] for row in aws.rows("chunk_header")) == sorted(chunks)
    assert [row["state"] for row in aws.rows("recording")] == ["ok"]
    assert aws.rows("index_error") == []
    assert aws.changed_by("ecog_lambda") >= len(chunks) + 1
    own = {"ECOG_HEADERS_DATABASE_URL": aws.database.url(COMPARED), "ECOG_INDEX": "direct"}
    aws.manage("migrate", "--database", "headers", "--verbosity", "0", **own)
    aws.manage("reindex", **own)
    for table in TABLES:
        assert aws.rows(table, database=COMPARED) == aws.rows(table, database=HEADERS)
    assert aws.changed_by("ecog_portal") == 0


def a_session_put_by_hand_is_recorded(aws: Lab) -> None:
    played = document(experiment="ToM_Loc", subject=PATIENT, start="12:1:4:0", stop="12:1:12:0", day="3")
    aws.client("s3").put_object(Bucket=SESSIONS, Key=SESSION, Body=content(played))
    sessions = DynamoSessions(region=REGION, endpoint=aws.deployed.url)
    wait_for(lambda: [each.experiment for each in sessions.of_object(SESSION)] == ["ToM_Loc"], what="the record")


def taken_home(aws: Lab, browser: Browser, path: Path) -> dict[str, str]:
    """In the browser: in, ask by task, make a bundle, watch it, and fetch it by the link that the portal signs."""
    faults: list[str] = []
    links: list[str] = []
    context = browser.new_context(base_url=aws.portal.url, accept_downloads=True)
    page: Page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if is_fault(said) else None)
    context.on("response", lambda answer: links.append(answer.headers.get("location", "")))
    log_in(page, "rita", password=PASSWORD)
    page.goto("/search/")
    page.get_by_role("textbox", name="Patients").fill(PATIENT)
    page.get_by_role("combobox", name="Tasks").fill("tom loc")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("1 session").first.wait_for()
    page.get_by_role("button", name="Make a bundle").click()
    link = page.locator("a[download]")
    link.wait_for(timeout=60_000)
    with page.expect_download() as download:
        link.click()
    assert urlsplit(download.value.url).netloc == urlsplit(aws.deployed.url).netloc
    download.value.save_as(path)
    assert "X-Amz-" not in page.content()
    job = int(page.url.rstrip("/").rpartition("/")[2])
    [session] = [each["value"] for each in context.cookies() if each["name"] == "sessionid"]
    signed = download.value.url
    context.close()
    assert not faults
    row = aws.portal.job(job)
    assert (row["state"], row["attempt"], row["bytes_done"] == row["bytes_total"]) == ("done", 1, True)
    listed = aws.client("s3").list_objects_v2(Bucket=BUNDLES)["Contents"]
    assert [each["Size"] for each in listed if each["Key"].endswith(".zip")] == [path.stat().st_size]
    return {"link": signed, "session": session}


def samples_are_those_of_the_file(bundle: Path, recording: Path) -> None:
    """Bit for bit, as another reader of EDF has them."""
    with pyedflib.EdfReader(str(recording)) as reader:
        traces = {place + 1: reader.readSignal(place, digital=True) for place in range(reader.signals_in_file)}
    seen = set()
    with zipfile.ZipFile(bundle) as archive:
        for name in archive.namelist():
            if name.endswith(".chn"):
                whole = archive.read(name)
                header, length = decode(whole)
                assert np.array_equal(np.frombuffer(whole, header.dtype, offset=length), traces[header.channel])
                seen.add(header.channel)
    assert seen == set(traces)


def the_link_ends_and_is_kept_nowhere(aws: Lab, link: str) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert query["X-Amz-Expires"] == "600"
    with urlopen(link) as whole:  # noqa: S310 (our own)
        assert whole.headers["Content-Disposition"].startswith('attachment; filename="ecog-bundle-')
    for change in ({"X-Amz-Date": "20200101T000000Z"}, {"X-Amz-Signature": "0" * 64}):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{link.partition('?')[0]}?{urlencode(query | change)}")  # noqa: S310 (our own)
        assert refused.value.code == 403
    secret = query["X-Amz-Signature"].encode()
    files = [path for path in aws.portal.data_dir.rglob("*") if path.is_file()]
    assert any(path.name == "portal.sqlite3" for path in files)
    assert [path.name for path in files if secret in path.read_bytes()] == []


def rights_are_enough_and_no_more(aws: Lab) -> None:
    """Everything until here was done with the policies of the template, the sweeper's chores too."""
    assert " ERROR " not in aws.said_by("web.log", "worker.log", "sweeper.log")
    assert "backup: " in aws.said_by("sweeper.log")
    portal = aws.as_portal("s3")
    with pytest.raises(ClientError, match="not authorized to perform: s3:GetObject"):
        portal.get_object(Bucket=CODE_BUCKET, Key="any")
    with pytest.raises(ClientError, match="not authorized to perform: s3:CreateBucket"):
        portal.create_bucket(Bucket="of-somebody", CreateBucketConfiguration={"LocationConstraint": REGION})


def rows_follow_what_is_done_by_hand(aws: Lab) -> None:
    """An object removed, written over, put back, and told of twice."""
    store, key = aws.client("s3"), str(chunk_rows(aws)[0]["objectKey"])
    mine = f"objectKey = '{key.replace(chr(39), chr(39) * 2)}'"
    before, whole = aws.rows("chunk_header"), store.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    store.delete_object(Bucket=BUCKET, Key=key)
    wait_for(lambda: not chunk_rows(aws, where=mine), what="the end of the row")
    header, length = decode(whole)
    samples = bytes(len(whole) - length)
    other = replace(header, crc32=hex8(zlib.crc32(samples)))
    store.put_object(Bucket=BUCKET, Key=key, Body=encode(other) + samples)
    wait_for(lambda: [row["crc32"] for row in chunk_rows(aws, where=mine)] == [other.crc32], what="the changed row")
    store.put_object(Bucket=BUCKET, Key=key, Body=whole)
    wait_for(lambda: aws.rows("chunk_header") == before, what="the row as it was")
    [written] = chunk_rows(aws, where=mine)
    queues = aws.client("sqs")
    url = queues.get_queue_url(QueueName="ecog-chunk-events")["QueueUrl"]
    late = [record(BUCKET, key), record(BUCKET, key, name="ObjectRemoved:Delete"), record(BUCKET, key)]
    for _ in range(2):
        queues.send_message(QueueUrl=url, MessageBody=json.dumps({"Records": late}))
    wait_for(lambda: chunk_rows(aws, where=mine)[0]["indexed_at"] > written["indexed_at"], what="another look")
    wait_for(lambda: aws.waiting("ecog-chunk-events") == 0, what="the end of the queue")
    assert aws.rows("chunk_header") == before


def an_outage_loses_nothing(aws: Lab, path: Path) -> None:
    """Events of an ingest while no database answers wait, and are served when it does."""
    queues = aws.client("sqs")
    url = queues.get_queue_url(QueueName="ecog-chunk-events")["QueueUrl"]
    told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (told["VisibilityTimeout"], json.loads(told["RedrivePolicy"])["maxReceiveCount"]) == ("360", 1000)
    # What waits comes again after so long; six minutes are six seconds here.
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "6"})
    before, port = aws.rows("chunk_header"), aws.database.port
    aws.database.stop()
    write_recording(path, seconds=5, start=START.replace(hour=20), patient=WHO)
    aws.manage("ingest_edf", str(path), "--subject", PATIENT, "--surgery-date", SURGERY)
    wait_for(lambda: '"database: OperationalError 2003"' in aws.function_log(), what="a call of the function")
    assert aws.waiting("ecog-chunk-events") >= 5
    aws.database.start(port=port)
    wait_for(lambda: aws.waiting("ecog-chunk-events") == 0, what="the end of the queue")
    assert len(aws.rows("chunk_header")) == len(before) + 4
    assert [row["state"] for row in aws.rows("recording")] == ["ok", "ok"]
    assert aws.waiting("ecog-chunk-events-dead") == 0


def nothing_leaked(aws: Lab, seeds: dict[str, str]) -> None:
    """No seed in any log; and where one is planted, it is found."""
    texts = aws.logs()
    assert {"web.log", "worker.log", "sweeper.log", "serve", "broker", "commands", "functions"} <= set(texts)
    assert '"indexed": ' in texts["functions"]
    assert found_in(texts, seeds=seeds) == []
    for where in texts:
        for what, seed in seeds.items():
            planted = texts | {where: f"{texts[where]}\nasked for {seed.upper()}/1"}
            assert f"{what} in {where}" in found_in(planted, seeds={what: seed})
