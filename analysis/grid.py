"""The columns of a picture: equal steps of time, laid over what there is; long gaps are cut out.

Owns: where a stretch of the picture begins and how many columns it has. A stay is a week, and an answer often a few
minutes of it here and there: on one even axis all of those would be a single column each. Bounded whatever the
result's size. Runs on the driver, on plain arrays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

COLUMNS, BREAKS = 160, 15
Times = npt.NDArray[np.datetime64]
_BINS = 16_384
_LEAST_SHARE = 0.05  # of all that is there: a shorter gap stays, empty
_ROUNDING = 1e-3  # of a column: starts are rounded to the microsecond


@dataclass(frozen=True, kw_only=True)
class Grid:
    """starts_us: where each stretch begins, microseconds since `first`, in order; widths: how many columns it has."""

    first: np.datetime64
    step_us: float
    starts_us: npt.NDArray[np.float64]
    widths: npt.NDArray[np.int64]

    @property
    def columns(self) -> int:
        return int(self.widths.sum())

    def column_of(self, starts: Times) -> npt.NDArray[np.int64]:
        """Of windows that were seen when the grid was made."""
        since_us = _since_us(starts, self.first)
        stretch = np.searchsorted(self.starts_us, since_us, side="right") - 1
        within = ((since_us - self.starts_us[stretch]) / self.step_us + _ROUNDING).astype(np.int64)
        return np.asarray(
            (np.cumsum(self.widths) - self.widths)[stretch] + np.minimum(within, self.widths[stretch] - 1)
        )

    def plain(self) -> list[Mapping[str, Any]]:
        """As the summary keeps it."""
        starts = [self.first + np.timedelta64(round(start), "us") for start in self.starts_us.tolist()]
        return [
            {"start": start.astype(datetime).isoformat(), "columns": width}
            for start, width in zip(starts, self.widths.tolist(), strict=True)
        ]


def grid_over(walked: Iterable[Times], *, first: np.datetime64, last: np.datetime64, window_s: float) -> Grid:
    """Of windows that begin from `first` to `last`; no column is shorter than one of them."""
    window_us, span_us = window_s * 1e6, float((last - first) / np.timedelta64(1, "us"))
    bin_us = max(window_us, span_us / (_BINS - 1))
    bins = int(span_us / bin_us) + 1
    earliest, latest = np.full(bins, np.inf), np.full(bins, -np.inf)
    for starts in walked:
        since_us = _since_us(starts, first)
        places = np.minimum((since_us / bin_us).astype(np.int64), bins - 1)
        np.minimum.at(earliest, places, since_us)
        np.maximum.at(latest, places, since_us)
    there = np.isfinite(earliest)
    begins, ends = earliest[there], latest[there] + window_us
    gaps = begins[1:] - ends[:-1]
    cut = np.flatnonzero(gaps > max(window_us, _LEAST_SHARE * (span_us + window_us - gaps[gaps > bin_us].sum())))
    cut = np.sort(cut[np.argsort(-gaps[cut])][:BREAKS])
    edges = [0, *(cut + 1).tolist(), len(begins)]
    starts_us = np.array([begins[one] for one, _ in pairwise(edges)])
    # From a stretch's first window to its last: none begins after the last column does.
    lasts_us = np.array([ends[other - 1] - window_us for _, other in pairwise(edges)]) - starts_us
    step_us = max(window_us, float(lasts_us.sum()) / (COLUMNS - len(starts_us)))
    return Grid(
        first=first,
        step_us=step_us,
        starts_us=starts_us,
        widths=(lasts_us / step_us + _ROUNDING).astype(np.int64) + 1,
    )


def _since_us(starts: Times, first: np.datetime64) -> npt.NDArray[np.float64]:
    return np.asarray((starts - first) / np.timedelta64(1, "us"), dtype=np.float64)
