"""Bundles enter the registers of jobs when Django starts: how one is made and shown, and what tidies up.

Owns: their name, and how often is tidied.
"""

from downloads.bundles.asking import KIND
from downloads.bundles.tidying import tidy
from downloads.bundles.work import run
from jobs.chores import Chore
from jobs.chores import register as register_chore
from jobs.kinds import Kind, register

TIDY_EVERY_S = 300.0

register(Kind(name=KIND, title="Bundle", run=run, result_template="downloads/bundle_result.html"))
register_chore(Chore(name="bundles", every_s=TIDY_EVERY_S, run=tidy))
