"""A whole download: taken home by several threads at once, from a plan that was checked first.

Owns: the order of things. The manifest is written first and always describes exactly the present selection; files of
former runs that are not in it are left alone. Entries wait in a file without a name and in a short queue, so memory
does not grow with their number. However it ends, whole files lie in the tree and nothing else.
"""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from downloads.crew import THREADS, Crew
from downloads.errors import DownloadsError
from downloads.folder import PART, TreeFolder
from downloads.manifest import Entry, read_csv, written
from downloads.outcome import Outcome
from downloads.plan import Plan, check_room, plan, spool
from jobs.terminal import ProgressBar
from storage.objects import Objects


def take(
    entries: Iterable[Entry],
    *,
    store: Objects,
    folder: TreeFolder,
    begin: Callable[[Plan], ProgressBar],
    on_tick: Callable[[int], None] = lambda _done_bytes: None,
    on_fetched: Callable[[int], None] = lambda _size_bytes: None,
    threads: int = THREADS,
) -> Outcome:
    """Brings every entry's file into the tree of `folder`, and says what came of it.

    `begin` gets the plan once all is checked and nothing is written yet, and gives the bar; what it raises ends the
    download there. `on_tick` is told the bytes done about five times a second, from this thread; what it raises ends
    the download, as Ctrl-C does, within two seconds. `on_fetched` is told each file's bytes, from any thread.
    Raises `PathRefused`, `FolderRefused`, `DiskTooFull`, errors of `storage` that concern all files.
    """
    with spool(folder=folder) as waiting:
        planned = plan(written(waiting, entries), folder=folder)
        check_room(planned, folder=folder)
        bar = begin(planned)
        with folder.taken():
            for leftover in planned.survey.leftovers:
                leftover.unlink(missing_ok=True)
            _publish(waiting, manifest=folder.manifest)
            waiting.seek(0)
            with Crew(
                store=store, folder=folder, bar=bar, on_tick=on_tick, on_fetched=on_fetched, threads=threads
            ) as crew:
                return crew.bring(read_csv(waiting))


def _publish(waiting: IO[str], *, manifest: Path) -> None:
    """The manifest appears whole under its name."""
    part = manifest.with_name(manifest.name + PART)
    waiting.seek(0)
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            shutil.copyfileobj(waiting, file)
        part.rename(manifest)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DownloadsError(f"The manifest could not be written: {error.strerror}. Nothing was fetched.") from error
