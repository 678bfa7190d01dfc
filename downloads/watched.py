"""A download that others can see: its job row, its audit entry and the bar at the terminal, all fed by one download.

Owns: what is told to whom and when, and which errors end a download that has begun.
"""

from collections.abc import Callable
from contextlib import ExitStack

from downloads.entries import entries
from downloads.errors import DownloadsError, DownloadStopped, FilesMissing
from downloads.folder import TreeFolder
from downloads.outcome import Outcome
from downloads.plan import Plan
from downloads.session_files import session_files
from downloads.session_list import list_of_sessions
from downloads.take import take
from jobs.errors import JobCancelled, JobError
from jobs.here import run_here
from jobs.terminal import ProgressBar, show_progress
from people.audit import OpenAct
from selections.resolve import Resolved
from storage.errors import StorageError
from storage.objects import Objects


def download(
    resolved: Resolved,
    *,
    store: Objects,
    folder: TreeFolder,
    threads: int,
    act: OpenAct,
    on_plan: Callable[[Plan], None],
) -> Outcome:
    """Brings what was found into the folder, under a job and the open audit entry `act`.

    Raises `FilesMissing` where some files failed, `DownloadStopped` for what ends it once it has begun, `JobCancelled`
    and Ctrl-C as they come, and what `take` raises before anything is written.
    """
    total_bytes: int | None = None  # known once it has begun
    with (
        run_here(kind="download", question=resolved.selection.url(), scope=resolved.scope) as lease,
        ExitStack() as stack,
    ):

        def begin(plan: Plan) -> ProgressBar:
            nonlocal total_bytes
            on_plan(plan)
            act.add_patients(plan.patients)
            lease.progress(bytes_total=plan.size_bytes)
            total_bytes = plan.size_bytes
            return stack.enter_context(show_progress(total_bytes=total_bytes, label="Download"))

        try:
            files = session_files(resolved, store=store)
            outcome = take(
                entries(resolved, store=store, files=files),
                store=store,
                folder=folder,
                sessions=list_of_sessions(resolved, files=files),
                begin=begin,
                on_tick=lambda done_bytes: lease.progress(bytes_done=done_bytes),
                on_fetched=act.add_bytes,
                threads=threads,
            )
        except JobCancelled:
            raise
        except (DownloadsError, StorageError, JobError) as error:
            if total_bytes is None:
                raise
            raise DownloadStopped(f"{error} What was fetched is kept: the same again goes on from there.") from error
        if outcome.failed:
            raise FilesMissing(outcome)
        lease.progress(bytes_done=total_bytes)
    return outcome
