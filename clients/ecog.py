#!/usr/bin/env python3
"""ecog: ask the ECoG Portal and take recordings home, on your own computer.

One file, Python 3.9 or newer, nothing to install.

    ecog login                                      asks for the portal's address and a token, and keeps them
    ecog search   --patient 2002 --day 3            what there is
    ecog download --patient 2002 --day 3 --to data  brings it to data/s3_download/

On Windows write "python ecog" for "ecog". Make a token on the portal's page "Tokens for your computer".

The words of a question, each as often as you like; times are the recorder's own clock:

    --patient 2002 '20*'            IDs or patterns; --all-patients for everyone you may see
    --day 4   -1..3   4,6           days since implantation, which is day 0
    --start day 3 14:05             from this time on
    --stop day 4 02:00              up to this time, without it
    --when day 3 14:05..day 4 02:00 a stretch of time
    --hours 22:00-06:00             hours of every day asked for
    --channel LTG1..LTG8 'RPT*' 5   labels, ranges, patterns, numbers
    --task 'tom loc' faces          while they played these tasks: names in any spelling, or parts of them
    --pad 5   5,10                  minutes before and after each session of the tasks
    --no-triggers                   without the trigger and DC channels that come along with a task

A download keeps what is there and whole, goes on with what is half there and fetches the rest; the same command again
resumes. Each file is checked by its size and CRC-32. manifest.csv lists all; with a task, sessions.csv says where each
session begins in each recording.

Exit status: 0 all is there; 1 nothing matches, or it could not begin; 2 the question cannot be read; 3 some files are
missing; 130 stopped with Ctrl-C.

Environment: ECOG_TOKEN and ECOG_URL stand in for `ecog login`; HTTPS_PROXY and SSL_CERT_FILE are heeded. The token is
sent to the portal alone, by https only (http for this machine itself), and never shown.
"""

from __future__ import annotations

import argparse
import base64
import csv
import errno
import getpass
import http.client
import json
import os
import queue
import random
import re
import shutil
import ssl
import sys
import tempfile
import threading
import time
import unicodedata
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

try:
    import fcntl
except ImportError:  # Windows: there two downloads into one folder are the person's own affair
    fcntl = None  # type: ignore[assignment]

# The portal that served this file writes its address here.
PORTAL = ""
VERSION = "1"

ALL_THERE, NOTHING, NOT_A_QUESTION, SOME_MISSING, INTERRUPTED = 0, 1, 2, 3, 130
FIELDS = ("patient", "task", "pad", "day", "start", "stop", "when", "hours", "channel")
SENTENCES = ("start", "stop", "when", "pad")  # of several words: `--start day 3 14:05` needs no quotes
ROOT, MANIFEST, PART = "s3_download", "manifest.csv", ".part"
SESSIONS, SESSIONS_FOLDER = "sessions.csv", "behavioral_data"
FILES_OF_SESSION_MAX = 1000
COLUMNS = (  # noqa: SIM905
    "path,bucket,key,etag,patient,recording,channel,label,start,stop,bytes,crc32_samples,crc32_file,sessions,warnings"
).split(",")
SILENCE_S = 30.0  # a connection from which nothing comes for so long is given up
PATIENCE_S = 300.0  # how long a portal that does not answer is asked again
WAIT_MAX_S = 60.0  # longer waits than this are the person's to decide
ALIVE_EVERY_S = 60.0
TICK_S = 0.2
READ_BYTES = 1 << 18
JSON_MAX_BYTES, ROW_MAX_BYTES = 1 << 26, 1 << 14
ADDRESS_MAX = 8000
FAILURES_SAID = 20
SPARE, BLOCK_BYTES = 0.05, 4096
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
REDIRECTS = {301, 302, 303, 307, 308}
LATER = {429, 500, 502, 503, 504}
GOES_ON = "What was fetched is kept: the same command goes on from there."


class Trouble(Exception):
    """What ends the command: one sentence for the person, and the exit status."""

    def __init__(self, sentence: str, status: int = NOTHING) -> None:
        super().__init__(sentence)
        self.status = status


class Later(Exception):
    """The portal does not answer now; worth trying again after a while."""

    def __init__(self, sentence: str, after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.after_s = after_s


class Refusal(Exception):
    """The portal answers, and refuses: `code` is for programs, the message for people."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


class FileFailed(Exception):
    """One file cannot be had; the others go on."""


class Replaced(Exception):
    """The file at the portal is another one than was listed."""


class Stopped(Exception):
    """The command is ending."""


# Words: of sizes, times and what a server says


def plain(text: object) -> str:
    """What a terminal would act on is shown as Python writes it."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in str(text))


def plain_lines(text: object) -> str:
    return "\n".join(map(plain, str(text).split("\n")))


def size_text(size_bytes: float) -> str:
    size = float(round(size_bytes))
    if size < 1000:
        return f"{size:.0f} byte" + ("" if size == 1 else "s")
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        size /= 1000
        if size < 1000 or unit == "PB":
            break
    return f"{size:,.1f} {unit}"


def time_text(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def count_text(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def say_json(answer: Any) -> None:  # noqa: ANN401
    text = json.dumps(answer, indent=2, ensure_ascii=False)
    say(re.sub("[\x7f-\x9f\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text))


# The portal


@dataclass(frozen=True)
class Access:
    """Where the portal is, and what opens it."""

    address: str
    token: str

    def __repr__(self) -> str:
        return f"Access({self.address!r})"


def checked_address(text: str) -> str:
    """The portal's address, where a token may be sent to it."""
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise Trouble(f"{plain(text)!r} is no address of a portal: write it as https://ecog.example.org.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Trouble(f"{plain(text)} is not encrypted: a token is sent by https only. Write https://{plain(host)}.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def checked_token(text: str) -> str:
    token = text.strip()
    if not re.fullmatch(r"[!-~]{1,200}", token):
        raise Trouble("This is not a token: copy it again from the portal, or make a new one there.")
    return token


def config_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ecog" / "config.json"


def kept_access() -> dict[str, str]:
    """What `ecog login` has kept; empty where there is nothing."""
    file = config_file()
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise Trouble(f"Others can read {file}, which holds your token. Run: chmod 600 {file}")
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {"address": str(kept["address"]), "token": str(kept["token"])}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(f"{file} cannot be understood. Run: ecog login") from error


def access() -> Access:
    """From the environment, else from `ecog login`. A token that was kept goes to the portal it was kept for alone."""
    token, address = os.environ.get("ECOG_TOKEN", ""), os.environ.get("ECOG_URL", "")
    kept = {} if token and address else kept_access()
    if not token and address and kept and checked_address(address) != checked_address(kept["address"]):
        raise Trouble(f"ECOG_URL is another portal than the one you are logged in to, {kept['address']}. Log in again.")
    address = address or kept.get("address") or PORTAL
    token = token or kept.get("token", "")
    if not token or not address:
        raise Trouble("You are not logged in. Run: ecog login")
    return Access(checked_address(address), checked_token(token))


class Portal:
    """Asks the portal; each thread has a connection of its own. No redirect is followed."""

    def __init__(self, given: Access, patience_s: float) -> None:
        parts = urlsplit(given.address)
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._https else 80)
        self._netloc, self._prefix = parts.netloc, parts.path
        self._token, self._patience_s = given.token, patience_s
        self._of_thread = threading.local()
        self._silence_s = SILENCE_S
        self._tls = ssl.create_default_context() if self._https else None
        self.stop = threading.Event()
        self.heard_at = time.monotonic()

    def ask(self, method: str, path: str, query: Any = None, body: Any = None, patience_s: float | None = None) -> Any:  # noqa: ANN401
        """What the portal answers, as JSON. Raises `Refusal` and `Trouble`."""
        waiting = Waiting(self, self._patience_s if patience_s is None else patience_s)
        while True:
            try:
                with self.answer(method, path, query, body) as answer:
                    return self._json(answer)
            except Later as later:
                waiting.wait(later)

    def hurry(self) -> None:
        """From here on nobody wants to wait."""
        self._silence_s = 5.0
        self._hang_up()

    def waiting(self) -> Waiting:
        return Waiting(self, self._patience_s)

    @contextmanager
    def answer(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer to one request, its body still to be read. Raises `Later`, `Refusal`, `Trouble`."""
        target = f"{self._prefix}/api/v1/{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        if len(target) > ADDRESS_MAX:
            raise Trouble("The question is too long: write ranges or patterns.", NOT_A_QUESTION)
        sent = None if body is None else json.dumps(body).encode()
        try:
            answer = self._requested(method, target, sent, headers or {})
            self._check(answer)
            yield answer
            if not answer.isclosed():
                self._hang_up()
        except ssl.SSLCertVerificationError as error:
            raise Trouble(
                f"The certificate of {self._netloc} cannot be verified ({plain(error.verify_message)}), so nothing was "
                "sent. Ask the portal's administrator; SSL_CERT_FILE names a lab's own authority."
            ) from None
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise Later(f"The portal at {self._netloc} does not answer ({plain(reason)}).") from None
        except BaseException:
            self._hang_up()
            raise

    def _requested(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        """A connection that was kept may have been closed by the portal meanwhile: then a new one asks once more."""
        all_headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"ecog/{VERSION}",
            **({"Content-Type": "application/json"} if body is not None else {}),
            **headers,
        }
        kept = getattr(self._of_thread, "connection", None) is not None
        try:
            return self._once(method, target, body, all_headers)
        except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
            self._hang_up()
            if not kept:
                raise
            return self._once(method, target, body, all_headers)

    def _once(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = self._connection()
        connection.request(method, target, body=body, headers=headers)
        answer: http.client.HTTPResponse = connection.getresponse()
        self.heard_at = time.monotonic()
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        proxy = getproxies().get("https") if self._https and not proxy_bypass(self._host) else None
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._silence_s)
        if not proxy:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._silence_s, context=self._tls)
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        through = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 8080, timeout=self._silence_s, context=self._tls
        )
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        named = {"Proxy-Authorization": "Basic " + base64.b64encode(user.encode()).decode()} if parts.username else {}
        through.set_tunnel(self._host, self._port, named)
        return through

    def _hang_up(self) -> None:
        connection = getattr(self._of_thread, "connection", None)
        self._of_thread.connection = None
        if connection is not None:
            with suppress(OSError):
                connection.close()

    def _check(self, answer: http.client.HTTPResponse) -> None:
        if 200 <= answer.status < 300:
            return
        if answer.status in REDIRECTS:
            to = urlsplit(answer.headers.get("Location", "")).netloc or "another page"
            raise Trouble(
                f"The portal at {self._netloc} sends to {plain(to)[:200]}: the token is not sent there. If that is the "
                "portal's address now, run: ecog login"
            )
        try:
            said = self._json(answer)
            code, sentence = str(said["error"]), str(said["message"])
        except (Later, KeyError, TypeError):
            code, sentence = "", f"The portal at {self._netloc} answers {answer.status} {plain(answer.reason)[:60]}."
        if answer.status in LATER and code not in {"object_unavailable", "fault"}:
            after = answer.headers.get("Retry-After", "")
            raise Later(sentence, float(after) if re.fullmatch(r"[0-9]{1,6}", after) else None)
        raise Refusal(answer.status, code, sentence)

    def _json(self, answer: http.client.HTTPResponse) -> Any:  # noqa: ANN401
        content = answer.read(JSON_MAX_BYTES)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise Later(f"What {self._netloc} answers is not of an ECoG Portal: check the address.") from None


class Waiting:
    """The wait for a portal that does not answer now: longer each time, and not for ever."""

    def __init__(self, portal: Portal, patience_s: float) -> None:
        self._portal, self._patience_s = portal, patience_s
        self.progressed()

    def progressed(self) -> None:
        """Something has come: from here on the patience is new."""
        self._tries, self._since = 0, time.monotonic()

    def wait(self, later: Later) -> None:
        """Raises `Trouble` once the patience is over, and `Stopped`."""
        pause_s = min(30.0, 0.25 * 2**self._tries) * random.uniform(0.5, 1.0)  # noqa: S311
        if later.after_s is not None:
            pause_s = later.after_s + random.uniform(0.0, 0.5)  # noqa: S311
        self._tries += 1
        if pause_s > WAIT_MAX_S + 1 or time.monotonic() + pause_s - self._since > self._patience_s:
            raise Trouble(str(later))
        if self._portal.stop.wait(pause_s):
            raise Stopped


# The tree on this disk. The portal is not trusted: no path leaves the folder, whatever the manifest says.

FORBIDDEN = frozenset('\\/:*?"<>|')
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"} | {
    f"{kind}{digit}" for kind in ("com", "lpt") for digit in "0123456789¹²³"
}


@dataclass(frozen=True)
class Item:
    """A file of the manifest."""

    path: str
    etag: str
    size_bytes: int
    crc32: str


def check_path(path: str) -> None:
    """Raises `Trouble` where the path could leave the folder, or is no name on some machine."""
    parts = path.split("/")
    good = len(parts) >= 3 and parts[0] == ROOT and len(path) <= 240
    if not is_of_session(path):
        good = good and len(parts) == 4 and (parts[3] == "annotations.json" or parts[3].endswith(".chn"))
    if not good or not all(map(is_a_name, parts)):
        raise Trouble(f"The portal lists {plain(path)[:200]!r}, which is no path of a recording. Nothing was written.")


def is_of_session(path: str) -> bool:
    return path.startswith(f"{ROOT}/{SESSIONS_FOLDER}/")


def is_a_name(part: str) -> bool:
    return (
        part not in {"", ".", ".."}
        and part.isprintable()
        and not FORBIDDEN.intersection(part)
        and not part.endswith((".", " "))
        and part.split(".", 1)[0].rstrip().lower() not in DEVICES
        and len(part.encode(errors="replace")) <= 255
    )


class Twins:
    """Refuses paths that differ and are one file elsewhere: equal but for case or Unicode's spelling."""

    def __init__(self) -> None:
        self._folder = ""
        self._names: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def check(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        if folder != self._folder:
            self._folder, self._names = folder, {}
            if not self._is_new(folder):
                raise Trouble(f"The portal's list is not in order at {plain(path)!r}. Nothing was written.")
        self._claim(name, self._names)

    def _is_new(self, folder: str) -> bool:
        new = folder not in self._folders.values()
        above = ""
        for part in folder.split("/"):
            above = f"{above}/{part}" if above else part
            self._claim(above, self._folders)
        return new

    @staticmethod
    def _claim(name: str, among: dict[str, str]) -> None:
        first = among.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if first != name:
            raise Trouble(
                f"{plain(name)!r} and {plain(first)!r} differ only by case or spelling and would be one file on "
                "Windows and macOS. Select them one at a time; nothing was written."
            )


def items(file: IO[str]) -> Iterator[Item]:
    """The files of a manifest. Raises `Trouble` where it is none."""
    reader = csv.reader(file, strict=True)
    try:
        if next(reader, []) != COLUMNS:
            raise ValueError
        for row in reader:
            cell = dict(zip(COLUMNS, [re.sub(r"^'(?='*[=+\-@\t\r])", "", text) for text in row]))  # noqa: B905
            etag, size, crc = cell["etag"], cell["bytes"], cell["crc32_file"]
            if len(row) != len(COLUMNS) or not re.fullmatch(r"[0-9]{1,15}", size) or not crc_or_none(crc):
                raise ValueError
            if not re.fullmatch(r"[!#-~]{0,200}", etag):
                raise ValueError
            yield Item(cell["path"], etag, int(size), crc)
    except (csv.Error, ValueError, KeyError):
        raise Trouble(f"Line {reader.line_num} of the portal's manifest cannot be read. Nothing was written.") from None


def crc_or_none(text: str) -> bool:
    return not text or re.fullmatch(r"[0-9a-f]{8}", text) is not None


class Folder:
    """`<directory>/s3_download`."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.root = directory, directory / ROOT
        self.manifest, self.sessions = self.root / MANIFEST, self.root / SESSIONS
        self._ready: set[Path] = set()

    def place(self, item: Item) -> Path:
        return self.directory.joinpath(*item.path.split("/"))

    def nearest(self) -> Path:
        return next(folder for folder in (self.root, *self.root.absolute().parents) if folder.is_dir())

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.nearest()).free

    def files(self) -> int:
        """How many lie there, without the two lists and half files. Raises `Trouble` where a link leads elsewhere."""
        found, waiting = 0, [str(self.root)] if self.root.is_dir() else []
        if self.root.is_symlink():
            raise Trouble(f"{self.root} is a symbolic link: remove it, or give --to the folder it leads to.")
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_symlink() and entry.is_dir():
                        raise Trouble(f"{entry.path} is a symbolic link, where a download makes a folder: remove it.")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif not entry.name.endswith(PART) and Path(entry.path) not in {self.manifest, self.sessions}:
                        found += 1
        return found

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keeps other downloads out of the tree; leaves no empty folder."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = None
        try:
            if fcntl is not None:
                lock = os.open(self.root, os.O_RDONLY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except (BlockingIOError, PermissionError):
                    raise Trouble(f"Another download into {self.directory} is under way: wait for it.") from None
                except OSError:
                    pass  # some network file systems lock no folder
            yield
        finally:
            used = {above for each in self._ready for above in (each, *each.parents) if self.root in above.parents}
            for folder in [*sorted(used, key=lambda each: len(each.parts), reverse=True), self.root]:
                with suppress(OSError):  # it holds something, as it should
                    folder.rmdir()
            if lock is not None:
                os.close(lock)

    def make_room(self, place: Path) -> None:
        if place.parent in self._ready:
            return
        for folder in reversed([above for above in place.parents if self.root in above.parents]):
            if folder.is_symlink():
                raise Trouble(f"{folder} is a symbolic link, where a download makes a folder: remove it.", SOME_MISSING)
            folder.mkdir(exist_ok=True)
        self._ready.add(place.parent)

    def publish(self, waiting: IO[bytes], sessions: bytes) -> None:
        """Manifest and list of sessions appear whole under their names; where there is no such list, none stays."""
        waiting.seek(0)
        self._publish(iter(lambda: waiting.read(READ_BYTES), b""), self.manifest)
        if sessions:
            self._publish(iter([sessions]), self.sessions)
        else:
            self.sessions.unlink(missing_ok=True)

    @staticmethod
    def _publish(pieces: Iterator[bytes], place: Path) -> None:
        part = place.with_name(place.name + PART)
        part.unlink(missing_ok=True)
        with part.open("xb") as file:
            file.writelines(pieces)
        part.replace(place)


def crc_of(place: Path) -> int:
    crc = 0
    with place.open("rb", buffering=0) as file:
        while piece := file.read(READ_BYTES):
            crc = zlib.crc32(piece, crc)
    return crc


def is_whole(item: Item, place: Path) -> bool:
    """A file whose CRC nobody knows does not count as whole."""
    if not item.crc32 or place.is_symlink() or not place.is_file() or place.stat().st_size != item.size_bytes:
        return False
    return f"{crc_of(place):08x}" == item.crc32


# The download


class DiskFailed(Exception):
    """The disk did not take it: no matter of the network."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or type(error).__name__)
        self.full = error.errno in {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskFailed(error) from error


class Half:
    """`<name>.part`: what has come of a file so far, also in an earlier run. Kept in step with the bar."""

    def __init__(self, item: Item, place: Path, bar: Bar) -> None:
        self.item, self._place, self._bar = item, place, bar
        self._part = place.with_name(place.name + PART)
        self.size_bytes = self.crc = 0
        with on_disk():
            self._file = self._opened()
        self._bar.advance(self.size_bytes)

    @property
    def is_complete(self) -> bool:
        return self.size_bytes == self.item.size_bytes

    def add(self, piece: bytes) -> None:
        with on_disk():
            self._file.write(piece)
        self.crc = zlib.crc32(piece, self.crc)
        self.size_bytes += len(piece)
        self._bar.advance(len(piece))

    def begin_anew(self) -> None:
        self._bar.advance(-self.size_bytes)
        self.size_bytes = self.crc = 0
        with on_disk():
            self._file.seek(0)
            self._file.truncate()

    def become_whole(self) -> None:
        """Raises `FileFailed` where it is not what the manifest says."""
        if self.item.crc32 and f"{self.crc:08x}" != self.item.crc32:
            raise FileFailed(
                f"it is damaged: its CRC-32 is {self.crc:08x} where the manifest says {self.item.crc32}. Ask again; if "
                "it stays so, tell the data manager."
            )
        with on_disk():
            self._file.close()
            self._part.replace(self._place)

    def give_up(self) -> None:
        self._bar.advance(-self.size_bytes)
        self.close()
        with on_disk():
            self._part.unlink(missing_ok=True)

    def close(self) -> None:
        with on_disk():
            self._file.close()

    def _opened(self) -> IO[bytes]:
        """A half file is continued where its end can be checked and its beginning belongs to the same object."""
        part, item = self._part, self.item
        if part.is_symlink() or (part.exists() and not part.is_file()):
            part.unlink()
        if part.exists() and item.crc32 and item.etag and part.stat().st_size <= item.size_bytes:
            self.size_bytes, self.crc = part.stat().st_size, crc_of(part)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(part, flags, 0o666), "r+b")
        file.seek(self.size_bytes)
        file.truncate()
        return file


class Bar:
    """How far it is: a line that is written anew on a terminal, a line now and then elsewhere. To standard error."""

    LINE_EVERY_S, RATE_OVER_S = 5.0, 30.0

    def __init__(self, total_bytes: int) -> None:
        self._total, self._done = total_bytes, 0
        self._lock = threading.Lock()
        self._began = self._said_at = time.monotonic()
        self._samples = deque([(self._began, 0)])
        self._terminal = sys.stderr.isatty()
        self._drawn = False

    def advance(self, size_bytes: int) -> None:
        """From any thread; negative where something must be done again."""
        with self._lock:
            self._done += size_bytes

    def say(self, line: str) -> None:
        self._clear()
        sys.stderr.write(line + "\n")

    def draw(self) -> None:
        now = time.monotonic()
        with self._lock:
            done = self._done
        if now - self._samples[-1][0] >= 1:
            self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= self.RATE_OVER_S:
            self._samples.popleft()
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + self._line(now, done)[:width].ljust(width))
            sys.stderr.flush()
            self._drawn = True
        elif now - self._said_at >= self.LINE_EVERY_S:
            self._said_at = now
            sys.stderr.write(self._line(now, done) + "\n")

    def end(self) -> None:
        self._clear()
        took_s = time.monotonic() - self._began
        rate = f", {size_text(self._done / took_s)}/s" if took_s > 0 else ""
        done = f"Download: {size_text(self._done)} of {size_text(self._total)} in {time_text(took_s)}{rate}"
        sys.stderr.write(done + "\n")

    def _line(self, now: float, done: int) -> str:
        since, done_then = self._samples[0]
        rate = max(0.0, (done - done_then) / (now - since)) if now > since else 0.0
        percent = 100 * done / self._total if self._total else 100
        line = f"Download: {size_text(done)} of {size_text(self._total)} ({percent:.0f} %), {size_text(rate)}/s"
        left = self._total - done
        return f"{line}, {time_text(left / rate)} left" if rate > 0 and left >= 0 else line

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self._drawn = False


class Ticket:
    """The download's number at the portal. One that was given up meanwhile, as while a laptop slept, is begun anew."""

    RENEWALS = 100

    def __init__(self, portal: Portal, words: dict[str, Any], number: int) -> None:
        self._portal, self._words = portal, words
        self.number = number
        self._renewals = 0
        self._lock = threading.Lock()

    def renew(self, over: int, refusal: Refusal) -> None:
        with self._lock:
            if self.number != over:
                return
            self._renewals += 1
            begun = self._portal.ask("POST", "downloads", body=self._words)
            if begun["id"] is None or self._renewals > self.RENEWALS:
                raise Trouble(f"{plain(refusal)} {GOES_ON}", SOME_MISSING)
            self.number = int(begun["id"])


class Crew:
    """Several threads that fetch; the main thread feeds and watches them."""

    def __init__(self, portal: Portal, ticket: Ticket, folder: Folder, bar: Bar, threads: int) -> None:
        self._portal, self._ticket, self._folder, self._bar = portal, ticket, folder, bar
        self._queue: queue.Queue[Item | None] = queue.Queue(maxsize=4 * threads)
        self._lock = threading.Lock()
        self.fetched = self.kept = self.fetched_bytes = 0
        self.failed: list[tuple[str, str]] = []
        self._said = 0
        self._fatal: BaseException | None = None
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def bring(self, wanted: Iterator[Item]) -> None:
        """Raises what ends it before all is done."""
        for thread in self._threads:
            thread.start()
        try:
            for item in wanted:
                self._give(item)
            for _ in self._threads:
                self._give(None)
            while any(thread.is_alive() for thread in self._threads):
                self._watch()
                time.sleep(TICK_S)
            self._watch()
        finally:
            self._portal.stop.set()
            end = time.monotonic() + 1.5
            for thread in self._threads:
                thread.join(max(0.0, end - time.monotonic()))

    def _give(self, item: Item | None) -> None:
        while True:
            self._watch()
            with suppress(queue.Full):
                self._queue.put(item, timeout=TICK_S)
                return

    def _watch(self) -> None:
        self._say_failures()
        if self._fatal is not None:
            raise self._fatal
        self._bar.draw()
        if time.monotonic() - self._portal.heard_at > ALIVE_EVERY_S:
            self._portal.heard_at = time.monotonic()
            with suppress(Later):
                try:
                    with self._portal.answer("POST", f"downloads/{self._ticket.number}/alive", body={}) as answer:
                        answer.read(READ_BYTES)
                except Refusal as refusal:
                    if refusal.code == "download_cancelled":
                        self._refused(self._ticket.number, refusal)

    def _say_failures(self) -> None:
        while self._said < len(self.failed):
            path, reason = self.failed[self._said]
            self._said += 1
            if self._said <= FAILURES_SAID:
                self._bar.say(f"{path}: {reason}")
            if self._said == FAILURES_SAID:
                self._bar.say("Further failures are counted and not said one by one.")

    def _work(self) -> None:
        while not self._portal.stop.is_set():
            try:
                item = self._queue.get(timeout=TICK_S)
            except queue.Empty:
                continue
            if item is None:
                return
            try:
                self._bring_one(item)
            except FileFailed as error:
                with self._lock:
                    self.failed.append((item.path, plain(error)))
            except DiskFailed as error:
                full = f"The disk of {self._folder.directory} ran full. Make room. {GOES_ON}"
                self._fatal = Trouble(full if error.full else f"{item.path} cannot be written: {error}.", SOME_MISSING)
            except Stopped:
                return
            except BaseException as error:  # noqa: BLE001 (the thread that watches raises it)
                self._fatal = error

    def _bring_one(self, item: Item) -> None:
        place = self._folder.place(item)
        with on_disk():
            if is_whole(item, place):
                self._bar.advance(item.size_bytes)
                with self._lock:
                    self.kept += 1
                return
            with self._lock:
                self._folder.make_room(place)
            # Under the name there is nothing or the whole file, never another.
            if place.is_symlink() or place.exists():
                place.unlink()
        half = Half(item, place, self._bar)
        try:
            self._fetch(half)
        except FileFailed:
            half.give_up()
            raise
        finally:
            half.close()
        with self._lock:
            self.fetched += 1
            self.fetched_bytes += item.size_bytes

    def _fetch(self, half: Half) -> None:
        """What fails in a file that was continued is tried once more from its beginning."""
        continued = half.size_bytes > 0
        try:
            self._fill(half)
            half.become_whole()
        except (FileFailed, Replaced) as error:
            if isinstance(error, Replaced) and not continued:
                raise FileFailed(f"{plain(error)} Run the command again.") from None
            half.begin_anew()
            self._fill(half)
            half.become_whole()

    def _fill(self, half: Half) -> None:
        waiting = self._portal.waiting()
        asked = False
        while not (half.is_complete and (asked or half.item.size_bytes)):
            number = self._ticket.number
            try:
                self._transfer(half, number, waiting)
                asked = True
            except Later as later:
                waiting.wait(later)
            except Refusal as refusal:
                self._refused(number, refusal)

    def _transfer(self, half: Half, number: int, waiting: Waiting) -> None:
        """The rest of the file, as far as it comes."""
        item, start = half.item, half.size_bytes
        headers = {"If-Match": f'"{item.etag}"'} if item.etag else {}
        if start:
            headers["Range"] = f"bytes={start}-"
        with self._portal.answer("GET", f"downloads/{number}/file", {"path": item.path}, headers=headers) as answer:
            if start and answer.status == http.client.PARTIAL_CONTENT:
                if answer.headers.get("Content-Range") != f"bytes {start}-{item.size_bytes - 1}/{item.size_bytes}":
                    raise FileFailed("the portal sends other bytes than were asked for.")
            elif start:
                half.begin_anew()
            left = item.size_bytes - half.size_bytes
            if answer.length is not None and answer.length != left:
                raise FileFailed(f"it has {answer.length:,} bytes to come where {left:,} were listed. Run it again.")
            while piece := answer.read1(READ_BYTES):
                if self._portal.stop.is_set():
                    raise Stopped
                if len(piece) > item.size_bytes - half.size_bytes:
                    raise FileFailed("more bytes come than were listed. Run the command again.")
                half.add(piece)
                waiting.progressed()
            if not half.is_complete:
                raise Later(f"The connection was cut in the middle of {item.path}.")

    def _refused(self, number: int, refusal: Refusal) -> None:
        """Goes on with a new number where the old one was given up; raises what the refusal means otherwise."""
        if refusal.code == "download_over":
            self._ticket.renew(number, refusal)
            return
        if refusal.code == "download_cancelled":
            raise Trouble(plain(refusal), INTERRUPTED)
        if refusal.status in {401, 403} or refusal.code == "download_unknown":
            raise Trouble(f"{plain(refusal)} {GOES_ON}", SOME_MISSING)
        if refusal.status in {412, 416}:
            raise Replaced("it was replaced since it was listed.")
        raise FileFailed(str(refusal))


# The commands


@dataclass(frozen=True)
class Plan:
    """What a download would do; `others` are files of former runs."""

    files: int
    size_bytes: int
    missing_files: int
    missing_bytes: int
    others: int
    free_bytes: int
    needed_bytes: int

    @property
    def fits(self) -> bool:
        return self.needed_bytes <= self.free_bytes


def planned(listed: IO[str], folder: Folder, totals: dict[str, Any]) -> Plan:
    """Checks every line of the manifest, in bounded memory, and writes nothing."""
    files = chunks = of_sessions = size_bytes = missing_files = missing_bytes = there = halves = 0
    twins = Twins()
    others = folder.files()
    for item in items(listed):
        check_path(item.path)
        twins.check(item.path)
        files += 1
        of_sessions += is_of_session(item.path)
        chunks += item.path.endswith(".chn") and not is_of_session(item.path)
        size_bytes += item.size_bytes
        found, half = (size_there(folder.place(item), ending) for ending in ("", PART))
        there += found is not None
        if found != item.size_bytes:
            missing_files += 1
            missing_bytes += item.size_bytes
            halves += min(half or 0, item.size_bytes)
    recordings = files - chunks - of_sessions
    if (chunks, recordings) != (totals["chunks"], totals["recordings"]):
        raise Trouble(
            f"The portal counts {totals['chunks']:,} chunks of {totals['recordings']:,} recordings and lists "
            f"{chunks:,} of {recordings:,}: data are being changed, or the list was cut. Nothing was written; ask "
            "again."
        )
    spare_bytes = int(SPARE * missing_bytes) + BLOCK_BYTES * missing_files
    needed_bytes = max(0, missing_bytes + spare_bytes - halves)
    return Plan(files, size_bytes, missing_files, missing_bytes, others - there, folder.free_bytes(), needed_bytes)


def size_there(place: Path, ending: str) -> int | None:
    try:
        return place.with_name(place.name + ending).lstat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None


def words_of(options: argparse.Namespace) -> dict[str, list[str]]:
    """The question, as the portal reads it."""
    words: dict[str, list[str]] = {}
    for field in FIELDS:
        given = getattr(options, field)
        texts = [" ".join(each) for each in given] if field in SENTENCES else [text for each in given for text in each]
        if texts:
            words[field] = texts
    if options.no_triggers:
        words["triggers"] = ["no"]
    if options.all_patients:
        words["patient"] = ["*"]
    elif not any(text.strip() for text in words.get("patient", [])):
        raise Trouble(
            "Say whose recordings: --patient ID, several, patterns such as '20*', or --all-patients.", NOT_A_QUESTION
        )
    return words


def summary(totals: dict[str, Any]) -> str:
    hours = f"{totals['hours']:,.2f} hours"
    if totals["hours"] != totals["hours_asked"]:
        hours += f" ({totals['hours_asked']:,.2f} of them in the time asked for)"
    rate = size_text(totals["bytes_per_s"])
    return (
        f"{count_text(totals['chunks'], 'chunk')} of {count_text(totals['channels'], 'channel')} in "
        f"{count_text(totals['recordings'], 'recording')} of {count_text(totals['patients'], 'patient')}; {hours}, "
        f"{count_text(totals['gaps'], 'gap')}\n"
        f"{count_text(totals['bytes'], 'byte')} ({size_text(totals['bytes'])}), {time_text(totals['seconds'])} at "
        f"{rate}/s"
    )


def say_found(answer: dict[str, Any]) -> None:
    say(plain(unquote(answer["question"].replace("+", " ").replace("&", "; ").replace("=", " "))) or "everything")
    found = answer["totals"]["chunks"]
    for line in answer["warnings"] if found else answer["hints"]:
        say(plain(line))
    if found:
        say(summary(answer["totals"]))


def session_line(session: dict[str, Any]) -> str:
    """A session in a line: who, which task, when, how much of it is recorded and where."""
    start, stop = (datetime.fromisoformat(session[name]).strftime("%H:%M:%S") for name in ("start", "stop"))
    share = "no recording" if not session["covered"] else "covered" if session["covered"] == 1 else "partly"
    percent = min(99.9, max(0.1, 100 * session["covered"])) if 0 < session["covered"] < 1 else None
    covered = share if percent is None else f"{share} ({percent:.1f} %)"
    where = ", ".join(each["name"] for each in session["recordings"])
    text = f"patient {session['patient']}, {session['task']}, day {session['day']} {start} to {stop}: {covered}"
    return plain(f"{text}, {where}" if where else text)


def search(options: argparse.Namespace) -> int:
    portal = Portal(access(), options.patience)
    query = {**words_of(options), "limit": options.limit, **({"after": options.after} if options.after else {})}
    answer = portal.ask("GET", "search", query)
    if options.json:
        say_json(answer)
    else:
        say_found(answer)
        for each in answer.get("sessions", []):
            say(session_line(each))
        if answer["headers"]:
            say("\n" + table(answer["headers"]))
        if answer["next"]:
            say(f"\nMore with --after {plain(answer['next'])}")
    if not answer["totals"]["chunks"]:
        raise Trouble("Nothing matches.")
    return ALL_THERE


def table(headers: list[dict[str, Any]]) -> str:
    columns = ("patient", "recording", "channel", "label", "chunk", "day", "start", "stop", "rate", "bytes", "key")
    rows = [dict.fromkeys(columns, "")]
    rows[0].update({name: name for name in columns})
    for each in headers:
        shown = {**each, "rate": f"{each['sfreq']:.10g} Hz", "bytes": f"{each['bytes']:,}"}
        shown.update({name: datetime.fromisoformat(each[name]).isoformat(sep=" ") for name in ("start", "stop")})
        rows.append({name: plain("" if shown[name] is None else shown[name]) for name in columns})
    widths = {name: max(len(row[name]) for row in rows) for name in columns}
    right = {"channel", "chunk", "day", "rate", "bytes"}
    return "\n".join(
        "  ".join(
            row[name].rjust(widths[name]) if name in right else row[name].ljust(widths[name]) for name in columns
        ).rstrip()
        for row in rows
    )


def download(options: argparse.Namespace) -> int:
    if not 1 <= options.jobs <= 64:
        raise Trouble(f"--jobs is {options.jobs}: write 1 to 64.", NOT_A_QUESTION)
    portal, folder = Portal(access(), options.patience), Folder(Path(options.to).expanduser())
    words: dict[str, Any] = {**words_of(options), **({"dry_run": True} if options.dry_run else {})}
    report: dict[str, Any] = {}
    try:
        begun = portal.ask("POST", "downloads", body=words)
        report.update({name: begun[name] for name in ("question", "totals", "warnings", "hints")})
        report.update({"sessions": Taking.sessions_of(begun), "plan": None, "outcome": None})
        if not options.json:
            say_found(begun)
        if begun["id"] is None:
            raise Trouble("Nothing matches.")
        ticket = Ticket(portal, words, int(begun["id"]))
        return Taking(options, portal, folder, ticket, report).take(begun)
    finally:
        if options.json and report:
            say_json(report)


class Taking:
    """One download, from its manifest to its end."""

    def __init__(
        self, options: argparse.Namespace, portal: Portal, folder: Folder, ticket: Ticket, report: dict[str, Any]
    ) -> None:
        self._options, self._portal, self._folder, self._ticket = options, portal, folder, ticket
        self._report = report
        self._counts = {"fetched": 0, "kept": 0, "failed": 0}

    def take(self, begun: dict[str, Any]) -> int:
        """Whatever happens, the portal is told how it ended. Raises `Trouble` where not all is there."""
        outcome = "failed"
        try:
            with on_disk(), self._spool() as listed:
                self._list(listed, begun)
                self._bring(begun, listed)
            outcome = "done"
        except (KeyboardInterrupt, Stopped):
            outcome = "cancelled"
            raise
        except DiskFailed as error:
            raise Trouble(f"{self._folder.directory} cannot be used: {error}. Choose another folder.") from None
        finally:
            with suppress(Trouble, Refusal, Stopped, KeyboardInterrupt):
                body = {"outcome": outcome, **self._counts}
                self._portal.hurry()
                self._portal.ask("POST", f"downloads/{self._ticket.number}/end", body=body, patience_s=2.0)
        return ALL_THERE

    @contextmanager
    def _spool(self) -> Iterator[IO[bytes]]:
        """A file that is gone with the process, on the disk the tree goes to."""
        with tempfile.TemporaryFile(dir=self._folder.nearest()) as file:
            yield file

    def _list(self, listed: IO[bytes], begun: dict[str, Any]) -> None:
        totals, sessions = begun["totals"], self.sessions_of(begun)
        at_most_bytes = ROW_MAX_BYTES * (totals["chunks"] + totals["recordings"] + 1 + FILES_OF_SESSION_MAX * sessions)
        waiting, complete = self._portal.waiting(), False
        while not complete:
            try:
                with self._portal.answer("GET", f"downloads/{self._ticket.number}/manifest") as answer:
                    listed.seek(0)
                    listed.truncate()
                    while piece := answer.read(READ_BYTES):
                        if listed.tell() > at_most_bytes:
                            raise Trouble("The portal's manifest does not end. Nothing was written.")
                        with on_disk():
                            listed.write(piece)
                complete = True
            except Later as later:
                waiting.wait(later)
        listed.flush()

    @staticmethod
    def sessions_of(begun: dict[str, Any]) -> int:
        """How many sessions there are; an older portal knows none."""
        found = begun.get("sessions", 0)
        return found if isinstance(found, int) and found > 0 else 0

    def _list_of_sessions(self, begun: dict[str, Any]) -> bytes:
        """`sessions.csv`; empty where there is none."""
        sessions = self.sessions_of(begun)
        if not sessions:
            return b""
        at_most_bytes, waiting = ROW_MAX_BYTES * (1 + FILES_OF_SESSION_MAX * sessions), self._portal.waiting()
        content = None
        while content is None:
            try:
                with self._portal.answer("GET", f"downloads/{self._ticket.number}/sessions") as answer:
                    content = answer.read(min(at_most_bytes, JSON_MAX_BYTES) + 1)
            except Later as later:
                waiting.wait(later)
        if len(content) > min(at_most_bytes, JSON_MAX_BYTES):
            raise Trouble("The portal's list of sessions does not end. Nothing was written.")
        return content

    def _bring(self, begun: dict[str, Any], listed: IO[bytes]) -> None:
        plan = planned(self._lines(listed), self._folder, begun["totals"])
        self._say_plan(plan, begun["totals"]["bytes_per_s"])
        if not plan.fits:
            raise Trouble(
                f"{self._folder.directory} has {size_text(plan.free_bytes)} free, and {size_text(plan.needed_bytes)} "
                f"are needed for the {plan.missing_files:,} files still missing. Make room, choose another folder, or "
                "select less. Nothing was written."
            )
        if self._options.dry_run:
            return
        sessions = self._list_of_sessions(begun)
        bar = Bar(plan.size_bytes)
        threads = max(1, min(self._options.jobs, int(begun["files_at_once"])))
        crew = Crew(self._portal, self._ticket, self._folder, bar, threads)
        with self._folder.taken():
            self._folder.publish(listed, sessions)
            try:
                crew.bring(items(self._lines(listed)))
            except DiskFailed as error:
                raise Trouble(f"{self._folder.directory} cannot be used: {error}. {GOES_ON}", SOME_MISSING) from None
            except Trouble as trouble:
                raise Trouble(str(trouble), trouble.status if trouble.status != NOTHING else SOME_MISSING) from None
            finally:
                self._counts = {"fetched": crew.fetched, "kept": crew.kept, "failed": len(crew.failed)}
                bar.end()
        self._say_outcome(crew, plan)

    @staticmethod
    def _lines(listed: IO[bytes]) -> IO[str]:
        listed.seek(0)
        return os.fdopen(os.dup(listed.fileno()), encoding="utf-8", errors="replace", newline="")

    def _say_plan(self, plan: Plan, bytes_per_s: float) -> None:
        self._report["plan"] = {
            "files": plan.files,
            "bytes": plan.size_bytes,
            "files_to_fetch": plan.missing_files,
            "bytes_to_fetch": plan.missing_bytes,
            "files_of_former_downloads": plan.others,
            "bytes_free": plan.free_bytes,
            "bytes_needed": plan.needed_bytes,
            "fits": plan.fits,
        }
        if self._options.json:
            return
        and_sessions = " and sessions" if self._report["sessions"] else ""
        there, seconds = plan.files - plan.missing_files, time_text(plan.missing_bytes / bytes_per_s)
        say(
            f"With annotations{and_sessions} {count_text(plan.files, 'file')} ({size_text(plan.size_bytes)}): "
            f"{there:,} are there and {plan.missing_files:,} to fetch ({size_text(plan.missing_bytes)}, {seconds})"
        )
        say(f"To {self._folder.root}: {size_text(plan.free_bytes)} free, {size_text(plan.needed_bytes)} needed")
        if plan.others:
            former = count_text(plan.others, "file")
            say(f"Of former downloads, left alone and not in the manifest: {former}")
        sys.stdout.flush()

    def _say_outcome(self, crew: Crew, plan: Plan) -> None:
        self._report["outcome"] = {
            "fetched": crew.fetched,
            "kept": crew.kept,
            "failed": [{"path": path, "reason": reason} for path, reason in crew.failed],
            "bytes": crew.fetched_bytes,
        }
        if not self._options.json:
            say(
                f"Fetched {count_text(crew.fetched, 'file')} ({size_text(crew.fetched_bytes)}); {crew.kept:,} were "
                f"there and whole. {self._folder.manifest} lists all."
            )
        if crew.failed:
            raise Trouble(
                f"{len(crew.failed):,} of {plan.files:,} files could not be fetched. The same command tries those that "
                "are missing; the reason stands with each.",
                SOME_MISSING,
            )


def login(options: argparse.Namespace) -> int:
    """Asks, checks with the portal, and keeps what opens it where only its owner can read it."""
    address = options.address or os.environ.get("ECOG_URL") or PORTAL
    terminal = sys.stdin.isatty()
    if not address:
        address = input("Address of the portal: ") if terminal else sys.stdin.readline()
    address = checked_address(address)
    if terminal:
        say(f"Make a token at {address}/account/tokens/ and paste it here; it is not shown.")
        token = getpass.getpass("Token: ")
    else:
        token = sys.stdin.readline()
    given = Access(address, checked_token(token))
    me = Portal(given, options.patience).ask("GET", "me")
    keep(given)
    say_me(me, address)
    return ALL_THERE


def keep(given: Access) -> None:
    file = config_file()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            json.dump({"address": given.address, "token": given.token}, opened)
        new.replace(file)
    except OSError as error:
        raise Trouble(f"{file} cannot be written: {error.strerror}.") from error


def whoami(options: argparse.Namespace) -> int:
    given = access()
    say_me(Portal(given, options.patience).ask("GET", "me"), given.address)
    return ALL_THERE


def say_me(me: dict[str, Any], address: str) -> None:
    patients = ", ".join(map(plain, me["patients"][:12])) or "nobody yet: an administrator grants patients"
    more = len(me["patients"]) - 12
    say(f"You are {plain(me['user'])} at {address}. You may see {patients}{f' and {more} more' if more > 0 else ''}.")
    say(f"The token {plain(me['token']['name'])!r} ends on {plain(me['token']['ends_at'])[:10]}.")


HELP = {
    "patient": ("ID", "patients by ID (2002), or patterns (20*)"),
    "task": ("NAME", "while they played this task: ToM_Loc in any spelling, a part of it, tom*, =ToM_Loc, or several"),
    "pad": ("MIN", "minutes before and after each session of the task: 5, or 5,10"),
    "day": ("DAYS", "days since implantation (day 0): 4, -1..3, or 2002-01-03 for one patient"),
    "start": ("TIME", "from this time on: day 3 14:05, or 2002-01-03 14:05 for one patient"),
    "stop": ("TIME", "up to this time, without it"),
    "when": ("TIMES", "a stretch of time: day 3 14:05..day 4 02:00; give it again for more"),
    "hours": ("HOURS", "hours of every day asked for: 22:00-06:00"),
    "channel": ("CHANNEL", 'labels (LTG1), ranges (LTG1..LTG8), patterns (LTG*), numbers (5, 1..16), "labels, quoted"'),
}


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="ecog", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    whole.add_argument("--version", action="version", version=f"ecog {VERSION}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    common = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    common.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_S,
        metavar="S",
        help=f"seconds for which a portal that does not answer is asked again ({PATIENCE_S:.0f})",
    )
    words = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for field in FIELDS:
        metavar, text = HELP[field]
        words.add_argument(f"--{field}", metavar=metavar, nargs="+", action="append", default=[], help=text)
    words.add_argument(
        "--no-triggers", action="store_true", help="without the trigger and DC channels that come along with a task"
    )
    words.add_argument("--all-patients", action="store_true", help="every patient you may see")
    words.add_argument("--json", action="store_true", help="everything as one JSON object")
    made: dict[str, argparse.ArgumentParser] = {}
    for name, work, parents, text in (
        ("login", login, [common], "ask for address and token, and keep them"),
        ("whoami", whoami, [common], "who you are there, whom you may see, when the token ends"),
        ("search", search, [common, words], "what there is: sums, then the headers page by page"),
        ("download", download, [common, words], "bring what a search finds to DIR/s3_download"),
    ):
        made[name] = commands.add_parser(name, parents=parents, help=text, description=text, allow_abbrev=False)
        made[name].set_defaults(work=work)
        # Days before implantation are written -1, and ranges of them -1..3: values, not options.
        made[name]._negative_number_matcher = re.compile("-[0-9]")
    made["login"].add_argument("--address", default="", help="the portal's, where this file does not know it")
    made["search"].add_argument("--limit", type=int, default=50, metavar="N", help="headers on a page (50)")
    made["search"].add_argument("--after", metavar="CURSOR", help="the page after this one; each page names its own")
    made["download"].add_argument("--to", required=True, metavar="DIR", help="the folder that gets s3_download/")
    made["download"].add_argument(
        "--dry-run", action="store_true", help="say what would be fetched and whether it fits"
    )
    made["download"].add_argument("--jobs", type=int, default=8, metavar="N", help="files at once (8)")
    return whole


def run(arguments: list[str]) -> int:  # noqa: PLR0911 (one line for each kind of end)
    """The exit status. Every error is one sentence on standard error."""
    options = parser().parse_args(arguments)
    work: Callable[[argparse.Namespace], int] = options.work
    try:
        return work(options)
    except Trouble as trouble:
        return said(plain_lines(trouble), trouble.status)
    except Refusal as refusal:
        return said(plain_lines(refusal), NOT_A_QUESTION if refusal.status == 422 else NOTHING)
    except (KeyboardInterrupt, Stopped, EOFError):
        return said("Stopped. What was fetched is whole or is gone on with: the same command resumes.", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOTHING
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # Its text might hold what the portal sent: the class is enough for whoever mends it.
        return said(
            f"The portal's answer cannot be understood ({type(error).__name__}): get a new ecog from it.", NOTHING
        )
    except OSError as error:
        return said(f"This computer refuses: {error.strerror or type(error).__name__}.", NOTHING)
    except Exception as error:  # noqa: BLE001 (a person is told in a sentence)
        return said(f"This is a fault of ecog ({type(error).__name__}): tell the portal's administrator.", NOTHING)


def said(sentence: str, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"ecog: {sentence}\n")
    return status


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    status = run(sys.argv[1:])
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Threads that hang in the network are not waited for.
    os._exit(status)


if __name__ == "__main__":
    main()
