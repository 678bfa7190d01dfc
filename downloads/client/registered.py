"""Downloads by the client enter the registers of jobs when Django starts: how one is shown, and what tidies up.

Owns: their title, and how often is tidied.
"""

from downloads.client.ending import settle
from downloads.client.progress import KIND
from jobs.chores import Chore
from jobs.chores import register as register_chore
from jobs.kinds import Kind, register

SETTLE_EVERY_S = 30.0

register(Kind(name=KIND, title="Download to a computer", result_template="downloads/client_result.html"))
register_chore(Chore(name="downloads by clients", every_s=SETTLE_EVERY_S, run=settle))
