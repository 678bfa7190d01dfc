"""What of a result is shown to who asks for it: which picture, which value.

Owns: that figures are shown only while all of the result's patients may be seen by who looks, and that a picture is
shown without its sessions while those cannot be asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from analysis.errors import AnalysisError
from analysis.known import KNOWN, Known
from analysis.models import Result
from analysis.picture import HeatMap, heat_map
from analysis.place import Place, picture_name
from chunks.headers_db.errors import HeadersUnavailable
from people.scope import Scope
from selections.played import played_by
from storage.errors import StorageError


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A result in sight, and the picture asked for: its number, of what it is, and the value it shows."""

    result: Result
    known: Known
    number: int
    about: Mapping[str, Any]
    value: str

    @property
    def titles(self) -> tuple[str, ...]:
        """Of each picture there is."""
        return tuple(map(_title, self.result.summary.get("pictured", ())))

    @property
    def value_text(self) -> str:
        """What the value is, and of a coherence what chance alone gives."""
        text = self.known.columns[self.value].partition(";")[0].rpartition(",")[0]
        averages = self.about.get("averages")
        return f"{text}; chance alone gives about {1 / averages:.2g}" if averages else text

    @property
    def title(self) -> str:
        return _title(self.about)


def seen(job_id: int, *, scope: Scope, asked: Mapping[str, str]) -> Seen | None:
    """None where there is no result, it is gone, or not all of its patients may be seen."""
    result = Result.objects.select_related("job").filter(job_id=job_id).first()
    if result is None or not result.ready or result.outside(scope.patients):
        return None
    known = KNOWN[result.name]
    pictured = result.summary.get("pictured", ())
    number = asked.get("picture", "")
    chosen = int(number) if number in map(str, range(len(pictured))) else 0
    value = asked.get("value", "")
    return Seen(
        result=result,
        known=known,
        number=chosen,
        about=pictured[chosen] if pictured else {},
        value=value if value in known.values else known.values[0],
    )


def summary_of(shown: Seen) -> dict[str, Any] | None:
    """The numbers of the picture; None where there are none, or the place of results does not answer."""
    try:
        found = Place(settings.RESULTS_URL).json(picture_name(shown.result.folder, number=shown.number))
    except (AnalysisError, StorageError):
        return None
    return found if found and found["labels"] else None


def picture_of(shown: Seen, *, scope: Scope) -> HeatMap | None:
    """None as of `summary_of`."""
    summary = summary_of(shown)
    if summary is None:
        return None
    patient = shown.about["patient"]
    try:
        sessions = played_by([patient], scope=scope).get(patient, ()) if shown.known.per_window else ()
    except HeadersUnavailable:
        sessions = None
    unit = shown.known.units[shown.value]
    return heat_map(summary, patient=patient, value=shown.value, unit=unit, sessions=sessions)


def _title(about: Mapping[str, Any]) -> str:
    words = [f"patient {about['patient']}"]
    if "task" in about:
        words += [about["task"], f"code {about['code']}", f"{about['events']} events"]
    return ", ".join(words)
