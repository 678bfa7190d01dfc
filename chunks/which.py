"""Which recording a file became, by the fingerprint of the file in hand.

Owns: the answer's words. Nothing of the file is kept.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from chunks.edf.errors import EdfError
from chunks.edf.reader import open_edf
from chunks.held import Fingerprints
from chunks.models import RecordingState
from storage.objects import Objects

# The fingerprint is of data records alone, so any start will do for a file whose header has none.
ANY_START = datetime(2000, 1, 1)
_LABELS = {state.value: state.label for state in RecordingState}


def which(paths: Sequence[Path], *, patients: Collection[str], objects: Objects) -> Iterator[str]:
    """One answer for each file, in their order, out of the recordings of these patients."""
    recordings = Fingerprints(patients, objects=objects)
    for path in paths:
        yield _answer(path, recordings)


def _answer(path: Path, recordings: Fingerprints) -> str:
    try:
        with open_edf(path, accept_truncated=True, start=ANY_START) as edf:
            fingerprint = edf.fingerprint()
    except (EdfError, OSError) as error:
        return f"cannot be read: {error if isinstance(error, EdfError) else error.strerror}"
    found = recordings.held(fingerprint)
    became = [f"patient {each.patient}, {each.name} ({_LABELS.get(each.state, each.state)})" for each in found]
    return "; ".join(became) or "is not held."
