"""What a process and all below it have used of the processor, which others on the machine change little.

Owns: reading `/proc` (Linux). A child that has ended counts with whoever waited for it.
"""

import os
from collections import defaultdict
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def used_s(*, without: str) -> dict[str, float]:
    """Seconds by the kind of process, `java` and `python`, of this one and its descendants; not of programs so named.

    Java starts nothing but Python here, so what its ended children used is Python's.
    """
    children: dict[int, list[int]] = defaultdict(list)
    told: dict[int, tuple[str, float, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = path.read_text().rpartition(")")
        except OSError:  # it has ended
            continue
        pid, _, name = before.partition(" (")
        fields = after.split()
        children[int(fields[1])].append(int(pid))
        own, ended = (int(fields[at]) + int(fields[at + 1]) for at in (11, 13))
        told[int(pid)] = name, own / TICKS, ended / TICKS
    used = {"java": 0.0, "python": 0.0}
    waiting = [os.getpid()]
    while waiting:
        pid = waiting.pop()
        name, own_s, ended_s = told.get(pid, (without, 0.0, 0.0))
        if name != without:
            waiting += children[pid]
            used["java" if name == "java" else "python"] += own_s
            used["python"] += ended_s
    return used
