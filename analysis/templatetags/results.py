"""What a template may say of a result: `{% shown_result job as shown %}`.

Owns: that a page names its patients and figures only while all of its patients may be seen by who looks.
"""

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.template.context import Context

from analysis.errors import AnalysisError
from analysis.known import FAULT_COLUMNS, KNOWN, Known
from analysis.models import Result
from analysis.picture import HeatMap, heat_map
from analysis.place import Place, picture_name
from jobs.models import Job
from people.asking import page_scope
from people.scope import Scope
from selections.played import played_by
from storage.errors import StorageError

register = template.Library()
FAULT_NAMES = tuple(FAULT_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class ShownResult:
    """A result in sight. `picture` is None where there is nothing to draw, or the place does not answer."""

    result: Result
    known: Known
    patients: tuple[str, ...]
    picture: HeatMap | None
    pairs: tuple[tuple[str, ...], ...]


@register.simple_tag(takes_context=True)
def shown_result(context: Context, job: Job) -> ShownResult | None:
    """None where there is no result, it is gone, or not all of its patients may be seen."""
    scope = page_scope(context["request"])
    result = Result.objects.select_related("job").filter(job_id=job.pk).first()
    if result is None or not result.ready or result.outside(scope.patients):
        return None
    known = KNOWN[result.name]
    patients = tuple(result.summary.get("pictured", ()))
    asked = context["request"].GET
    patient = asked.get("patient", "") if asked.get("patient") in patients else next(iter(patients), "")
    value = asked.get("value", "") if asked.get("value") in known.values else known.values[0]
    return ShownResult(
        result=result,
        known=known,
        patients=patients,
        picture=_picture(result, patient=patient, value=value, scope=scope) if patient else None,
        pairs=tuple(tuple(_text(row[name]) for name in known.columns) for row in result.summary.get("pairs", ())),
    )


@register.simple_tag
def log_of(job: Job) -> str:
    """The last lines of the application's log; empty where there are none."""
    return str(Result.objects.filter(job_id=job.pk).values_list("log_tail", flat=True).first() or "")


def _picture(result: Result, *, patient: str, value: str, scope: Scope) -> HeatMap | None:
    try:
        summary = Place(settings.RESULTS_URL).json(picture_name(result.folder, patient=patient))
    except (AnalysisError, StorageError):
        return None
    if summary is None or not summary["labels"]:
        return None
    return heat_map(summary, patient=patient, value=value, sessions=played_by([patient], scope=scope).get(patient, ()))


def _text(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
