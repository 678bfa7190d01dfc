"""The portal as one command: everything it needs on this machine, until it is told to stop.

Owns: the order in which the parts start, and what is said of it. Each part's own secret is in its module.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from types import FrameType

from portal import address, embedded_broker, programs
from portal.broker import socket_path
from portal.errors import BrokerRefused
from portal.processes import BEAT_S, Supervisor
from portal.serve_lock import only_here

BROKER_START_S = 10.0
SLOW_START_S = 30.0

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Portal:
    """What is served: its data folder and address, where it listens, and whether the broker is its own."""

    data_dir: Path
    url: str
    bind: str
    own_broker: bool


def serve(portal: Portal, *, say: Say, prepare: Callable[[], None], ready: Callable[[], None]) -> None:
    """Returns when it was told to stop (Ctrl-C, SIGTERM) and everything has ended.

    `prepare` is called before anything starts, `ready` when the portal answers. Raises `NotServed`.
    """
    host, port = address.place_of(portal.url, bind=portal.bind)
    with _told_to_stop() as stop, only_here(portal.data_dir), address.listen(host, port) as listening:
        prepare()
        with Supervisor(say=say) as supervisor:
            if portal.own_broker:
                _start_broker(supervisor, data_dir=portal.data_dir, stop=stop)
            supervisor.start(programs.web(listening.fileno(), data_dir=portal.data_dir))
            supervisor.start(programs.worker(data_dir=portal.data_dir))
            supervisor.start(programs.sweeper(data_dir=portal.data_dir))
            if _wait_for_answer(supervisor, listening, portal=portal, stop=stop, say=say):
                ready()
            while not stop.wait(BEAT_S):
                supervisor.look()
            say("Stopping …")
    say("Stopped.")


def _start_broker(supervisor: Supervisor, *, data_dir: Path, stop: threading.Event) -> None:
    at = socket_path(data_dir)
    embedded_broker.make_private(at.parent)
    program = programs.broker(at, data_dir=data_dir)
    supervisor.start(program)
    end = time.monotonic() + BROKER_START_S
    while not embedded_broker.answers(at) and not stop.wait(BEAT_S / 2):
        supervisor.look()
        if time.monotonic() > end:
            raise BrokerRefused(f"The embedded broker does not start: see {program.log}. {embedded_broker.ELSEWHERE}")


def _wait_for_answer(
    supervisor: Supervisor, listening: socket, *, portal: Portal, stop: threading.Event, say: Say
) -> bool:
    slow_at = time.monotonic() + SLOW_START_S
    while not stop.wait(BEAT_S):
        supervisor.look()
        if address.answers(listening, url=portal.url):
            return True
        if time.monotonic() > slow_at:
            slow_at = time.monotonic() + SLOW_START_S
            say(f"The portal does not answer yet. What it says is in {portal.data_dir / 'logs'}.")
    return False


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Set by Ctrl-C, SIGTERM, and the end of the terminal; the handlers are as they were after the block."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
