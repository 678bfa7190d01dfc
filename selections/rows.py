"""Asks the headers database for the chunk rows of one patient's stay: bounded, in order, each once.

Owns: the form of the queries, so that each walks an index and reads about what it returns. In words:

* An overlap is half-open (`start < b AND stop > a`) and bounded by the longest chunk (`start > a - longest`), so that
  the index on (patient, start, stop) or (patient, label_norm, start) is read only around the interval.
* Chunks of over two hours are asked for apart, by the index on (patient, duration_us): one of 24 hours does not widen
  the window of the hourly ones.
* Intervals are asked one by one, or for sums many in one statement, whose arms are such questions; each leaves out what
  began before the previous one ended, which that one has found.
* Where clock offsets give a recording intervals of its own, its rows must overlap these too.
* Rows of recordings that are not ok, or of which nothing is known yet, never show: the recordings are named. They are
  named as one text of bucket and name, which no index is made of, so that none tempts away from the patient's.

The order is (patient, start, stop, row), the index's own.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat
from django.db.models.lookups import GreaterThan, LessThan

from chunks.format.clock import DAY_US, day_zero, since_day_zero_us
from chunks.format.row import label_norm
from chunks.headers_db.fields import YEAR_FIRST, PatientTimeField
from chunks.models import ChunkHeader, Recording
from selections.arms import Arm, InArms
from selections.cursor import Cursor
from selections.intervals import EARLIEST_US, Interval, Intervals, overlaps
from selections.stay import Choice, Held, Stay

LONG_US = 7_200_000_000
NAMES_MAX = 400  # recordings and labels that one statement names, where the time can be divided to keep to it
ARMS_MAX = 64  # intervals that one statement of sums asks for
LABELS_APART = 8  # up to so many labels are read label by label and sorted; of more, the patient's rows in their order
_IN_ORDER = (F("turn"), F("stop"), F("id"))
Rows = QuerySet[ChunkHeader]

# Columns as expressions, which no index serves: each query has one index that reads little, and no other may look
# cheaper to a database that keeps no statistics. Neither column is ever NULL.
_HIDDEN_START = Coalesce("start", "stop")
_HIDDEN_STOP = Coalesce("stop", "start")
_HIDDEN_DURATION = Coalesce("duration_us", "samples")
_PLACE = Concat("bucket", Value("/"), "recording")
_HIDDEN_PATIENT = Concat("patient", Value(""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One interval to ask for. What begins before `not_before_us` was found by the step before."""

    interval: Interval
    not_before_us: int
    recordings: tuple[Held, ...]


class StayRows:
    """The chunk rows of one stay."""

    def __init__(self, stay: Stay) -> None:
        self.patient = stay.patient
        self._asked = stay.intervals
        self.steps = tuple(_steps(stay))
        self._longest_us = stay.longest_us
        self._together: list[list[Rows]] | None = None

    def queries(self, step: Step, *, not_before_us: int = EARLIEST_US) -> list[Rows]:
        """That of the hourly chunks and, where the patient has any, that of the long ones: disjoint, without order.

        Both are to be sorted or grouped by `turn`: the start, hidden from indexes where another one leads. None begins
        before `not_before_us`.
        """
        longest_us, interval = self._longest(), step.interval
        rows = self._rows().filter(
            *_named(step.recordings), *self._on_own_clock(step.recordings), stop__gt=self._moment(interval.start_us)
        )
        before = Q(begins__lt=self._moment(interval.stop_us))
        # One lower bound, the tightest: a database may lead its index by any of several.
        new_us = max(not_before_us, step.not_before_us)
        from_us = max(new_us, interval.start_us - min(longest_us, LONG_US) + 1)
        hourly = rows.alias(begins=F("start"), turn=_HIDDEN_START if _by_label(step.recordings) else F("start"))
        hourly = hourly.filter(before & Q(begins__gte=self._moment(from_us)))
        if longest_us <= LONG_US:
            return [hourly]
        long = rows.alias(begins=_HIDDEN_START, turn=_HIDDEN_START).filter(
            before & Q(begins__gte=self._moment(new_us)), duration_us__gt=LONG_US
        )
        return [hourly.alias(lasts=_HIDDEN_DURATION).filter(Q(lasts__lte=LONG_US)), long]

    def together(self) -> Iterator[list[Rows]]:
        """What `queries` gives for all steps, of many in few statements: batches in the order of time, disjoint."""
        if self._together is None:
            self._together = [self._queries_of(batch) for batch in _batches(self.steps)]
        yield from self._together

    def arms(
        self, steps: Sequence[Step], *, norms: Collection[str] | None, not_before_us: int = EARLIEST_US
    ) -> list[Arm]:
        """What the steps ask of chunks of up to two hours."""
        window_us = min(self._longest(), LONG_US) - 1
        return [
            self._arm(step, from_us=step.interval.start_us - window_us, new_us=not_before_us, norms=norms)
            for step in steps
        ]

    def few_arms(self) -> list[Arm] | None:
        """What all steps ask of any recording, where so little time is asked for that many patients are asked together
        (`selections.few`); None where it is more, or some chunks are long.
        """
        asked_us = sum(step.interval.duration_us for step in self.steps)
        if asked_us > DAY_US or self._longest() > LONG_US:
            return None
        recordings = [each for step in self.steps for each in step.recordings]
        norms = _norms(each.choice for each in recordings) if _by_label(recordings) else None
        return self.arms(self.steps, norms=norms)

    def after(self, cursor: Cursor | None, *, limit: int) -> list[ChunkHeader]:
        """The first rows after the cursor, at most `limit`, in order."""
        found: list[ChunkHeader] = []
        left = [step for step in self.steps if cursor is None or step.interval.stop_us > cursor.start_us]
        for batch in _batches(left, growing=True):
            want = limit - len(found)
            pages = [rows.order_by(*_IN_ORDER)[:want] for rows in self._beyond(batch, cursor)]
            found += list(heapq.merge(*pages, key=_place))[:want]
            if len(found) == limit:
                break
        return found

    def of_recording(self, held: Held, *, page_rows: int) -> Iterator[ChunkHeader]:
        """The rows of one recording in the order of their keys, read page by page."""
        asked = self._asked_of(held)
        if not asked:
            return
        first, last = asked[0], asked[-1]
        rows = (self._few_labels(held) if _by_label([held]) else self._whole_folder(held)).filter(
            Q(begins__lt=self._moment(last.stop_us)), stop__gt=self._moment(first.start_us)
        )
        page = list(rows.order_by("object_key")[:page_rows])
        while page:
            yield from (row for row in page if self._is_asked(row, asked))
            if len(page) < page_rows:
                return
            page = list(rows.filter(object_key__gt=page[-1].object_key).order_by("object_key")[:page_rows])

    def of_key(self, held: Held, key: str) -> ChunkHeader | None:
        """The row of that object key, where it is one of this recording's that are asked for."""
        rows = ChunkHeader.objects.alias(place=_PLACE, of_patient=_HIDDEN_PATIENT)
        named = rows.filter(*_named([held]), Q(of_patient=self.patient), bucket=held.bucket, object_key=key)
        row = named.first()
        return row if row is not None and self._is_asked(row, self._asked_of(held)) else None

    def _queries_of(self, batch: Sequence[Step], *, not_before_us: int = EARLIEST_US) -> list[Rows]:
        """As `queries`, for several steps of few names. Each arm leads to the index by itself."""
        if len(batch) == 1:
            return self.queries(batch[0], not_before_us=not_before_us)
        longest_us = self._longest()
        recordings = list({each.row: each for step in batch for each in step.recordings}.values())
        norms = _norms({each.choice for each in recordings}) if _by_label(recordings) else None
        also = [*_named(recordings), *self._on_own_clock(recordings)]
        turn = F("start") if norms is None else _HIDDEN_START
        hourly = InArms(self.arms(batch, norms=norms, not_before_us=not_before_us))
        rows = ChunkHeader.objects.alias(place=_PLACE, turn=turn).filter(hourly, *also)
        if longest_us <= LONG_US:
            return [rows]
        long = Q()
        for step in batch:
            arm = self._arm(step, from_us=EARLIEST_US, new_us=not_before_us, norms=None)
            long |= Q(begins__gte=arm.begins_from, begins__lt=arm.begins_before, stop__gt=arm.ends_after)
        long_rows = self._rows().alias(begins=_HIDDEN_START, turn=_HIDDEN_START)
        return [
            rows.alias(lasts=_HIDDEN_DURATION).filter(lasts__lte=LONG_US),
            long_rows.filter(long, *also, duration_us__gt=LONG_US),
        ]

    def _arm(self, step: Step, *, from_us: int, new_us: int, norms: Collection[str] | None) -> Arm:
        return Arm(
            patient=self.patient,
            norms=None if norms is None else tuple(sorted(norms)),
            begins_from=self._moment(max(from_us, new_us, step.not_before_us)),
            begins_before=self._moment(step.interval.stop_us),
            ends_after=self._moment(step.interval.start_us),
        )

    def _on_own_clock(self, held: Sequence[Held]) -> list[Q]:
        """What the rows of recordings with intervals of their own must overlap.

        Any of these: a row is found by the first step that it overlaps, and left out by those after.
        """
        if all(each.asked is None for each in held):
            return []
        shared = Q(place__in=[f"{each.bucket}/{each.name}" for each in held if each.asked is None])
        for each in held:
            overlap = Q()
            for one in each.asked or ():
                late = GreaterThan(_HIDDEN_STOP, self._value(one.start_us))
                overlap |= Q(late, LessThan(_HIDDEN_START, self._value(one.stop_us)))
            if overlap:
                shared |= Q(place=f"{each.bucket}/{each.name}") & overlap
        return [shared]

    def _few_labels(self, held: Held) -> Rows:
        """By the index on labels."""
        start, stop = self._moment(held.start_us), self._moment(held.stop_us)
        rows = self._rows().alias(begins=_HIDDEN_START)
        return rows.filter(*_named([held]), start__gte=start, start__lt=stop)

    def _whole_folder(self, held: Held) -> Rows:
        """By the index on keys, which holds them in order."""
        folder, beyond = f"{held.name}/", f"{held.name}0"  # "0" comes right after "/"
        rows = ChunkHeader.objects.alias(place=_PLACE, begins=_HIDDEN_START, of_patient=_HIDDEN_PATIENT).filter(
            bucket=held.bucket, object_key__gt=folder, object_key__lt=beyond
        )
        return rows.filter(*_named([held]), Q(of_patient=self.patient))

    def _is_asked(self, row: ChunkHeader, asked: Intervals) -> bool:
        start_us, stop_us = (since_day_zero_us(self.patient, moment) for moment in (row.start, row.stop))
        return overlaps(asked, Interval(start_us=start_us, stop_us=stop_us))

    def _asked_of(self, held: Held) -> Intervals:
        """The time asked for of this recording."""
        asked = self._asked if held.asked is None else held.asked
        return tuple(each for each in asked if held.touches(each))

    def _rows(self) -> Rows:
        return ChunkHeader.objects.filter(patient=self.patient).alias(place=_PLACE)

    def _beyond(self, batch: Sequence[Step], cursor: Cursor | None) -> list[Rows]:
        if cursor is None:
            return self._queries_of(batch)
        start, stop = self._moment(cursor.start_us), self._moment(cursor.stop_us)
        later = Q(past__gt=start) | Q(past=start, stop__gt=stop) | Q(past=start, stop=stop, id__gt=cursor.row)
        queries = self._queries_of(batch, not_before_us=cursor.start_us)
        return [rows.alias(past=_HIDDEN_START).filter(later) for rows in queries]

    def _longest(self) -> int:
        if self._longest_us is None:
            self._longest_us = longest_chunk_us(self.patient)
        return self._longest_us

    def _value(self, us: int) -> Value:
        return Value(self._moment(us), output_field=PatientTimeField())

    def _moment(self, us: int) -> datetime:
        """The instant as rows keep it; a stay may begin less than a chunk's length after the first year they know."""
        return max(day_zero(self.patient) + timedelta(microseconds=us), datetime(YEAR_FIRST, 1, 1))


def longest_chunk_us(patient: str) -> int:
    """The patient's longest chunk: one probe of an index, asked anew for every answer."""
    return ChunkHeader.objects.filter(patient=patient).aggregate(longest=Max("duration_us"))["longest"] or 0


def longest_chunks_us(patients: Sequence[str]) -> dict[str, int]:
    """The same of many patients who have recordings, in one statement: a probe for each recording."""
    longest = ChunkHeader.objects.filter(patient=OuterRef("patient")).order_by("-duration_us").values("duration_us")
    asked = Recording.objects.filter(patient__in=patients).values_list("patient").distinct()
    return {patient: us or 0 for patient, us in asked.annotate(us=Subquery(longest[:1])).order_by()}


def cursor_at(row: ChunkHeader) -> Cursor:
    """The row's place in the order."""
    start_us, stop_us = (since_day_zero_us(row.patient, moment) for moment in (row.start, row.stop))
    return Cursor(patient=row.patient, start_us=start_us, stop_us=stop_us, row=row.pk)


def _place(row: ChunkHeader) -> tuple[datetime, datetime, int]:
    return row.start, row.stop, row.pk


def _named(recordings: Sequence[Held]) -> list[Q]:
    """The rows of these recordings and of the channels chosen in each."""
    places: dict[Choice, list[str]] = {}
    for each in recordings:
        places.setdefault(each.choice, []).append(f"{each.bucket}/{each.name}")
    chosen = Q()
    for choice, names in places.items():
        of_choice = Q(place__in=names)
        if choice.labels is not None:
            of_choice &= Q(label__in=sorted(choice.labels))
        if choice.numbers is not None:
            of_choice &= Q(channel__in=sorted(choice.numbers))
        chosen |= of_choice
    norms = _norms(places)
    return [chosen] if norms is None else [Q(label_norm__in=sorted(norms)), chosen]


def _norms(choices: Iterable[Choice]) -> set[str] | None:
    """What leads to the index on labels; None where one of the choices is every channel."""
    norms: set[str] = set()
    for choice in choices:
        if choice.labels is None:
            return None
        norms.update(map(label_norm, choice.labels))
    return norms


def _by_label(recordings: Sequence[Held]) -> bool:
    norms = _norms({each.choice for each in recordings})
    return norms is not None and len(norms) <= LABELS_APART


def _steps(stay: Stay) -> Iterator[Step]:
    not_before_us = EARLIEST_US
    for interval in stay.intervals:
        touched = [each for each in stay.recordings if each.touches(interval)]
        for part, recordings in _divided(interval, touched):
            if recordings:
                yield Step(interval=part, not_before_us=not_before_us, recordings=tuple(recordings))
            not_before_us = part.stop_us


def _batches(steps: Sequence[Step], *, growing: bool = False) -> Iterator[list[Step]]:
    """Neighbouring steps that one statement can name; `growing`: one first, then two, four, …"""
    batch: list[Step] = []
    at_most = 1 if growing else ARMS_MAX
    recordings: dict[int, Held] = {}
    for step in steps:
        more = {each.row: each for each in step.recordings}
        together = recordings | more
        if batch and (len(batch) >= at_most or _names(list(together.values())) > NAMES_MAX):
            yield batch
            batch, together, at_most = [], more, min(2 * at_most, ARMS_MAX)
        batch.append(step)
        recordings = together
    if batch:
        yield batch


def _divided(interval: Interval, touched: list[Held]) -> Iterator[tuple[Interval, list[Held]]]:
    """The interval in parts whose recordings and labels one statement can name; whole where that is not possible."""
    starts = sorted(each.start_us for each in touched if interval.start_us < each.start_us < interval.stop_us)
    if _names(touched) <= NAMES_MAX or not starts:
        yield interval, touched
        return
    cut_us = starts[len(starts) // 2]
    for start_us, stop_us in ((interval.start_us, cut_us), (cut_us, interval.stop_us)):
        part = Interval(start_us=start_us, stop_us=stop_us)
        yield from _divided(part, [each for each in touched if each.touches(part)])


def _names(recordings: Sequence[Held]) -> int:
    choices = {each.choice for each in recordings}
    return len(recordings) + sum(2 * len(choice.labels or ()) + len(choice.numbers or ()) for choice in choices)
