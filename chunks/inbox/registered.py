"""What the inbox enters into the register of jobs when Django starts: ingests, also those of commands, and removals."""

from chunks.inbox.work import run
from chunks.interrupted import INGEST, REMOVE, remove
from jobs.kinds import Kind, register

register(
    Kind(
        name=INGEST,
        title="Ingest",
        run=run,
        result_template="chunks/ingest_result.html",
        asks_selection=False,
        writes_headers=True,
    )
)
register(Kind(name=REMOVE, title="Removal", run=remove, asks_selection=False, writes_headers=True))
