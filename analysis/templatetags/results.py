"""What a template may say of a result: `{% shown_result job as shown %}`."""

from dataclasses import dataclass

from django import template
from django.template.context import Context

from analysis.models import Result
from analysis.picture import HeatMap
from analysis.shown import Seen, picture_of, seen
from jobs.models import Job
from people.asking import page_scope

register = template.Library()


@dataclass(frozen=True, kw_only=True)
class ShownResult:
    """A result in sight. `picture` is None where there is nothing to draw, or the place does not answer."""

    seen: Seen
    picture: HeatMap | None
    pairs: tuple[tuple[str, ...], ...]


@register.simple_tag(takes_context=True)
def shown_result(context: Context, job: Job) -> ShownResult | None:
    """None where there is no result, it is gone, or not all of its patients may be seen."""
    request = context["request"]
    scope = page_scope(request)
    found = seen(job.pk, scope=scope, asked=request.GET)
    if found is None:
        return None
    rows = found.result.summary.get("pairs", ())
    return ShownResult(
        seen=found,
        picture=picture_of(found, scope=scope),
        pairs=tuple(tuple(_text(row[name]) for name in found.known.columns) for row in rows),
    )


@register.simple_tag(takes_context=True)
def log_of(context: Context, job: Job, *, lines: int = 0) -> str:
    """The last lines of the application's log (0: all that are kept); empty where there are none, or not all of its
    patients may be seen."""
    result = Result.objects.filter(job_id=job.pk).first()
    if result is None or result.outside(page_scope(context["request"]).patients):
        return ""
    return "\n".join(result.log_tail.splitlines()[-lines:])


def _text(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
