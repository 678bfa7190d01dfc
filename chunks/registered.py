"""What `chunks` enters into the registers of `jobs` when Django starts."""

from chunks.nightly import compare_chunks
from chunks.review import publishing
from jobs import chores
from jobs.kinds import Kind, register

DAY_S = 24 * 3600.0

chores.register(chores.Chore(name="chunks", every_s=DAY_S, run=compare_chunks))
chores.register(chores.Chore(name="annotations", every_s=10 * 60.0, run=publishing.chore))
register(Kind(name=publishing.KIND, title="Annotations", run=publishing.run, asks_selection=False, writes_headers=True))
