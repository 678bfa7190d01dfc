"""Analyses enter the registers when Django starts: how a job is done and shown, what tidies up, and what is checked of
the settings."""

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import register as register_check

from analysis.asking import kind_of
from analysis.errors import AnalysisError
from analysis.fetching import tidy
from analysis.known import KNOWN
from analysis.masters import misunderstood
from analysis.place import Place
from analysis.work import run
from jobs.chores import Chore
from jobs.chores import register as register_chore
from jobs.kinds import Kind, register

TIDY_EVERY_S = 300.0


@register_check
def settings_of_analyses(**_: object) -> list[CheckMessage]:
    """What `ECOG_SPARK_MASTER` and `ECOG_RESULTS_URL` name can be meant. Nothing is touched."""
    found: list[CheckMessage] = []
    if wrong := misunderstood(settings.SPARK_MASTER):
        found.append(Error(f"ECOG_SPARK_MASTER: {wrong}", id="analysis.E001"))
    try:
        Place(settings.RESULTS_URL).check()
    except AnalysisError as error:
        found.append(Error(f"ECOG_RESULTS_URL: {error}", id="analysis.E002"))
    return found


for known in KNOWN.values():
    register(
        Kind(
            name=kind_of(known),
            title=known.title,
            run=run,
            result_template="analysis/result.html",
            under_way_template="analysis/log.html",
        )
    )
register_chore(Chore(name="results", every_s=TIDY_EVERY_S, run=tidy))
