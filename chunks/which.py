"""Which recording a file became: asked of the rows, by the fingerprint of the file in hand.

Owns: the answer's words. Nothing of the file is kept.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from chunks.edf.errors import EdfError
from chunks.edf.reader import open_edf
from chunks.models import Recording

# The fingerprint is of data records alone, so any start will do for a file whose header has none.
ANY_START = datetime(2000, 1, 1)


def which(paths: Sequence[Path]) -> Iterator[str]:
    """One answer for each file, in their order."""
    for path in paths:
        yield _answer(path)


def _answer(path: Path) -> str:
    try:
        with open_edf(path, accept_truncated=True, start=ANY_START) as edf:
            fingerprint = edf.fingerprint()
    except (EdfError, OSError) as error:
        return f"cannot be read: {error if isinstance(error, EdfError) else error.strerror}"
    found = Recording.objects.filter(fingerprint=fingerprint).order_by("patient", "name")
    became = [f"patient {each.patient}, {each.name} ({each.get_state_display()})" for each in found]
    return "; ".join(became) or "is not held."
