"""Where an act at a terminal comes from, for the audit.

Owns: how an account of the operating system is written. Imports nothing of ours.
"""

import getpass
import socket


def terminal_origin() -> str:
    """`account@machine` of who runs this process."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # no such account, as in many containers
        account = "unknown"
    return f"{account}@{socket.gethostname()}"
