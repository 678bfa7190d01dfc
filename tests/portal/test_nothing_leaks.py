"""Names, dates and phone numbers of headers, file names and notes: every byte of every store of a portal is read.

Two files go in, by the command and by a job of the portal; others are refused. A data manager reviews, a researcher
searches, looks, bundles, downloads and analyses. Then nothing outside the bucket of withheld texts knows any seed.
"""

import base64
import json
import os
import shutil
import sqlite3
import threading
import time
import urllib.parse
import zipfile
from contextlib import closing
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path

import pytest
import redis

from chunks.edf.packing import AnnotationSpec
from tests.chunks.made import START, write_recording
from tests.portal.leaks import leaks
from tests.portal.served import Served, served, wait_for

NAMES = ["Zwanenberg", "Quirina", "Oosterdijk", "Vandermolen", "Theodora", "Krüsemann", "Zwannenberg"]
CODES = ["QX-7719320"]
PHONES = ["0171-4455663", "4455663", "(514) 398-6644"]
DATES = [
    "2017-03-14", "20170314", "14-MAR-2017", "14.03.17", "14.03.2017", "14.3.2017", "14/03/2017", "March 14",
    "1953-04-07", "07-APR-1953", "07.04.1953", "7.4.1953", "2017-03-11", "11-MAR-2017", "11.03.2017",
]  # fmt: skip
SEEDS = [*NAMES, *CODES, *PHONES, *DATES]
HEADER = "QX-7719320 F 07-APR-1953 Zwanenberg_Quirina"
NOTES = [
    "seizure",
    "Dr. Vandermolen called",
    "Quirina seen on 14.3.2017",
    "wife Theodora, 0171-4455663",
    "Frau Krüsemann (514) 398-6644",
    "zwannenberg sleeps, born 7.4.1953",
    "stim A1 A2 3 mA",
    "on March 14 QX-7719320 moved",
]
# An object that somebody else has put there, of which there can be no row.
FOREIGN = "edf-chunks-2002/day3_140500/LTG9_chunk-0.chn"
PEOPLE = """
from django.contrib.auth.models import Group, User
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from datetime import date
from people.models import Grant
for name, role, staff in (("dan", "data manager", True), ("rita", "researcher", False)):
    user = User.objects.create_user(name, is_staff=staff)
    user.groups.add(Group.objects.get(name=role))
    Grant.objects.create(user=user, patient_id="2002", valid_from=date(2020, 1, 1), reason="protocol 7")
    session = SessionStore()
    session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
                    HASH_SESSION_KEY: user.get_session_auth_hash()})
    session.save()
    print(session.session_key)
from django.conf import settings
print(settings.CELERY_BROKER_URL)
"""
ASK = """
from datetime import date
from chunks.inbox.asking import Wanted, ask
from chunks.inbox.listing import inbox_files
from jobs.broker import send
from people.scope import server_scope
wanted = Wanted(patient="2002", surgery_date=date(2017, 3, 11), files=tuple(inbox_files()))
print(ask(wanted, scope=server_scope(means="test"), send=send, origin="").pk)
"""


class Browser:
    """A person who is logged in; every answer is kept as a file in the folder, where there is one."""

    def __init__(self, portal: Served, session: str, *, kept: Path | None = None) -> None:
        self._portal, self.session, self._kept, self._count = portal, session, kept, 0

    def get(self, path: str) -> tuple[int, bytes, str]:
        return self._ask("GET", path)

    def post(self, path: str, **fields: str | list[str]) -> tuple[int, bytes, str]:
        return self._ask("POST", path, urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": "a" * 32}, doseq=True))

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes, str]:
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={'a' * 32}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        with closing(HTTPConnection("127.0.0.1", self._portal.port, timeout=60)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content, location = answer.read(), answer.getheader("Location") or ""
            if self._kept:
                self._count += 1
                (self._kept / f"{self._count}.answer").write_bytes(str(answer.headers).encode() + content)
            return answer.status, content, location


class Watched:
    """All that is said to the broker while the block works, in a file."""

    def __init__(self, url: str, to: Path) -> None:
        self._broker, self._to = redis.Redis.from_url(url.replace("redis+socket", "unix")), to

    def __enter__(self) -> "Watched":
        self._lines: list[str] = []
        self._ends = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        time.sleep(0.5)
        return self

    def _listen(self) -> None:
        with self._broker.monitor() as monitor:
            for said in monitor.listen():
                self._lines.append(said["command"])
                if self._ends.is_set():
                    return

    def __exit__(self, *_error: object) -> None:
        self._ends.set()
        self._broker.ping()
        self._listener.join(10)
        keys = [key + b"\n" + (self._broker.dump(key) or b"") for key in self._broker.scan_iter(b"*")]
        self._to.write_bytes("\n".join(self._lines).encode() + b"\n".join(keys))


@pytest.mark.prove
def test_seeds_are_nowhere_outside_the_bucket_of_withheld_texts(tmp_path: Path) -> None:
    inbox, kept = tmp_path / "inbox", tmp_path / "all" / "kept"
    inbox.mkdir()
    kept.mkdir(parents=True)
    data = tmp_path / "all" / "var"
    with served(data, ECOG_INBOX=str(inbox)) as portal:
        _lived(portal, inbox=inbox, sources=tmp_path, kept=kept)
    # `said.txt`, what the served portal wrote, is in that folder too.
    shutil.copytree(tmp_path / "home", kept / "home")
    objects = data / "objects"
    withheld = objects / "edf-chunks-withheld"
    assert {word for _, word in leaks(withheld, SEEDS)} >= {"Zwanenberg", "Vandermolen", "4455663", "14.3.2017"}
    assert b"seizure" in (objects / "edf-chunks-2002/day3_140500/annotations.json").read_bytes()
    assert (objects / "edf-chunks-2002/day3_150500/recording.json").exists()
    assert b"jobs.run" in (kept / "broker").read_bytes()
    with closing(sqlite3.connect(data / "headers.sqlite3")) as headers:
        assert headers.execute("SELECT COUNT(*) FROM annotation_text").fetchone()[0] >= 3
        assert headers.execute("SELECT COUNT(*) FROM index_error").fetchone()[0] == 1
    # Style sheets and scripts as they are installed: no store, and most of the bytes.
    found = leaks(tmp_path / "all", SEEDS, but=[withheld, data / "static", objects / FOREIGN])
    assert not found


def _lived(portal: Served, *, inbox: Path, sources: Path, kept: Path) -> None:
    """A week of that portal, in short."""
    said = []

    def manage(*words: str, fails: bool = False) -> str:
        done = portal.manage(*words)
        said.append(done.stdout + done.stderr)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    manage("add_patient", "2002")
    *sessions, broker = manage("shell", "-v0", "--no-imports", "-c", PEOPLE).split()
    notes = [AnnotationSpec(Decimal(place), text) for place, text in enumerate(NOTES)]
    _written(sources / "Zwanenberg_Quirina_2017-03-14.edf", notes=notes)
    _written(inbox / "Oosterdijk" / "Zwanenberg 14.03.2017.edf", notes=notes, hour=15)
    (inbox / "Vandermolen_broken.edf").write_bytes(b"0" + b" Quirina" * 100)
    (sources / "Theodora_broken.edf").write_bytes(
        (inbox / "Oosterdijk" / "Zwanenberg 14.03.2017.edf").read_bytes()[:5_000]
    )
    for path in inbox.rglob("*.edf"):
        os.utime(path, (time.time() - 3600,) * 2)
    taking = ("ingest_edf", "--subject=2002", "--surgery-date=2017-03-11")
    (seen := kept / "seen").mkdir()
    dan, rita = Browser(portal, sessions[0]), Browser(portal, sessions[1], kept=seen)
    with Watched(broker, kept / "broker"):
        manage(*taking, str(sources / "Zwanenberg_Quirina_2017-03-14.edf"))
        manage(*taking, str(sources / "Theodora_broken.edf"), fails=True)
        manage(*taking, "--json", str(sources / "Theodora_broken.edf"), str(sources / "nothing.edf"), fails=True)
        job = int(manage("shell", "-v0", "--no-imports", "-c", ASK))
        wait_for(lambda: portal.job(job)["state"] in {"done", "failed"}, 60)
        _reviewed(dan)
        _used(rita, portal, kept=kept)
        manage("download", "--to", str(sources / "home"), "--patient", "2002", "--as", "rita")
        manage("search_annotations", "seizure", "--as", "rita")
        manage("search", "--patient", "2002")
        (portal.data_dir / "objects" / FOREIGN).write_bytes(b'{"filename": "Quirina Zwanenberg 14.03.2017"}\n')
        manage("reindex", fails=True)
        manage("audit", "--patient", "2002")
        manage("backup_portal", "--to", str(kept / "backups"))
    (kept / "commands").write_text("\n".join(said))


def _written(path: Path, *, notes: list[AnnotationSpec], hour: int = 14) -> None:
    path.parent.mkdir(exist_ok=True)
    write_recording(path, start=START.replace(hour=hour), notes=notes, patient=HEADER, seed=hour)
    content = bytearray(path.read_bytes())
    content[88:168] = b"Startdate 14-MAR-2017 X Oosterdijk Nihon_Kohden_7719320".ljust(80)
    path.write_bytes(content)


def _reviewed(dan: Browser) -> None:
    page = "/patients/2002/annotations/"
    status, content, _ = dan.get(page)
    assert (status, b"Vandermolen" in content) == (200, True)
    release = _hash(content.decode(), "seizure")
    assert dan.post(page, do="release", text=[release])[0] == 302
    assert dan.post(page, do="keep", text=[_hash(content.decode(), "called")])[0] == 302
    assert dan.post(f"{page}pattern", pattern="stim * * # mA", reason="", do="confirm")[0] == 302
    assert dan.post(f"{page}pattern", pattern="Theodora # called", reason="", do="confirm")[0] == 422
    assert dan.post("/annotations/names/", names="Vandermolen\nKrüsemann", etag="")[0] == 302
    assert dan.post("/annotations/names/", names="Theodora", etag="other")[0] == 422
    dan.get("/ingest/")
    dan.get("/metrics")


def _hash(page: str, text: str) -> str:
    item = next(each for each in page.split("<li><label>") if text in each.partition("</label>")[0])
    return item.partition('value="')[2][:64]


def _used(rita: Browser, portal: Served, *, kept: Path) -> None:
    recording = "/patients/2002/recordings/day3_140500/"
    for path in ("/", "/search/?patient=2002", "/patients/2002/", recording, "/annotations/", "/annotations/?text=seiz",
                 "/jobs/", "/patients/2002/annotations/", "/tasks/", "/account/acts/",
                 "/api/v1/search?patient=2002"):  # fmt: skip
        rita.get(path)
    # A name that she types comes back to her alone: what is answered is not kept here, what is stored is looked at.
    for path in ("/annotations/?text=Quirina", "/nowhere/Quirina", "/search/?patient=Quirina"):
        Browser(portal, rita.session).get(path)
    status, _, location = rita.post("/bundles/", patient="2002")
    assert status == 302, status
    number = int(location.strip("/").rpartition("/")[2])
    wait_for(lambda: portal.job(number)["state"] in {"done", "failed"}, 60)
    asked = {"question": "patient=2002", "analysis": "line_length", "window": ""}
    status, _, location = rita.post("/analyses/new", **asked)
    assert status == 302, status
    analysis = int(location.strip("/").rpartition("/")[2])
    wait_for(lambda: portal.job(analysis)["state"] in {"done", "failed"}, 150)
    assert portal.job(analysis)["state"] == "done"
    for path in (f"/jobs/{analysis}/", f"/analyses/{analysis}/csv", "/metrics", "/health/ready"):
        rita.get(path)
    status, content, _ = rita.get(f"/bundles/{number}/file")
    assert status == 200
    (kept / "bundle.zip").write_bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        "a Krüsemann b".encode(),
        "a KRÜSEMANN b".encode(),
        "krüsemann".encode("latin-1"),
        "krüsemann".encode("utf-16-le"),
        json.dumps({"a": "Krüsemann"}).encode(),
        b"?text=" + urllib.parse.quote("Krüsemann").encode(),
        base64.b64encode("Krüsemann".encode()),
        base64.b64encode("x the Krüsemann y".encode()),
        base64.b64encode("xy the Krüsemann y".encode()),
        base64.b64encode("xyz the Krüsemann y".encode()),
        "Krüsemann".encode().hex().encode(),
        repr("Krüsemann").encode("ascii", "backslashreplace"),
    ],
)
def test_a_planted_word_is_found_in_every_form(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(b"\0\xff" + content + b"\0")
    assert leaks(tmp_path, ["Krüsemann", "Theodora"]) == {("a", "Krüsemann")}
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "a", "inner")
    (tmp_path / "a").unlink()
    assert leaks(tmp_path, ["Krüsemann"]) == {("b.zip!inner", "Krüsemann")}


def test_a_planted_word_is_found_in_the_name_of_a_file_and_not_in_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "withheld").mkdir()
    (tmp_path / "withheld" / "Theodora.edf").write_bytes(b"Theodora")
    assert {word for _, word in leaks(tmp_path, ["Theodora"])} == {"Theodora"}
    assert not leaks(tmp_path, ["Theodora"], but=[tmp_path / "withheld"])
