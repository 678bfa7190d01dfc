"""`manage.py spark_submit`: an analysis of what a search finds, on Spark; the same as the button on the page."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from analysis.asking import ask, wanted
from analysis.errors import AnalysisError
from analysis.known import KNOWN
from behavior.errors import SessionsUnavailable
from chunks.command import STOPPED
from jobs import broker
from jobs.models import Job, State
from jobs.terminal import show_progress
from people import audit
from people.asking import command_scope
from people.origin import terminal_origin
from selections.arguments import add_selection_arguments, selection_from
from selections.command import SelectionCommand
from selections.resolve import resolve

LOOK_EVERY_S = 0.5


class Command(SelectionCommand):
    help = (
        "Submit an analysis of what a search finds to Spark: its job goes on without this command, and its page shows "
        "how far it is and what came of it. Exit status 1 where it could not begin, or, with --wait, ended otherwise."
    )
    for_people = (AnalysisError, SessionsUnavailable)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("analysis", metavar="JOB", choices=sorted(KNOWN), help=", ".join(sorted(KNOWN)))
        add_selection_arguments(parser)
        parser.add_argument("--master", default="", help="local[*], spark://host:7077 or emr:<cluster id>")
        parser.add_argument("--window", default="", metavar="SECONDS", help="length of a window")
        parser.add_argument("--wait", action="store_true", help="stay, and show how far it is, until it has ended")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        asked = wanted(options["analysis"], window=options["window"], master=options["master"])
        selection = selection_from(options)
        scope = command_scope(options["as_user"])
        resolved = resolve(selection, scope=scope)
        with audit.act("analyse", scope=scope, question=selection.url(), origin=terminal_origin()) as act:
            job, totals = ask(resolved, asked=asked, send=broker.send)
            act.add_patients(stay.patient for stay in resolved.stays if stay.recordings)
        page = f"{settings.PORTAL_URL}{reverse('job', args=[job.pk])}"
        self.stdout.write(f"Job {job.pk}: {asked.known.title} of {totals.chunks:,} chunks. {page}")
        if options["wait"]:
            self._follow(job)

    def _follow(self, job: Job) -> None:
        try:
            job = _ended(job)
        except KeyboardInterrupt as error:
            raise CommandError(
                f"Job {job.pk} goes on without this command; its page has the button that cancels it.",
                returncode=STOPPED,
            ) from error
        if job.state != State.DONE:
            raise CommandError(job.reason or f"The job is {job.state}.")
        self.stdout.write("Done.")


def _ended(job: Job) -> Job:
    """The job at its end, shown until then."""
    with show_progress(total_bytes=job.bytes_total, label=f"Job {job.pk}") as bar:
        shown = 0
        while job.under_way:
            time.sleep(LOOK_EVERY_S)
            job = Job.objects.get(pk=job.pk)
            bar.phase("waiting for a worker" if job.state == State.QUEUED else job.note)
            bar.advance(job.bytes_done - shown)
            shown = job.bytes_done
    return job
