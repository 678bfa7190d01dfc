"""A selection's manifest: what it finds, as runs, signed for who asked.

Owns: the way from an answer to runs, in memory that holds one recording at a time, and the signature that ties a
manifest to the person and the question it was made for. On the portal's side alone: executors get the lines.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.core import signing

from analysis.errors import ManifestRefused, NothingFound
from analysis.manifest_file import Counting, Manifest, Summary, decode_summary, written
from analysis.origins import told_left_out
from analysis.recordings import Place, look
from analysis.runs import Document, Run, runs_of
from chunks.format.clock import since_day_zero_us
from chunks.models import ChunkHeader, Recording, RecordingState
from people.scope import Scope
from selections.intervals import Interval, Intervals, overlaps
from selections.resolve import Resolved
from selections.stay import Choice, Held, Stay
from storage.objects import Objects

SALT = "analysis.manifest"
DOUBTFUL = "unreadable"
Etags = Mapping[tuple[int | None, int], str]


class Finding:
    """The runs that a question finds, as they are taken, and how many recordings were left out, by state."""

    def __init__(self, resolved: Resolved, *, objects: Objects) -> None:
        self._resolved = resolved
        self._objects = objects
        self.left_out: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Run]:
        """One GET a recording. Raises `HeadersUnavailable` and `StorageError`."""
        held = {each.row: (stay, each) for stay in self._resolved.stays for each in stay.recordings}
        for recording, headers in self._resolved.streams():
            told = look(self._objects, Place(recording.bucket, recording.name))
            if told is None or told.document is None or told.document["patient"] != recording.patient:
                self.left_out[told.state if told and told.document is None else DOUBTFUL] += 1
                continue
            stay, asked = held[recording.pk]
            yield from self._runs(told.document, recording, asked=asked, stay=stay, etags=_etags(headers))
        self.left_out.update(_not_ok(self._resolved))

    def _runs(
        self, document: Document, recording: Recording, *, asked: Held, stay: Stay, etags: Etags
    ) -> Iterator[Run]:
        intervals = stay.intervals if asked.asked is None else asked.asked
        try:
            runs = list(runs_of(document, bucket=recording.bucket))
        except (KeyError, TypeError, ValueError, ArithmeticError):
            self.left_out[DOUBTFUL] += 1
            return
        for run in runs:
            if _is_chosen(run, asked.choice):
                for part in run.asked(_within_us(run, intervals)):
                    yield _with_etags(part, etags)


def write(resolved: Resolved, *, path: Path, objects: Objects) -> Summary:
    """Writes the manifest of an answer to a new file that only its owner reads.

    Raises `NothingFound`, and no file is left; `FileExistsError`, `HeadersUnavailable`, `StorageError`.
    """
    finding = Finding(resolved, objects=objects)
    path.touch(mode=0o600, exist_ok=False)
    last = ""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            for line in written(finding, finish=lambda counted, sha256: _signed(finding, resolved, counted, sha256)):
                file.write(line)
                last = line
        summary = decode_summary(last)
        if summary is None or not summary.runs:
            raise NothingFound("Nothing is found that can be analysed: " + " ".join(_reasons(finding, resolved)))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return summary


def check(lines: Iterable[str], *, scope: Scope) -> Summary:
    """What a manifest says of itself, once it is known to be this portal's and the asker's, who still sees all of it.

    Raises `ManifestRefused` and `NotAManifest`.
    """
    manifest = Manifest(lines)
    patients = {run.patient for run in manifest}
    summary = manifest.summary
    try:
        signed = signing.loads(summary.signature, salt=SALT)
    except signing.BadSignature:
        raise ManifestRefused("This portal did not sign the manifest: let it write one.") from None
    if signed != _claims(summary):
        raise ManifestRefused("The manifest says something else than what was signed: let the portal write one anew.")
    if summary.user_id != scope.user_id:
        raise ManifestRefused("The manifest was written for somebody else: ask the same question yourself.")
    if lost := patients - scope.patients:
        raise ManifestRefused(
            f"{len(lost)} of the {len(patients)} patients of the manifest can no longer be seen by {scope.by}: ask the "
            "question again, which leaves them out, or ask an administrator for a grant."
        )
    return summary


def _signed(finding: Finding, resolved: Resolved, counted: Counting, sha256: str) -> Summary:
    summary = Summary(
        question=resolved.selection.url(),
        user_id=resolved.scope.user_id,
        software=f"ecog-portal {settings.SOFTWARE_VERSION}",
        patients=counted.patients,
        recordings=counted.recordings,
        runs=counted.runs,
        chunks=counted.chunks,
        size_bytes=counted.size_bytes,
        left_out=dict(sorted(finding.left_out.items())),
        warnings=resolved.warnings,
        sha256=sha256,
    )
    return replace(summary, signature=signing.dumps(_claims(summary), salt=SALT))


def _claims(summary: Summary) -> dict[str, str | int | None]:
    return {"sha256": summary.sha256, "user": summary.user_id, "selection": summary.question}


def _reasons(finding: Finding, resolved: Resolved) -> Iterator[str]:
    if finding.left_out:
        yield f"left out were {told_left_out(finding.left_out)}."
    yield from resolved.hints()


def _etags(headers: Iterable[ChunkHeader]) -> Etags:
    return {(header.channel, header.chunk): header.etag for header in headers}


def _with_etags(run: Run, etags: Etags) -> Run:
    """A chunk without a row has none: it is read all the same, and told of if it is missing."""
    return replace(run, etags=tuple(etags.get((run.channel, chunk), "") for chunk in range(run.first, run.last)))


def _is_chosen(run: Run, choice: Choice) -> bool:
    labelled = choice.labels is None or run.label in choice.labels
    return labelled and (choice.numbers is None or run.channel in choice.numbers)


def _within_us(run: Run, intervals: Intervals) -> list[tuple[int, int]]:
    begin_us = since_day_zero_us(run.patient, run.begin)
    return [(each.start_us - begin_us, each.stop_us - begin_us) for each in intervals]


def _not_ok(resolved: Resolved) -> Counter[str]:
    """Recordings of the patients asked for, in the time asked for, that no analysis reads."""
    left_out: Counter[str] = Counter()
    for stay in resolved.stays:
        rows = Recording.objects.filter(patient=stay.patient).exclude(state=RecordingState.OK)
        for start, stop, state in rows.values_list("start", "stop", "state"):
            start_us, stop_us = (since_day_zero_us(stay.patient, moment) for moment in (start, stop))
            span = Interval(start_us=start_us, stop_us=max(start_us + 1, stop_us))
            asked = resolved.selection.intervals_for(span.start_us, span.stop_us)
            if overlaps(stay.intervals, span) if resolved.selection.tasks else asked:
                left_out[str(RecordingState(state).value)] += 1
    return left_out
