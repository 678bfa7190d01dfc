"""A PNG of a few colours: one byte a pixel, an index into a palette whose last entry is see-through.

Owns: its bytes (PNG, third edition, W3C 2025: 11.2.1 IHDR, 11.2.2 PLTE, 11.3.1.1 tRNS). Plain Python.
"""

import zlib
from collections.abc import Sequence

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED, _BITS = 3, 8


def png(rows: Sequence[bytes], *, colours: Sequence[str]) -> bytes:
    """`colours`: `#440154`; the index after the last is see-through."""
    size = len(rows[0]).to_bytes(4) + len(rows).to_bytes(4)
    palette = b"".join(bytes.fromhex(colour[1:]) for colour in (*colours, "#000000"))
    pixels = b"".join(b"\0" + row for row in rows)  # each row unfiltered
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", size + bytes((_BITS, _INDEXED, 0, 0, 0))),
            _chunk(b"PLTE", palette),
            _chunk(b"tRNS", b"\xff" * len(colours) + b"\0"),
            _chunk(b"IDAT", zlib.compress(pixels, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)
