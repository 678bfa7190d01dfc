"""The samples of a patient's trigger channels around a session, read from their chunks.

Owns: which channels may be trigger channels (by their labels, until a table of channels says), and the way from rows of
chunk headers to pieces of samples. Only the part of a chunk that is asked for is read, a few megabytes at a time.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
from django.db.models import Sum

from behavior.alignment_errors import CodesMissing
from behavior.pieces import Piece
from chunks.format.header import SAMPLE_BYTES
from chunks.format.row import label_norm
from chunks.index import read_line
from chunks.models import ChunkHeader, Recording, RecordingState
from people.scope import Scope
from storage.objects import Objects

READ_BYTES = 4 * 1024 * 1024
# In the order in which they are tried.
_GUESSES = (re.compile(r"photo|diode"), re.compile(r"trig|ttl|stim|status"), re.compile(r"^\$?dc[0-9]*$|^dc"))
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class TriggerChannel:
    """One channel's chunks that overlap a window, in order of time, of one rate."""

    label: str
    sfreq: Fraction
    chunks: Sequence[ChunkHeader]


def recordings_in(patient: str, *, start: datetime, stop: datetime, scope: Scope) -> Sequence[Recording]:
    """The patient's recordings in state ok that overlap the window, by start; none outside the scope."""
    if not scope.allows(patient):
        return []
    held = Recording.objects.filter(patient=patient, state=RecordingState.OK, start__lt=stop, stop__gt=start)
    return list(held.order_by("start", "name"))


def recorder_offset_us(patient: str, *, start: datetime, stop: datetime, scope: Scope) -> int:
    """The clock offset of the recording that shares most of this time, offset added; 0 where none does."""
    if not scope.allows(patient):
        return 0
    held = Recording.objects.filter(patient=patient, state=RecordingState.OK)
    shared = {0: timedelta()}
    for begin, end, offset_us in held.values_list("start", "stop", "clock_offset_us"):
        away = timedelta(microseconds=offset_us)
        common = min(stop, end + away) - max(start, begin + away)
        shared[offset_us] = max(shared.get(offset_us, timedelta()), common)
    return max(shared, key=lambda offset_us: shared[offset_us])


def trigger_channels(
    recordings: Sequence[Recording], *, start: datetime, stop: datetime, named: str | None
) -> Sequence[TriggerChannel]:
    """The channels that may carry codes in the window, the likeliest first; or the one that is named.

    Raises `CodesMissing`, with the labels there are, where none is.
    """
    labels = sorted({label for recording in recordings for _, label in recording.labels})
    wanted = [label for label in labels if label == named] if named else _guessed(labels)
    if named and not wanted:
        wanted = [label for label in labels if label_norm(label) == label_norm(named)]
    found = [channel for label in wanted for channel in _channels(label, recordings=recordings, start=start, stop=stop)]
    if found:
        return found
    if not recordings:
        raise CodesMissing("No recording lies around this session. Check its day, start, stop and clock offset.")
    looked_for = f"called {named!r}" if named else "whose label looks like a photodiode, trigger or DC channel"
    raise CodesMissing(
        f"No channel {looked_for} was recorded around this session. Name one with --channel; there are: "
        f"{', '.join(labels[:20])}{', …' if len(labels) > 20 else ''}."
    )


def pieces_of(
    channel: TriggerChannel, *, objects: Objects, since: datetime, start: datetime, stop: datetime
) -> Iterator[Piece]:
    """The channel's samples in the window, times in seconds after `since`; never more than a few megabytes at once."""
    for chunk in channel.chunks:
        _, line = read_line(objects, bucket=chunk.bucket, key=chunk.object_key)
        first = max(0, _samples_until(start, chunk=chunk, sfreq=channel.sfreq))
        end = min(chunk.samples, _samples_until(stop, chunk=chunk, sfreq=channel.sfreq))
        width = SAMPLE_BYTES[chunk.dtype]
        before = _samples_before(chunk)
        for begin in range(first, end, READ_BYTES // width):
            count = min(READ_BYTES // width, end - begin)
            content = objects.get_range(
                chunk.bucket, chunk.object_key, start=len(line) + begin * width, length=count * width
            )
            yield Piece(
                start_s=(chunk.start - since) / _SECOND + float(begin / channel.sfreq),
                first_sample=before + begin,
                samples=np.frombuffer(content, chunk.dtype),
            )


def looks_like_trigger(label: str) -> bool:
    """Whether a channel of this label may carry codes: a photodiode, a trigger, a DC input."""
    return bool(_guessed([label]))


def _guessed(labels: Sequence[str]) -> list[str]:
    found: list[str] = []
    for guess in _GUESSES:
        found += [label for label in labels if guess.search(label_norm(label)) and label not in found]
    return found


def _channels(
    label: str, *, recordings: Sequence[Recording], start: datetime, stop: datetime
) -> Iterator[TriggerChannel]:
    """One for each rate; where chunks overlap (two amplifiers), those of the recording that began first."""
    places = {(each.bucket, each.name) for each in recordings}
    rows = ChunkHeader.objects.filter(
        patient=recordings[0].patient, label_norm=label_norm(label), label=label, start__lt=stop, stop__gt=start
    ).order_by("start", "recording", "channel")
    by_rate: dict[Fraction, list[ChunkHeader]] = defaultdict(list)
    for row in rows:
        rate = row.samps_per_record / Fraction(row.record_duration)
        if (row.bucket, row.recording) in places and (not by_rate[rate] or by_rate[rate][-1].stop <= row.start):
            by_rate[rate].append(row)
    for rate, chunks in by_rate.items():
        if chunks:
            yield TriggerChannel(label=label, sfreq=rate, chunks=chunks)


def _samples_until(moment: datetime, *, chunk: ChunkHeader, sfreq: Fraction) -> int:
    return int((moment - chunk.start) / _SECOND * float(sfreq))


def _samples_before(chunk: ChunkHeader) -> int:
    """How many samples of the channel come before this chunk in its recording."""
    earlier = ChunkHeader.objects.filter(
        patient=chunk.patient,
        label_norm=chunk.label_norm,
        bucket=chunk.bucket,
        recording=chunk.recording,
        channel=chunk.channel,
        chunk__lt=chunk.chunk,
    )
    return int(earlier.aggregate(all=Sum("samples"))["all"] or 0)
