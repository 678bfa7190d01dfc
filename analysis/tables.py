"""The data files of a result, walked again and again, one of them in memory; and how their numbers are rounded."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.place import Place


class Tables:
    """Each file is read anew whenever they are walked."""

    def __init__(self, names: Sequence[str], *, place: Place) -> None:
        self._names, self._place = names, place

    def walked(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        for name in self._names:
            yield pq.ParquetFile(pa.BufferReader(self._place.get(name))).read(columns=list(columns))


def rounded(values: npt.NDArray[np.float64]) -> list[float | None]:
    """To four digits; None where there is no number."""
    return [None if np.isnan(value) else float(f"{value:.4g}") for value in values.tolist()]
