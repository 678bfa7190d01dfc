"""A selection asked by Spark itself: resolved under a user's scope and written into the audit.

Owns: that whoever reads by `option("selection", …)` is one who asks like any command does. Looked up by name from
`analysis.origins`, in a process in which Django is set up.
"""

from collections.abc import Iterator
from logging import getLogger

from analysis.manifest import Finding
from analysis.origins import told_left_out
from analysis.runs import Run
from people.asking import command_scope
from people.audit import act
from selections.resolve import resolve
from selections.words import parse_url
from storage.objects import Objects

log = getLogger(__name__)
ACT = "spark read"


def runs_of(selection: str, *, as_user: str, objects: Objects) -> Iterator[Run]:
    """The runs that the question finds of what the user may see (nobody named: the administrator).

    Raises `SelectionError`, `AskerUnknown`, `AccountClosed`, `HeadersUnavailable`, `StorageError`.
    """
    asked = parse_url(selection)
    scope = command_scope(as_user or None)
    resolved = resolve(asked, scope=scope)
    finding = Finding(resolved, objects=objects)
    with act(ACT, scope=scope, question=asked.url()) as opened:
        patient = ""
        for run in finding:
            if run.patient != patient:
                opened.add_patients([run.patient])
                patient = run.patient
            yield run
    if finding.left_out:
        log.warning("Left out: %s.", told_left_out(finding.left_out))
    for warning in resolved.warnings:
        log.warning("%s", warning)
