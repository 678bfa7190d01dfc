"""Analyses enter the registers of jobs when Django starts: how one is done and shown, and what tidies up."""

from analysis.asking import kind_of
from analysis.fetching import tidy
from analysis.known import KNOWN
from analysis.work import run
from jobs.chores import Chore
from jobs.chores import register as register_chore
from jobs.kinds import Kind, register

TIDY_EVERY_S = 300.0

for known in KNOWN.values():
    register(Kind(name=kind_of(known), title=known.title, run=run, result_template="analysis/result.html"))
register_chore(Chore(name="results", every_s=TIDY_EVERY_S, run=tidy))
