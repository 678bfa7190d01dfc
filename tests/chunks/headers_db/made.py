"""Rows made for tests of the headers database."""

from datetime import datetime

from django.utils import timezone

from chunks.models import Recording


def recording(name: str) -> Recording:
    """A recording of patient 2002, not saved; only its name is told from another's."""
    return Recording(
        bucket="edf-chunks-2002",
        name=name,
        patient="2002",
        start=datetime(2002, 1, 3, 14, 5),
        stop=datetime(2002, 1, 3, 15, 5),
        state="ok",
        clock_offset_us=0,
        chunks_expected=1,
        bytes_expected=0,
        fingerprint="",
        channels="[]",
        warnings="[]",
        etag="",
        indexed_at=timezone.now(),
    )
