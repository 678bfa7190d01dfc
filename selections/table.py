"""What a search shows: its summary in sentences, its headers as a table or as JSON.

Owns: the words and columns. Times are the recorder's own clock. Labels come from the headers of files: what is not
printable in them never reaches a terminal.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chunks.format.clock import day_of
from chunks.models import ChunkHeader
from jobs.terminal import size_text, time_text
from selections.totals import Totals

COLUMNS = ("patient", "recording", "channel", "label", "chunk", "day", "start", "stop", "rate", "bytes", "key")
COLUMNS_OF_TERMINAL = ("patient", "recording", "channel", "label", "day", "time", "length", "rate", "bytes")
_TO_THE_RIGHT = frozenset({"channel", "chunk", "day", "length", "rate", "bytes"})


def summary(totals: Totals, *, bytes_per_s: float) -> str:
    """Two lines: what there is, and what it weighs."""
    hours = f"{totals.hours:,.2f} hours"
    if totals.asked_us != totals.covered_us:
        hours += f" ({totals.hours_asked:,.2f} of them in the time asked for)"
    seconds = time_text(totals.seconds_at(bytes_per_s))
    return (
        f"{_count(totals.chunks, 'chunk')} of {_count(totals.channels, 'channel')} in "
        f"{_count(totals.recordings, 'recording')} of {_count(totals.patients, 'patient')}; {hours}, "
        f"{_count(totals.gaps, 'gap')}\n"
        f"{_count(totals.size_bytes, 'byte')} ({size_text(totals.size_bytes)}), {seconds} at {size_text(bytes_per_s)}/s"
    )


def table(rows: Sequence[ChunkHeader], *, terminal: bool) -> str:
    """A table that fits a terminal; for anything else, aligned columns with all details, two blanks apart."""
    cells = [cells_of(row) for row in rows]
    return _drawn(cells) if terminal else _aligned([dict(zip(COLUMNS, COLUMNS, strict=True)), *cells])


def as_json(row: ChunkHeader) -> dict[str, Any]:
    """All details of a header; `sfreq` in samples per second, times in ISO 8601 without a time zone."""
    return {
        "patient": row.patient,
        "recording": row.recording,
        "channel": row.channel,
        "label": row.label,
        "chunk": row.chunk,
        "day": day_of(row.patient, row.start),
        "start": row.start.isoformat(timespec="microseconds"),
        "stop": row.stop.isoformat(timespec="microseconds"),
        "samples": row.samples,
        "sfreq": float(_rate(row)),
        "dtype": row.dtype,
        "bytes": row.size_bytes,
        "crc32": row.crc32,
        "file_crc32": row.file_crc32,
        "bucket": row.bucket,
        "key": row.object_key,
        "etag": row.etag,
        "version": row.version,
    }


def totals_as_json(totals: Totals, *, bytes_per_s: float) -> dict[str, Any]:
    return {
        "chunks": totals.chunks,
        "channels": totals.channels,
        "recordings": totals.recordings,
        "patients": totals.patients,
        "hours": totals.hours,
        "hours_asked": totals.hours_asked,
        "gaps": totals.gaps,
        "bytes": totals.size_bytes,
        "bytes_per_s": bytes_per_s,
        "seconds": totals.seconds_at(bytes_per_s),
    }


def printable(text: str) -> str:
    """What a terminal would act on is shown as Python writes it."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def cells_of(row: ChunkHeader) -> dict[str, str]:
    texts = {
        "patient": row.patient,
        "recording": row.recording,
        "channel": "" if row.channel is None else str(row.channel),
        "label": row.label,
        "chunk": str(row.chunk),
        "day": str(day_of(row.patient, row.start)),
        "start": row.start.isoformat(sep=" "),
        "stop": row.stop.isoformat(sep=" "),
        "time": row.start.time().isoformat(),
        "length": time_text(row.duration_us / 1e6),
        "rate": f"{float(_rate(row)):.10g} Hz",
        "bytes": f"{row.size_bytes:,}",
        "key": row.object_key,
    }
    return {name: printable(text) for name, text in texts.items()}


def _rate(row: ChunkHeader) -> Fraction:
    duration = Fraction(Decimal(row.record_duration))
    return row.samps_per_record / duration if duration else Fraction(0)


def _drawn(rows: Sequence[Mapping[str, str]]) -> str:
    drawn = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in COLUMNS_OF_TERMINAL:
        drawn.add_column(name, justify="right" if name in _TO_THE_RIGHT else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(row[name]) for name in COLUMNS_OF_TERMINAL))
    console = Console(highlight=False, force_terminal=True)
    with console.capture() as capture:
        console.print(drawn)
    return capture.get().rstrip("\n")


def _aligned(rows: Sequence[Mapping[str, str]]) -> str:
    widths = {name: max(len(row[name]) for row in rows) for name in COLUMNS}
    lines = []
    for row in rows:
        cells = [f"{row[name]:{'>' if name in _TO_THE_RIGHT else '<'}{widths[name]}}" for name in COLUMNS]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
