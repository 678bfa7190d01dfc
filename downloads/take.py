"""A whole download: taken home by several threads at once, from a plan that was checked first.

Owns: the order of things. The manifest is written first and always describes exactly the present selection; files of
former runs that are not in it are left alone. Entries wait in a file without a name and in a short queue, so memory
does not grow with their number. However it ends, whole files lie in the tree and nothing else.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
    sessions: bytes = b"",
    begin: Callable[[Plan], ProgressBar],
    on_tick: Callable[[int], None] = lambda _done_bytes: None,
    on_fetched: Callable[[int], None] = lambda _size_bytes: None,
    threads: int = THREADS,
) -> Outcome:
    """Brings every entry's file into the tree of `folder`, and says what came of it.

    `sessions`: the content of `sessions.csv`; where it is empty there is none afterwards.

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
            _publish_sessions(sessions, place=folder.sessions)
            waiting.seek(0)
            with Crew(
                store=store, folder=folder, bar=bar, on_tick=on_tick, on_fetched=on_fetched, threads=threads
            ) as crew:
                return crew.bring(read_csv(waiting))


def _publish(waiting: IO[str], *, manifest: Path) -> None:
    waiting.seek(0)
    with _whole(manifest, what="manifest") as part, part.open("x", encoding="utf-8", newline="") as file:
        shutil.copyfileobj(waiting, file)


def _publish_sessions(content: bytes, *, place: Path) -> None:
    """It describes the present selection, as the manifest does."""
    if not content:
        place.unlink(missing_ok=True)
        return
    with _whole(place, what="list of sessions") as part, part.open("xb") as file:
        file.write(content)


@contextmanager
def _whole(place: Path, *, what: str) -> Iterator[Path]:
    """Where a file is written that then appears whole under its name."""
    part = place.with_name(place.name + PART)
    try:
        yield part
        part.rename(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DownloadsError(f"The {what} could not be written: {error.strerror}. Nothing was fetched.") from error
