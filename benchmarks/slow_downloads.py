"""What pages cost while bundles are fetched slowly: `python -m benchmarks.slow_downloads [--readers 40] [--rounds 3]`.

The whole portal (`manage.py serve`) on a data folder of its own. In each round pages are asked for first with nobody
else there, then under the readers: as many people, each fetching a bundle at a fixed slow rate from another process,
and asking again where she is told to wait. Printed is the time of a page as a ratio to the idle portal of the same
rounds.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

PYTHON = sys.executable
HOST = "127.0.0.1"
BUNDLE_BYTES = 400_000_000
SIP_BYTES = 32_768
SETTLE_S = 3.0

Times = dict[str, list[float]]  # seconds, by the name of the page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=40)
    parser.add_argument("--kilobytes-per-s", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=60, help="of each kind, a round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecog-bench-") as folder:
        port = free_port()
        os.environ |= {"ECOG_DATA_DIR": f"{folder}/var", "ECOG_URL": f"http://{HOST}:{port}", "ECOG_BROKER_URL": ""}
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        world = make_world(options.readers)
        idle: Times = {name: [] for name in world["pages"]}
        loaded: Times = {name: [] for name in world["pages"]}
        with served():
            look(world, port, pages=5)
            for _ in range(options.rounds):
                add(idle, look(world, port, pages=options.pages))
                with readers(world, port, rate=options.kilobytes_per_s * 1000) as reading:
                    add(loaded, look(world, port, pages=options.pages))
                told = json.loads(reading[0])
    print(f"{options.readers} readers at {options.kilobytes_per_s} kB/s; in the last round", end=" ")
    print("{reading} held a body, {waiting} waited their turn".format(**told))
    report(idle, loaded)


def report(idle: Times, loaded: Times) -> None:
    print(f"{'page':10}{'median / idle':>15}{'p95 / idle':>12}{'ms idle':>10}{'loaded':>8}{'p95':>8}")
    for name, before in idle.items():
        under = loaded[name]
        ratios = statistics.median(under) / statistics.median(before), p95(under) / p95(before)
        times = statistics.median(before), statistics.median(under), p95(under)
        print(f"{name:10}{ratios[0]:>15.2f}{ratios[1]:>12.2f}", end="")
        print("{:>10.1f}{:>8.1f}{:>8.1f}".format(*(1000 * seconds for seconds in times)))


def make_world(users: int) -> dict[str, Any]:
    for words in (["migrate", "--verbosity", "0"], ["demo", "--no-serve"]):
        subprocess.run([PYTHON, "manage.py", *words], check=True, capture_output=True)
    command = [PYTHON, "-m", "benchmarks.bundle_world", str(users), str(BUNDLE_BYTES)]
    made: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return made


@contextmanager
def served() -> Iterator[None]:
    with subprocess.Popen([PYTHON, "manage.py", "serve"], stdout=subprocess.PIPE, text=True) as portal:
        try:
            assert portal.stdout is not None
            if not any("Ctrl-C" in line for line in portal.stdout):
                raise RuntimeError("the portal did not start")
            yield
        finally:
            portal.send_signal(signal.SIGINT)
            portal.communicate()


@contextmanager
def readers(world: dict[str, Any], port: int, *, rate: int) -> Iterator[list[str]]:
    """Within it they read, in a process of their own; the list holds what they say at the end."""
    command = [PYTHON, "-c", "from benchmarks.slow_downloads import read_all; read_all()"]
    said: list[str] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({**world, "port": port, "rate": rate}) + "\n")
        process.stdin.flush()
        try:
            time.sleep(SETTLE_S)
            yield said
        finally:
            process.stdin.close()
            said.append(process.stdout.readline())


def look(world: dict[str, Any], port: int, *, pages: int) -> Times:
    """The seconds of each page, asked for one after the other by different people, each with a new connection."""
    took: dict[str, list[float]] = {name: [] for name in world["pages"]}
    for number in range(pages):
        for name, path in world["pages"].items():
            cookie = world["cookies"][number % len(world["cookies"])]
            began = time.perf_counter()
            with closing(HTTPConnection(HOST, port, timeout=120)) as connection:
                connection.request("GET", path, headers={"Cookie": cookie})
                answer = connection.getresponse()
                answer.read()
            took[name].append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
    return took


def add(all_of_them: Times, more: Times) -> None:
    for name, seconds in more.items():
        all_of_them[name] += seconds


def read_all() -> None:
    """The readers' process: what to read comes as a line on standard input, whose end is theirs too."""
    asyncio.run(_read_all(json.loads(sys.stdin.readline())))


async def _read_all(world: dict[str, Any]) -> None:
    told = {"reading": 0, "waiting": 0, "bytes": 0}
    pairs = zip(world["bundles"], world["cookies"], strict=True)
    tasks = [asyncio.create_task(_reader(path, cookie, world=world, told=told)) for path, cookie in pairs]
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(told), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _reader(path: str, cookie: str, *, world: dict[str, Any], told: dict[str, int]) -> None:
    """Sips at the rate asked for, with little room in the socket, so that it is the portal that has to wait."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{world['port']}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    told["waiting"] += 1
    while True:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * SIP_BYTES)
        plain.settimeout(0)
        await asyncio.get_running_loop().sock_connect(plain, (HOST, world["port"]))
        reader, writer = await asyncio.open_connection(sock=plain, limit=SIP_BYTES)
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if " 200 " in head.splitlines()[0]:
            break
        writer.close()
        await asyncio.sleep(int(head.split("retry-after: ")[1].split()[0]))
    told["waiting"] -= 1
    told["reading"] += 1
    while sip := await reader.read(SIP_BYTES):
        told["bytes"] += len(sip)
        await asyncio.sleep(len(sip) / world["rate"])


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
