"""The layout of an EDF header: one table of names and widths, which drives reading and writing.

Source: edfplus.info/specs/edf.html, "Detailed digital format". A file's header is 256 bytes, followed by 256 bytes
for each signal: all labels first, then all transducers, and so on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chunks.edf.errors import NotWritable

HEADER_BYTES = 256


class Field(NamedTuple):
    name: str
    width: int


FILE_FIELDS = (
    Field("version", 8),
    Field("patient", 80),
    Field("recording", 80),
    Field("start_date", 8),
    Field("start_time", 8),
    Field("header_bytes", 8),
    Field("reserved", 44),
    Field("records", 8),
    Field("record_duration", 8),
    Field("signals", 4),
)

SIGNAL_FIELDS = (
    Field("label", 16),
    Field("transducer", 80),
    Field("unit", 8),
    Field("physical_minimum", 8),
    Field("physical_maximum", 8),
    Field("digital_minimum", 8),
    Field("digital_maximum", 8),
    Field("prefilter", 80),
    Field("samples_per_record", 8),
    Field("reserved", 32),
)


def file_field_offset(name: str) -> int:
    """Give the place of a field in the file's header, in bytes from its beginning."""
    offset = 0
    for field in FILE_FIELDS:
        if field.name == name:
            return offset
        offset += field.width
    raise KeyError(name)


def split_file_fields(raw: bytes) -> dict[str, bytes]:
    """Cut the first 256 bytes of a file into its fields, as they are."""
    fields, offset = {}, 0
    for field in FILE_FIELDS:
        fields[field.name] = raw[offset : offset + field.width]
        offset += field.width
    return fields


def join_file_fields(fields: Mapping[str, bytes]) -> bytes:
    """Put a file's header together; the inverse of `split_file_fields`."""
    return b"".join(fields[field.name].ljust(field.width) for field in FILE_FIELDS)


def split_signal_fields(raw: bytes, *, signals: int) -> list[dict[str, bytes]]:
    """Cut the `signals` * 256 bytes after a file's header into one set of fields for each signal, as they are."""
    rows: list[dict[str, bytes]] = [{} for _ in range(signals)]
    offset = 0
    for field in SIGNAL_FIELDS:
        for row in rows:
            row[field.name] = raw[offset : offset + field.width]
            offset += field.width
    return rows


def join_signal_fields(rows: Sequence[Mapping[str, bytes]]) -> bytes:
    """Put the signals' headers together; the inverse of `split_signal_fields`."""
    return b"".join(row[field.name].ljust(field.width) for field in SIGNAL_FIELDS for row in rows)


def decode(raw: bytes) -> tuple[str, str]:
    """Give a field's text without NULs and blanks at both ends, and the encoding that fits: ascii, utf-8, latin-1."""
    stripped = raw.strip(b" \0")
    for encoding in ("ascii", "utf-8"):
        try:
            return stripped.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return stripped.decode("latin-1"), "latin-1"


def is_printable_ascii(raw: bytes) -> bool:
    """Tell whether a header's bytes are all of those the specification allows: 32 to 126."""
    return all(32 <= byte <= 126 for byte in raw)


def encode(text: str, *, field: Field) -> bytes:
    """Give a text as its field's bytes, padded with blanks.

    Raises:
        NotWritable: it is too long or holds characters that the specification does not allow.
    """
    if not text.isascii() or not is_printable_ascii(text.encode("ascii")):
        raise NotWritable(f"The header field '{field.name}' takes printable ASCII only.")
    if len(text) > field.width:
        raise NotWritable(f"The header field '{field.name}' holds {field.width} characters, not {len(text)}.")
    return text.encode("ascii").ljust(field.width)
