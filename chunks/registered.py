"""What `chunks` enters into the registers of `jobs` when Django starts."""

from chunks.nightly import compare_chunks
from jobs import chores

DAY_S = 24 * 3600.0

chores.register(chores.Chore(name="chunks", every_s=DAY_S, run=compare_chunks))
