"""The report of an ingest's job for its page: `{% ingest_report job as report %}`.

Owns: that names of inbox files stand beside it only for who may take files in, read from the disk at that moment, and
that no report is shown of a patient who may not be seen.
"""

from dataclasses import dataclass

from django import template
from django.template.context import Context

from chunks.errors import InboxAway
from chunks.inbox.asking import Given
from chunks.inbox.listing import inbox_files
from chunks.inbox.naming import names_of
from chunks.report import FileReport, Report, decode
from jobs.models import Job
from people.asking import page_scope

register = template.Library()


@dataclass(frozen=True, kw_only=True)
class ShownReport:
    """A report, each file with its name, where that may be shown and the file is still there."""

    report: Report
    files: tuple[tuple[FileReport, str], ...]


@register.simple_tag(takes_context=True)
def ingest_report(context: Context, job: Job) -> ShownReport | None:
    """None where there is none, as of a command's job."""
    if not job.result or "files" not in job.result:
        return None
    report, request = decode(job.result), context["request"]
    if not page_scope(request).allows(report.patient):
        return None
    names = _names(job) if request.user.has_perm("people.ingest") else []
    files = tuple((file, names[file.place - 1] if file.place <= len(names) else "") for file in report.files)
    return ShownReport(report=report, files=files)


def _names(job: Job) -> list[str]:
    if not job.given:
        return []
    try:
        return names_of(Given.decode(job.given).files, among=inbox_files())
    except InboxAway:
        return []
