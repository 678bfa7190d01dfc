"""Asking for an analysis: what is refused at once, and the job that does the rest.

Owns: the kinds of jobs, one for each analysis, so that the same question may be under way once for each. The job finds
out what there is, under what the asker may see then.
"""

from dataclasses import dataclass

from django.conf import settings

from analysis.errors import AnalysisRefused
from analysis.known import KNOWN, Known
from analysis.masters import check_master
from analysis.options import seconds
from analysis.place import Place
from jobs.asking import Send, enqueue
from jobs.models import Job
from selections.resolve import Resolved
from selections.totals import Totals, totals_of


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An analysis. window: seconds as text, empty for the analysis's own; master: empty for the setting's."""

    known: Known
    window: str = ""
    master: str = ""


def kind_of(known: Known) -> str:
    return f"spark-{known.name.replace('_', '-')}"


def wanted(name: str, *, window: str = "", master: str = "") -> Wanted:
    """Raises `AnalysisRefused` and `OptionRefused`."""
    known = KNOWN.get(name)
    if known is None:
        raise AnalysisRefused(f"There is no analysis {name[:40]!r}: there are {', '.join(KNOWN)}.")
    if window:
        seconds(window)
    return Wanted(known=known, window=window, master=master)


def ask(resolved: Resolved, *, asked: Wanted, send: Send) -> tuple[Job, Totals]:
    """The job, and what it will read; the one under way where she asked for the same before.

    Raises `AnalysisRefused`, also where one with another window or master is under way, `NotInstalled` and
    `PlaceUnusable`. Call it outside transactions.
    """
    place = Place(settings.RESULTS_URL)
    check_master(asked.master or settings.SPARK_MASTER, objects_url=settings.OBJECTS_URL, place=place)
    totals = totals_of(resolved.stays)
    check_size(resolved, totals, known=asked.known)
    given = {"analysis": asked.known.name, "window": asked.window, "master": asked.master}
    job = enqueue(
        kind_of(asked.known),
        question=resolved.selection.url(),
        scope=resolved.scope,
        send=send,
        bytes_total=totals.size_bytes,
        given=given,
    )
    if dict(job.given or {}) != given:
        raise AnalysisRefused(
            f"Job {job.pk} does this analysis of this question already, with another window or master: wait for its "
            "end, or cancel it first."
        )
    return job, totals


def check_size(resolved: Resolved, totals: Totals, *, known: Known) -> None:
    """Raises `AnalysisRefused` where nothing is found, or more than the analysis can hold."""
    if not totals.chunks:
        raise AnalysisRefused("Nothing matches this question, so there is nothing to analyse.")
    if known.needs_events and not resolved.selection.tasks:
        raise AnalysisRefused("This analysis cuts epochs around the events of a task: ask for one, such as ToM_Loc.")
    if known.channels_max and totals.channels > known.channels_max:
        raise AnalysisRefused(
            f"{totals.channels} channels have {totals.channels * (totals.channels - 1) // 2:,} pairs; this analysis "
            f"takes up to {known.channels_max} channels. Name fewer."
        )
