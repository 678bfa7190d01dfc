"""Whether this worker was told to stop: its parent hears of it, its children, who do the work, look here.

Owns: one byte of memory that a process shares with what it forks. Nobody ever takes the word back: who stops, ends.
"""

import mmap

_told = mmap.mmap(-1, 1)  # anonymous and shared, so a child forked later sees what its parent writes


def tell() -> None:
    """From here on this process and its children hand back what they work on. May be called by a signal's handler."""
    _told[0] = 1


def told() -> bool:
    return _told[0] == 1
