"""What `behavior` enters into the registers of `jobs` when Django starts."""

from behavior import aligning
from behavior.nightly import compare_sessions
from jobs import chores
from jobs.kinds import Kind, register

DAY_S = 24 * 3600.0

chores.register(chores.Chore(name="sessions", every_s=DAY_S, run=compare_sessions))
register(
    Kind(
        name=aligning.KIND,
        title="Alignment",
        run=aligning.run,
        result_template="behavior/alignment_result.html",
        asks_selection=False,
    )
)
