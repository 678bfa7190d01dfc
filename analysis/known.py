"""Which jobs there are: their names, what they are for people, and every column of their results.

Owns: the register. Plain values, so that pages show it where neither Spark nor SciPy is installed; the work of a job
called `band_power` is `analysis.jobs.band_power.run`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

_PLACE = {
    "patient": "the patient's ID",
    "recording": "the recording's name",
    "channel": "the channel's number in the file's header, from 1",
    "label": "the channel's label",
    "unit": "the physical unit of the samples",
    "start": "the window's first sample, on the recorder's clock (naive, de-identified)",
}
_BANDS = {
    "delta": "1 to 4 Hz",
    "theta": "4 to 8 Hz",
    "alpha": "8 to 13 Hz",
    "beta": "13 to 30 Hz",
    "gamma": "30 to 70 Hz",
    "high_gamma": "70 to 150 Hz",
}
# What a fault says: in the table `faults` of every result.
FAULT_COLUMNS = {
    "patient": _PLACE["patient"],
    "recording": _PLACE["recording"],
    "bucket": "the bucket the chunk lies in",
    "channel": _PLACE["channel"],
    "label": _PLACE["label"],
    "chunk": "the number of the chunk that could not be used",
    "fault": "why, in a sentence",
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """A job. window_s: length of its windows unless another is asked for. columns: of a row, in words. units: of those
    that are numbers to look at; `unit` stands for that of the samples. per_window: a row is a window of a channel, so
    that it can be drawn over time."""

    name: str
    title: str
    text: str
    window_s: float
    columns: Mapping[str, str] = field(hash=False)
    units: Mapping[str, str] = field(hash=False)
    per_window: bool = True
    needs_events: bool = False
    channels_max: int = 0

    @property
    def values(self) -> tuple[str, ...]:
        """Those columns that are numbers to look at."""
        return tuple(self.units)


KNOWN = {
    each.name: each
    for each in (
        Known(
            name="band_power",
            title="Band power",
            text="How strong each frequency band is, window by window: Welch's estimate.",
            window_s=10.0,
            columns=_PLACE
            | {band: f"power from {hertz}, unit²; null above half the rate" for band, hertz in _BANDS.items()},
            units=dict.fromkeys(_BANDS, "unit²"),
        ),
        Known(
            name="line_length",
            title="Line length and spike rate",
            text="Two marks of epileptic activity, window by window.",
            window_s=10.0,
            columns=_PLACE
            | {
                "line_length": "sum of the absolute differences of successive samples, unit/s",
                "spike_rate": "extremes beyond 6 robust standard deviations, 1/s",
            },
            units={"line_length": "unit/s", "spike_rate": "1/s"},
        ),
        Known(
            name="coherence",
            title="Coherence around task events",
            text="How far two channels follow each other around the events of aligned sessions.",
            window_s=1.0,
            columns={
                "patient": _PLACE["patient"],
                "task": "the task",
                "code": "the code shown at the event",
                "label": "the one channel",
                "other": "the other channel",
                "sfreq": "samples a second of both; channels of different rates make no pair",
                "events": "events whose epochs of both channels were whole",
                "averages": "segments averaged; chance alone gives about 1 / averages",
            }
            | {
                band: f"mean coherence from {hertz}, 0 to 1; null above half the rate" for band, hertz in _BANDS.items()
            },
            units=dict.fromkeys(_BANDS, "0 to 1"),
            per_window=False,
            needs_events=True,
            channels_max=64,
        ),
    )
}
