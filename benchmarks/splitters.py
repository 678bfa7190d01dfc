"""Two plain ways to split an EDF file, to be measured against: `python -m benchmarks.splitters loop|pyedflib FILE DIR`.

`loop` goes over the file record by record and appends each signal's part to its own file, as scripts of 2017 did.
`pyedflib` reads each hour of each channel with that library. Neither computes a checksum, names a gap or keeps a row.
"""

import json
import sys
from pathlib import Path

import pyedflib

HOUR_S = 3600


def split_by_records(source: Path, folder: Path) -> None:
    with source.open("rb") as file:
        fixed = file.read(256)
        signals, records = int(fixed[252:256]), int(fixed[236:244])
        rest = file.read(256 * signals)
        samples = [int(rest[216 * signals + 8 * k : 216 * signals + 8 * (k + 1)]) for k in range(signals)]
        per_chunk = int(HOUR_S // float(fixed[244:252]))
        for first in range(0, records, per_chunk):
            chunks = [(folder / f"{k}_chunk-{first // per_chunk}.chn").open("wb") for k in range(signals)]
            for k, chunk in enumerate(chunks):
                chunk.write(json.dumps({"sigLabel": k, "sampsPerRecord": samples[k]}).encode() + b"\n")
            for _ in range(first, min(first + per_chunk, records)):
                for k, chunk in enumerate(chunks):
                    chunk.write(file.read(2 * samples[k]))
            for chunk in chunks:
                chunk.close()


def split_with_pyedflib(source: Path, folder: Path) -> None:
    with pyedflib.EdfReader(str(source)) as reader:
        for k in range(reader.signals_in_file):
            per_chunk = int(reader.getSampleFrequency(k) * HOUR_S)
            for number, first in enumerate(range(0, int(reader.getNSamples()[k]), per_chunk)):
                samples = reader.readSignal(
                    k, first, min(per_chunk, int(reader.getNSamples()[k]) - first), digital=True
                )
                line = json.dumps({"sigLabel": reader.getLabel(k), "samples": len(samples)}).encode() + b"\n"
                (folder / f"{k}_chunk-{number}.chn").write_bytes(line + samples.astype("<i2").tobytes())


if __name__ == "__main__":
    way, source, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True)
    {"loop": split_by_records, "pyedflib": split_with_pyedflib}[way](source, folder)
