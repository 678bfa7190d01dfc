"""All sessions of some patients, joined to their recordings, for pictures.

Owns: that who has no session costs nothing, and that pictures are shown without sessions while their table does not
answer.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from behavior.catalogue import Catalogue, sessions_of
from behavior.errors import SessionsUnavailable
from people.scope import Scope
from selections.joined import Joined, join_all

logger = logging.getLogger(__name__)


def played_by(patients: Sequence[str], *, scope: Scope) -> Mapping[str, Sequence[Joined]]:
    """The sessions of each of these patients who has any, by start; of none outside the scope."""
    try:
        catalogue = Catalogue(scope=scope)
        have = {patient for task in catalogue.tasks() for patient in task.by_patient}
        records = [each for patient in patients if patient in have for each in sessions_of(patient, scope=scope)]
        return {of.patient: of.sessions for of in join_all(records, catalogue=catalogue)}
    except SessionsUnavailable as error:
        logger.error("%s", error)  # noqa: TRY400 (the message says all)
        return {}


def by_patient(sessions: Iterable[Joined]) -> Mapping[str, Sequence[Joined]]:
    """Those of an answer, by patient."""
    found: dict[str, list[Joined]] = {}
    for each in sessions:
        found.setdefault(each.record.subject, []).append(each)
    return found
