"""`ecog` against servers that lie, cut, stall or lead elsewhere: nothing is written outside, the token goes nowhere."""

import json
import re
import socket
import ssl
import subprocess
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from clients import ecog
from downloads.errors import PathRefused
from downloads.tree import check_path
from tests.downloads.ecog import CLIENT, Computer
from tests.downloads.hostile import CONTENT, Answers, Asked, Reply, manifest, row, server

TOKEN = "ecog_" + "s" * 43
CHUNK = "s3_download/2002/day3_140500/LTG1_chunk-0.chn"
NOTES = "s3_download/2002/day3_140500/annotations.json"
CRC = f"{zlib.crc32(CONTENT):08x}"
TOTALS = {
    "chunks": 1,
    "channels": 1,
    "recordings": 1,
    "patients": 1,
    "hours": 1.0,
    "hours_asked": 1.0,
    "gaps": 0,
    "bytes": len(CONTENT),
    "bytes_per_s": 5e7,
    "seconds": 0.1,
}
HONEST = manifest(row(CHUNK, crc32_file=CRC, etag="e1"), row(NOTES))


def as_json(status: int = 200, **body: Any) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def portal(listed: bytes = HONEST, *, chunk: Any = None, **totals: int) -> Answers:
    """Answers as a portal would; `chunk` answers for the one chunk."""

    def answers(asked: Asked) -> Reply:
        if asked.method == "POST" and asked.path == "/api/v1/downloads":
            found = {"question": "patient=2002", "totals": TOTALS | totals, "warnings": [], "hints": []}
            return as_json(201, id=7, files_at_once=8, **found)
        if asked.path.endswith("/manifest"):
            return Reply(200, listed)
        if asked.path.endswith("/file"):
            if chunk is not None and asked.query["path"] == [CHUNK]:
                reply: Reply = chunk(asked)
                return reply
            return Reply(200, CONTENT)
        return as_json(id=7, state="done", bytes_done=0, reason="")

    return answers


@pytest.fixture
def laptop(tmp_path: Path) -> Computer:
    return Computer(tmp_path / "laptop", token=TOKEN)


def fetch(laptop: Computer, url: str, *more: str) -> Any:
    laptop.url = url
    return laptop.run("download", "--patient", "2002", "--to", "data", *more)


def everything(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir())


def test_an_honest_server_is_fetched_from(laptop: Computer, tmp_path: Path) -> None:
    with server(portal()) as (url, asked):
        assert fetch(laptop, url).status == 0
    assert (laptop.home / "data" / CHUNK).read_bytes() == CONTENT
    assert (laptop.home / "data/s3_download/manifest.csv").read_bytes() == HONEST
    assert asked[-1].path == "/api/v1/downloads/7/end"


PATHS = [
    "../evil.chn",
    "s3_download/../../../evil.chn",
    "s3_download/2002/../evil.chn",
    "/tmp/evil.chn",
    "s3_download/2002/day3/../../../../evil.chn",
    "s3_download/2002//evil.chn",
    "s3_download/2002/./evil.chn",
    "s3_download/2002/day3/.bashrc",
    "s3_download/2002/day3/evil.py",
    "s3_download/2002/day3/deeper/evil.chn",
    "s3_download/2002/evil.chn",
    "s3_download\\2002\\day3\\evil.chn",
    "s3_download/2002/day3/..\\..\\evil.chn",
    "s3_download/2002/day3/C:evil.chn",
    "s3_download/2002/day3/con.chn",
    "s3_download/2002/aux/evil.chn",
    "s3_download/2002/day3/lpt1.x.chn",
    "s3_download/2002/day3/evil.chn.",
    "s3_download/2002 /day3/evil.chn",
    "s3_download/2002/day3/evil\x1b[2J.chn",
    "s3_download/2002/day3/evil\x00.chn",
    "s3_download/2002/day3/" + "e" * 250 + ".chn",
    "elsewhere/2002/day3/evil.chn",
    "",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_of_a_manifest_leaves_the_folder(laptop: Computer, tmp_path: Path, path: str) -> None:
    with server(portal(manifest(row(path, crc32_file=CRC), row(NOTES)))) as (url, asked):
        said = fetch(laptop, url)
    assert said.status == 1
    assert "Nothing was written" in said.err
    assert "\x1b" not in said.err + said.out
    assert everything(tmp_path) == []
    assert not [each for each in asked if each.path.endswith("/file")]


def test_the_client_refuses_every_path_that_the_server_would() -> None:
    """Its own copy of the rule is at least as strict as `downloads.tree`."""
    names = [
        "a",
        "A.chn",
        "..",
        ".",
        "",
        "nul",
        "NUL.chn",
        "com1.chn",
        "com¹.chn",
        "a:b.chn",
        "a ",
        "a.",
        "a\tb",
        "ü.chn",
    ]
    names += [
        "annotations.json",
        "x" * 256,
        "\ud800.chn",
        "LTG 1_chunk-0.chn",
        "-x.chn",
        "~.chn",
        "conin$",
        "clock$.chn",
    ]
    good = set()
    for folder in names:
        for name in names:
            path = f"s3_download/2002/{folder}/{name}"
            try:
                ecog.check_path(path)
            except ecog.Trouble:
                continue
            good.add(path)
            check_path(path)
    assert "s3_download/2002/a/annotations.json" in good
    assert len(good) > 5
    with pytest.raises(PathRefused):
        check_path("s3_download/2002/a/nul")


def test_files_that_would_be_one_on_another_machine_are_refused(laptop: Computer, tmp_path: Path) -> None:
    twins = manifest(row(CHUNK, crc32_file=CRC), row(CHUNK.replace("LTG1", "ltg1"), crc32_file=CRC), row(NOTES))
    with server(portal(twins, chunks=2)) as (url, _):
        said = fetch(laptop, url)
    assert (said.status, "differ only by case" in said.err) == (1, True)
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    "listed",
    [
        b"",
        b"<html>log in</html>",
        HONEST[:-40],
        HONEST[: HONEST.index(b"annotations") - 30],
        manifest(row(CHUNK, bytes="-1"), row(NOTES)),
        manifest(row(CHUNK, bytes="9" * 400), row(NOTES)),
        manifest(row(CHUNK, crc32_file="xyz"), row(NOTES)),
        manifest(row(CHUNK, etag="e\r\nX-Evil: 1"), row(NOTES)),
        manifest(row(CHUNK)[:-3], row(NOTES)),
        b"\xff\xfe" * 2000,
        HONEST + HONEST,
        HONEST + b"x" * 1_000_000,
    ],
)
def test_a_manifest_that_is_none_or_was_cut_is_refused(laptop: Computer, tmp_path: Path, listed: bytes) -> None:
    with server(portal(listed)) as (url, _):
        said = fetch(laptop, url)
    assert said.status == 1
    assert said.err.count("\n") == 1
    assert everything(tmp_path) == []


@pytest.mark.parametrize("body", [b"[]", b"{}", b"nonsense", b'{"id": "x", "totals": 5}', b"[" * 100_000])
def test_an_answer_that_is_no_portals_is_one_sentence(laptop: Computer, body: bytes) -> None:
    with server(lambda _asked: Reply(200, body)) as (url, _):
        said = fetch(laptop, url, "--patience", "0.2")
        found = laptop.run("search", "--patient", "2002", "--patience", "0.2")
    for each in (said, found):
        assert (each.status, each.err.count("\n")) == (1, 1), each
    assert not (laptop.home / "data").exists()


def test_what_a_server_says_does_nothing_to_the_terminal(laptop: Computer) -> None:
    with server(lambda _asked: as_json(422, error="x", message="day: \x1b]0;evil\x07 \x9b2J")) as (url, _):
        laptop.url = url
        said = laptop.run("search", "--patient", "2002")
    assert said.status == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", said.err)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_follows_no_redirect(laptop: Computer, status: int) -> None:
    with server(portal()) as (elsewhere, heard):
        to = {"Location": f"{elsewhere}/api/v1/downloads"}
        with server(lambda _asked: Reply(status, b"", to)) as (url, _):
            said = fetch(laptop, url)
    assert heard == []
    assert said.status == 1
    assert f"sends to {elsewhere.removeprefix('http://')}: the token is not sent there" in said.err


def test_a_certificate_that_nobody_vouches_for_gets_no_token(laptop: Computer, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                raw, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(raw, server_side=True) as one:
                    heard.append(one.recv(4000))
                    one.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                raw.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        laptop.url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        said = laptop.run("whoami")
        assert (said.status, "cannot be verified" in said.err) == (1, True)
        assert heard == []
        trusting = laptop.run("whoami", SSL_CERT_FILE=str(certificate))
        assert "answers 401" in trusting.err
        assert TOKEN.encode() in heard[0]
        listening.shutdown(socket.SHUT_RDWR)


# Bodies


def test_a_body_that_differs_is_fetched_once_more_and_then_named(laptop: Computer, tmp_path: Path) -> None:
    with server(portal(chunk=lambda _asked: Reply(200, CONTENT[::-1]))) as (url, asked):
        said = fetch(laptop, url)
    assert (said.status, f"{CHUNK}: it is damaged" in said.err) == (3, True)
    assert len([each for each in asked if each.query.get("path") == [CHUNK]]) == 2
    assert set(everything(laptop.home / "data")) == {NOTES, "s3_download/manifest.csv"}


def test_a_body_that_was_damaged_once_on_the_way_is_fetched_again(laptop: Computer) -> None:
    bodies = iter([CONTENT[:-1] + b"?", CONTENT])
    with server(portal(chunk=lambda _asked: Reply(200, next(bodies)))) as (url, _):
        assert fetch(laptop, url).status == 0
    assert (laptop.home / "data" / CHUNK).read_bytes() == CONTENT


@pytest.mark.parametrize("body", [CONTENT + b"more", CONTENT[:-5]])
def test_a_body_of_another_length_is_not_kept(laptop: Computer, body: bytes) -> None:
    with server(portal(chunk=lambda _asked: Reply(200, body))) as (url, _):
        said = fetch(laptop, url)
    assert (said.status, f"{CHUNK}: it has {len(body):,} bytes to come" in said.err) == (3, True)
    assert not (laptop.home / "data" / CHUNK).exists()


def part_of(asked: Asked, *, sends: int | None = None, stall: threading.Event | None = None) -> Reply:
    """As the portal answers a range."""
    start = int(asked.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    ranged = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
    return Reply(206 if start else 200, CONTENT[start:], ranged, sends, stall)


def test_a_cut_connection_is_gone_on_with_where_it_was_cut(laptop: Computer) -> None:
    with server(portal(chunk=lambda asked: part_of(asked, sends=2000))) as (url, asked):
        assert fetch(laptop, url, "--patience", "3").status == 0
    assert (laptop.home / "data" / CHUNK).read_bytes() == CONTENT
    ranges = [each.headers.get("Range") for each in asked if each.query.get("path") == [CHUNK]]
    assert ranges == [None, "bytes=2000-", "bytes=4000-", "bytes=6000-"]
    assert {each.headers.get("If-Match") for each in asked if each.query.get("path") == [CHUNK]} == {'"e1"'}


def test_a_server_that_knows_no_ranges_is_fetched_from_anew(laptop: Computer) -> None:
    sends = iter([1000, None])
    with server(portal(chunk=lambda _asked: Reply(200, CONTENT, {}, next(sends)))) as (url, _):
        assert fetch(laptop, url).status == 0
    assert (laptop.home / "data" / CHUNK).read_bytes() == CONTENT


def test_a_range_that_was_not_asked_for_is_refused(laptop: Computer) -> None:
    def chunk(asked: Asked) -> Reply:
        if "Range" in asked.headers:
            return Reply(206, CONTENT[:-1], {"Content-Range": f"bytes 1-{len(CONTENT) - 1}/{len(CONTENT)}"})
        return Reply(200, CONTENT, {}, 100)

    with server(portal(chunk=chunk)) as (url, _):
        said = fetch(laptop, url, "--patience", "1")
    assert said.status == 3
    assert not (laptop.home / "data" / CHUNK).exists()


def test_half_a_file_of_another_object_is_begun_anew(laptop: Computer) -> None:
    def chunk(asked: Asked) -> Reply:
        if "Range" in asked.headers:
            return as_json(412, error="file_changed", message="It is another file.")
        return Reply(200, CONTENT)

    part = laptop.home / "data" / (CHUNK + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"old" * 50)
    with server(portal(chunk=chunk)) as (url, _):
        assert fetch(laptop, url).status == 0
    assert (laptop.home / "data" / CHUNK).read_bytes() == CONTENT
    assert not part.exists()


def test_a_file_that_was_replaced_since_it_was_listed_is_named(laptop: Computer) -> None:
    with server(portal(chunk=lambda _asked: as_json(412, error="file_changed", message="No."))) as (url, asked):
        said = fetch(laptop, url)
    assert (said.status, f"{CHUNK}: it was replaced since it was listed. Run the command again." in said.err) == (
        3,
        True,
    )
    assert len([each for each in asked if each.query.get("path") == [CHUNK]]) == 1


# Waiting


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_portal_is_asked_again_when_it_says(laptop: Computer, status: int) -> None:
    busy = Reply(status, b"", {"Retry-After": "1"})
    replies = iter([busy, Reply(200, CONTENT)])
    began = time.monotonic()
    with server(portal(chunk=lambda _asked: next(replies))) as (url, _):
        assert fetch(laptop, url).status == 0
    assert time.monotonic() - began > 1


def test_a_portal_that_stays_silent_is_given_up_after_the_patience(laptop: Computer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    said = fetch(laptop, url, "--patience", "1")
    assert (said.status, "does not answer" in said.err, said.err.count("\n")) == (1, True, 1)


def test_a_portal_that_falls_silent_mid_way_is_status_3_and_half_files_stay(laptop: Computer) -> None:
    down = Reply(503, b"")
    replies = iter([Reply(200, CONTENT, {}, 1000)])
    with server(portal(chunk=lambda _asked: next(replies, down))) as (url, _):
        said = fetch(laptop, url, "--patience", "1")
    assert said.status == 3
    assert (laptop.home / "data" / (CHUNK + ".part")).read_bytes() == CONTENT[:1000]
    with server(portal(chunk=part_of)) as (url, asked):
        assert fetch(laptop, url).status == 0
    assert [each.headers.get("Range") for each in asked if each.query.get("path") == [CHUNK]] == ["bytes=1000-"]
    assert (laptop.home / "data" / CHUNK).read_bytes() == CONTENT


def test_a_body_that_stalls_is_asked_for_again(laptop: Computer, tmp_path: Path) -> None:
    """With a shorter time-out than in life, in a copy of the client."""
    laptop.client = tmp_path / "ecog"
    source = CLIENT.read_text(encoding="utf-8")
    assert "SILENCE_S = 30.0" in source
    laptop.client.write_text(source.replace("SILENCE_S = 30.0", "SILENCE_S = 1.5"), encoding="utf-8")
    over = threading.Event()
    stalls = iter([True, False])

    def chunk(asked: Asked) -> Reply:
        return part_of(asked, sends=3000, stall=over) if next(stalls) else part_of(asked)

    with server(portal(chunk=chunk)) as (url, asked):
        try:
            assert fetch(laptop, url).status == 0
        finally:
            over.set()
    assert [each.headers.get("Range") for each in asked if each.query.get("path") == [CHUNK]] == [None, "bytes=3000-"]
    assert (laptop.home / "data" / CHUNK).read_bytes() == CONTENT


def test_what_does_not_fit_on_the_disk_is_refused_before_anything_is_written(laptop: Computer, tmp_path: Path) -> None:
    huge = manifest(row(CHUNK, bytes=str(10**15 - 1), crc32_file=CRC), row(NOTES))
    with server(portal(huge)) as (url, asked):
        said = fetch(laptop, url)
    assert (said.status, "Nothing was written" in said.err) == (1, True)
    assert everything(tmp_path) == []
    assert not [each for each in asked if each.path.endswith("/file")]


def test_an_empty_file_is_a_file(laptop: Computer) -> None:
    empty = manifest(row(CHUNK, bytes="0", crc32_file="00000000"), row(NOTES))
    with server(portal(empty, chunk=lambda _asked: Reply(200, b""))) as (url, _):
        assert fetch(laptop, url).status == 0
    assert (laptop.home / "data" / CHUNK).read_bytes() == b""
