"""Jobs in the Django admin: looked at, never changed. Who wants to end one does it on the job's own page.

Owns: what these pages show.
"""

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from jobs.kinds import title_of
from jobs.models import Job
from jobs.terminal import size_text
from people.readonly_admin import ReadOnlyAdmin


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("number", "title", "state", "asker_name", "created_at", "progress", "attempt", "page")
    list_filter = (
        "state",
        ("kind", admin.AllValuesFieldListFilter),
        ("asker", admin.RelatedOnlyFieldListFilter),
    )
    ordering = ("-pk",)
    fields = ("title", "page", "state", "asker_name", "question", "progress", "note", "reason", "runner", "attempt",
              "cancel_asked", "created_at", "sent_at", "started_at", "finished_at", "result")  # fmt: skip

    @admin.display(description="job")
    def number(self, job: Job) -> str:
        return f"job {job.pk}"

    @admin.display(description="kind")
    def title(self, job: Job) -> str:
        return title_of(job.kind)

    @admin.display(description="bytes")
    def progress(self, job: Job) -> str:
        done = size_text(job.bytes_done)
        return f"{done} of {size_text(job.bytes_total)}" if job.bytes_total else done

    @admin.display(description="page")
    def page(self, job: Job) -> str:
        try:
            return format_html('<a href="{}">Its page</a>', reverse("job", args=[job.pk]))
        except NoReverseMatch:
            return ""
