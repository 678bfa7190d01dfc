"""What `behavior` enters into the registers of `jobs` when Django starts."""

from behavior.nightly import compare_sessions
from jobs import chores

DAY_S = 24 * 3600.0

chores.register(chores.Chore(name="sessions", every_s=DAY_S, run=compare_sessions))
