"""A process that never outlives the one that started it, however that one ends.

Owns: the call of Linux that asks for it (prctl(2), PR_SET_PDEATHSIG). It holds for one child, not for the child's own
children: each asks for itself. Imports nothing of ours and no Django.
"""

import ctypes
import os
import platform
import signal

PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Loaded before any fork: a child between fork and exec must not load libraries.
_libc = ctypes.CDLL(None, use_errno=True) if platform.system() == "Linux" else None


def die_with_parent(parent: int) -> None:
    """For a child just forked: the kernel kills it when `parent` (its process ID) ends. Does nothing outside Linux."""
    if _libc is None:
        return
    if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)
