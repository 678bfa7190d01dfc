"""Many files of one patient, one after the other: one bad file does not stop the others.

Owns: what is told of each file, in values that may be kept: its place in the list, its size and its content hash, never
its name.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from django.conf import settings

from chunks.document import Known
from chunks.edf.errors import EdfError, EdfTruncated
from chunks.edf.findings import Finding
from chunks.edf.reader import Edf, open_edf
from chunks.elsewhere import Elsewhere
from chunks.errors import ChunksError, FileChanged, IngestRefused, SurgeryDateUnclear
from chunks.format.clock import DayOutOfRange
from chunks.format.keys import NameRefused, check_recording_name, patient_bucket
from chunks.ingest import Phase, Progress, Tell, ingest
from chunks.interrupted import forget_where_nothing_is_held, refuse_while_removed, refuse_while_taken_in
from chunks.plan import Plan, make_plan
from chunks.said_identity import said_by
from chunks.sources import Look, is_growing, look_of, refuse_changed
from chunks.surgery import surgery_from_day
from chunks.verify import Verified, verify
from people.errors import PeopleError
from people.identity import check_surgery_date, remember_surgery_date
from people.patient_identity import Said, check_identity, remember_identity
from people.scope import Scope
from storage.errors import StorageError
from storage.objects import Objects

REFUSALS = (EdfError, ChunksError, StorageError, PeopleError, NameRefused, DayOutOfRange, OSError)
Outcome = Literal["ingested", "completed", "already there", "would be ingested", "refused"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How the files of a batch are to be read and cut."""

    start: datetime | None = None
    name: str | None = None
    chunk_seconds: int = 3600
    strict: bool = False
    accept_truncated: bool = False
    release_annotations: bool = False
    verify: bool = False
    identity_checked: bool = False

    @property
    def act(self) -> str:
        """What the audit calls an ingest that is wished for like this."""
        parts = ["ingest"]
        if self.release_annotations:
            parts.append("all texts released")
        if self.identity_checked:
            parts.append("identity checked")
        return ", ".join(parts)

    def open(self, path: Path) -> Edf:
        return open_edf(path, strict=self.strict, start=self.start, accept_truncated=self.accept_truncated)


def refuse_checked_together(files: int) -> None:
    """Whose recording it is was checked of one file: it holds for no other. Raises `IngestRefused`.

    What that file says is remembered, so those that say the same are taken without it.
    """
    if files > 1:
        raise IngestRefused(
            f"What you have checked holds for one file, and these are {files}. Take the one you have checked alone; "
            "those whose header says the same are taken afterwards without it."
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one file.

    `place` counts from 1 in the list of the batch; `reason` says why it was refused, `refusal` is the kind of it (the
    name of the error); `names_nobody`: its header says of nobody that she was recorded, so it could not be compared.
    """

    place: int
    size_bytes: int
    outcome: Outcome
    recording: str = ""
    channels: int = 0
    chunks: int = 0
    stretches: int = 0
    hours: float = 0.0
    data_sha256: str = ""
    rows_repaired: int = 0
    rows_follow: bool = False
    overlaps: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    verified: Verified | None = None
    names_nobody: bool = False
    reason: str = ""
    refusal: str = ""


class Batch:
    """The files of one patient and one command, with one date of surgery for all."""

    def __init__(
        self, *, patient: str, surgery: date | None, surgery_source: str, wish: Wish, objects: Objects, scope: Scope
    ) -> None:
        """`surgery` and `patient` may be unknown (None, empty) for a check alone: days are not told then.

        `scope` decides which other patients a refusal may name.
        """
        self.patient = patient
        self._surgery = surgery
        self._surgery_source = surgery_source
        self._wish = wish
        self._objects = objects
        self._scope = scope
        self._elsewhere = Elsewhere(patient, scope=scope, objects=objects)
        self._bucket = patient_bucket(patient, prefix=settings.BUCKET_PREFIX)

    def check(self, path: Path, *, place: int) -> Result:
        """What would become of a file: it is read as far as an ingest must know beforehand, and nothing is written."""

        def look(edf: Edf) -> Result:
            plan = self._plan(edf)
            said = self._check_whose(edf, plan) if self.patient else None
            deque(edf.annotations(), maxlen=0)  # what is odd about them is found by reading them
            name = plan.recording if self._surgery else ""
            result = _result(edf, plan, place=place, outcome="would be ingested", recording=name)
            return replace(result, names_nobody=bool(said and not said.is_known))

        return self._each(path, place=place, work=look)

    def ingest(
        self,
        path: Path,
        *,
        place: int,
        progress: Progress,
        phase: Phase = lambda _words: None,
        look: Look | None = None,
        job_id: int | None = None,
    ) -> Result:
        """What became of a file, which is in the store afterwards or refused with a reason.

        `progress` is told of bytes of the file, not of its chunks; `look`: as the file was when it was chosen;
        `job_id`: of the job that does this, where there is one.
        """
        tell = Tell(progress=progress, phase=phase)

        def take(edf: Edf) -> Result:
            return self._take(edf, path, place=place, tell=tell, look=look, job_id=job_id)

        result = self._each(path, place=place, work=take)
        if result.outcome == "refused" and self.patient:
            with suppress(StorageError):
                forget_where_nothing_is_held(self._objects, patient=self.patient, bucket=self._bucket, job_id=job_id)
        return result

    def _take(self, edf: Edf, path: Path, *, place: int, tell: Tell, look: Look | None, job_id: int | None) -> Result:
        before = look_of(edf.opened)
        if look and look != before:
            raise FileChanged("The file changed after it was chosen: perhaps its copy is still under way.")
        plan = self._plan(edf)
        refuse_while_removed(self.patient)
        said = self._check_whose(edf, plan)
        if self._surgery:
            remember_surgery_date(self.patient, surgery_date=self._surgery)

        def check_data(data_sha256: str, /) -> None:
            refuse_changed(path, before=before)
            if plan.signals:
                self._elsewhere.check_data(data_sha256, fingerprint=edf.fingerprint())
            # Not before: what is given up half way must leave nothing that the right files are compared with.
            remember_identity(self.patient, said, scope=self._scope, checked=self._wish.identity_checked)

        known = Known(
            fingerprint=edf.fingerprint(),
            chunk_seconds=self._wish.chunk_seconds,
            start_source=edf.start_source,
            surgery_source=self._surgery_source,
        )
        done = ingest(
            edf,
            plan,
            known=known,
            objects=self._objects,
            release=self._wish.release_annotations,
            tell=replace(tell, progress=_scaled(tell.progress, of_bytes=plan.size_bytes, to_bytes=edf.size_bytes)),
            check_data=check_data,
            nobody_else=lambda: refuse_while_taken_in(self.patient, job_id=job_id),
        )
        if done.state == "already there":
            remember_identity(self.patient, said, scope=self._scope, checked=self._wish.identity_checked)
        verified = self._verified(path, edf, plan.named(done.recording)) if self._wish.verify else None
        return replace(
            _result(edf, plan, place=place, outcome=done.state, recording=done.recording),
            chunks=done.chunks,
            data_sha256=done.data_sha256,
            rows_repaired=done.rows_repaired,
            rows_follow=done.rows_follow,
            overlaps=done.overlaps,
            verified=verified,
            names_nobody=not said.is_known,
        )

    def _each(self, path: Path, *, place: int, work: Callable[[Edf], Result]) -> Result:
        size_bytes = 0
        try:
            size_bytes = path.stat().st_size
            with self._wish.open(path) as edf:
                return work(edf)
        except REFUSALS as error:
            return Result(
                place=place,
                size_bytes=size_bytes,
                outcome="refused",
                reason=_reason(error, path=path),
                refusal=type(error).__name__,
            )

    def _check_whose(self, edf: Edf, plan: Plan) -> Said:
        """What the header says of who was recorded. Raises where that, or what was recorded, is another patient's."""
        said = said_by(edf.identity, patient=self.patient)
        if plan.signals:  # files without any have equal data
            self._elsewhere.check_fingerprint(edf)
        if not self._wish.identity_checked:
            check_identity(self.patient, said, scope=self._scope)
        return said

    def _plan(self, edf: Edf) -> Plan:
        if self._surgery:
            check_surgery_date(self.patient, surgery_date=self._surgery)
        plan = make_plan(
            edf,
            patient=self.patient,
            bucket=self._bucket,
            surgery=self._surgery or edf.start.date(),
            chunk_seconds=self._wish.chunk_seconds,
        )
        return plan.named(check_recording_name(self._wish.name)) if self._wish.name else plan

    def _verified(self, path: Path, edf: Edf, plan: Plan) -> Verified:
        return verify(path, plan, ordinary=[signal.number for signal in edf.signals], objects=self._objects)


def surgery_of(paths: Sequence[Path], *, day: int, wish: Wish) -> date:
    """The date of surgery that `day` of a month means for these files; those that cannot be opened do not count.

    Raises `SurgeryDateUnclear`.
    """
    recorded = []
    for path in paths:
        with suppress(*REFUSALS), wish.open(path) as edf:
            recorded.append(edf.start.date())
    if not recorded:
        raise SurgeryDateUnclear("None of the files could be opened, so --day has no month. Give --surgery-date.")
    return surgery_from_day(day, recorded=recorded)


def _result(edf: Edf, plan: Plan, *, place: int, outcome: Outcome, recording: str) -> Result:
    duration = float(edf.header.record_duration)
    return Result(
        place=place,
        size_bytes=edf.size_bytes,
        outcome=outcome,
        recording=recording,
        channels=len(plan.signals),
        chunks=plan.chunks,
        stretches=len(edf.stretches),
        hours=edf.records * duration / 3600,
        findings=edf.findings,
    )


def _scaled(progress: Progress, *, of_bytes: int, to_bytes: int) -> Progress:
    """Tells `progress` of `to_bytes` in all while it is told of `of_bytes` in all."""
    done, told = 0, 0

    def scaled(advanced_bytes: int, /) -> None:
        nonlocal done, told
        done += advanced_bytes
        reached = to_bytes * done // max(of_bytes, 1)
        progress(reached - told)
        told = reached

    return scaled


def _reason(error: Exception, *, path: Path) -> str:
    """One sentence without the file's name, which an operating system's own message would hold."""
    if isinstance(error, OSError):
        return f"The file cannot be read: {error.strerror or type(error).__name__}."
    if isinstance(error, EdfTruncated) and is_growing(path):
        return f"{error} It changed within the last ten minutes, so a copy may be under way: wait, and run this again."
    return str(error)
