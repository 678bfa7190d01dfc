"""Recordings of real devices, where they are there: each is taken or refused as it deserves, and bit for bit.

The expected verdicts stand in the folder's own README; what a second reader says is asked here and now.
"""

import re
import warnings
from pathlib import Path

import edfio
import numpy as np
import pyedflib
import pytest

from chunks.batch import Batch, Wish
from chunks.edf.reader import open_edf
from chunks.models import ChunkHeader, Recording
from people.scope import server_scope
from storage.objects import Objects
from tests.chunks.conftest import BUCKET
from tests.chunks.made import SURGERY, joined, read_chunks, whole_tree
from tests.recordings import RECORDINGS, needs_recordings

pytestmark = [pytest.mark.database, needs_recordings]
FILES = sorted(path.name for path in RECORDINGS.glob("*.*df") if path.suffix.lower() in {".edf", ".bdf"})
FILES += sorted(path.name for path in RECORDINGS.glob("*.EDF"))


def verdict(name: str) -> str:
    readme = (RECORDINGS / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^\| `{re.escape(name)}` \| ((?:accept|refuse)[^|]*) \|$", readme, flags=re.MULTILINE)
    return found


def second_opinion(path: Path) -> dict[int, np.ndarray] | None:
    """Digital samples by channel number as pyedflib reads them, else edfio; None where both refuse the file."""
    try:
        with pyedflib.EdfReader(str(path)) as reader:
            traces = [reader.readSignal(place, digital=True) for place in range(reader.signals_in_file)]
    except OSError:
        try:
            with warnings.catch_warnings(action="ignore"):
                opened = edfio.read_bdf(path) if path.suffix == ".bdf" else edfio.read_edf(path)
        except (ValueError, IndexError):
            return None
        traces = [signal.digital for signal in opened.signals]
    with open_edf(path) as edf:
        return {signal.number: trace for signal, trace in zip(edf.signals, traces, strict=True)}


def raw_samples(path: Path) -> dict[int, np.ndarray]:
    """Digital samples by channel number from the file's bytes, by nothing but the specification's field widths."""
    content = path.read_bytes()
    signals = int(content[252:256])
    counts = [int(content[256 + 216 * signals + 8 * k :][:8]) for k in range(signals)]
    width = 3 if content[:1] == b"\xff" else 2
    data = np.frombuffer(content, np.uint8, offset=256 * (signals + 1))
    records = data[: len(data) // (sum(counts) * width) * sum(counts) * width].reshape(-1, sum(counts) * width)
    traces, offset = {}, 0
    for number, count in enumerate(counts, 1):
        part = records[:, offset : offset + count * width]
        if width == 2:
            traces[number] = np.ascontiguousarray(part).view("<i2").reshape(-1)
        else:
            triples = part.reshape(-1, 3).astype(np.int32)
            value = triples[:, 0] | triples[:, 1] << 8 | triples[:, 2] << 16
            traces[number] = value - (value >> 23 << 24)
        offset += count * width
    return traces


@pytest.mark.parametrize("name", FILES)
def test_a_real_recording_is_taken_or_refused_as_it_deserves(
    name: str, tmp_path: Path, patient: str, objects: Objects
) -> None:
    path = RECORDINGS / name
    with_date = Wish(chunk_seconds=600)
    surgery = SURGERY if verdict(name).startswith("refuse") else date_of(path)
    batch = Batch(
        patient=patient,
        surgery=surgery,
        surgery_source="test",
        wish=with_date,
        objects=objects,
        scope=server_scope(means="test"),
    )
    result = batch.ingest(path, place=1, progress=lambda _bytes: None)
    if verdict(name).startswith("refuse"):
        assert result.outcome == "refused"
        assert not Recording.objects.exists()
        return
    assert result.outcome == "ingested", result.reason
    if "with a warning" in verdict(name):
        assert [finding for finding in result.findings if finding.severity == "warning"]
    chunks = read_chunks(objects, BUCKET, result.recording)
    assert len(chunks) == result.chunks == ChunkHeader.objects.count()
    ours, raw = joined(chunks), raw_samples(path)
    for number, trace in ours.items():
        assert np.array_equal(trace, raw[number])
    second = second_opinion(path)
    if second is not None and ours:
        assert set(ours) == {number for number, trace in second.items() if len(trace)}
        for number, trace in ours.items():
            assert np.array_equal(trace, second[number])


def date_of(path: Path) -> object:
    with open_edf(path) as edf:
        return edf.start.date()


@pytest.mark.parametrize("name", FILES)
def test_no_word_of_a_real_header_is_kept(name: str, tmp_path: Path, patient: str, objects: Objects) -> None:
    if verdict(name).startswith("refuse"):
        pytest.skip("refused")
    path = RECORDINGS / name
    with open_edf(path) as edf:
        identity = edf.identity
        words = {identity.code, identity.name, identity.birth_date, *identity.text.split()}
        words = {word for word in words if word and len(word) > 3}
        real_date, surgery = edf.start.date().isoformat(), edf.start.date()
        about_signals = " ".join(f"{each.label} {each.transducer} {each.prefilter}" for each in edf.header.signals)
    batch = Batch(
        patient=patient,
        surgery=surgery,
        surgery_source="test",
        wish=Wish(),
        objects=objects,
        scope=server_scope(means="test"),
    )
    assert batch.ingest(path, place=1, progress=lambda _bytes: None).outcome == "ingested"
    kept = whole_tree(tmp_path / "objects" / BUCKET)
    texts = {key: content.split(b"\n", 1)[0] if key.endswith(".chn") else content for key, content in kept.items()}
    for key, content in texts.items():
        for word in {word for word in words if word not in about_signals} | {real_date, path.stem}:
            assert word.encode() not in content, (key, word)
            assert word not in key
