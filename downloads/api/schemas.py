"""What goes in and out of the API, as OpenAPI describes it.

Owns: names and descriptions. The words of a question are those of the command line (`selections.words`).
"""

from collections.abc import Iterable

from ninja import Field, Schema
from pydantic import ConfigDict

from selections.resolve import PAGE_MAX

LIMIT = 50


class Words(Schema):
    """The words of a question, each as often as one likes. Times are the recorder's own clock."""

    patient: list[str] = Field([], description="IDs (2002) or patterns (20*); none: every patient you may see")
    task: list[str] = Field(
        [], description="while they played this task: ToM_Loc in any spelling, a part of it, tom*, =ToM_Loc"
    )
    pad: list[str] = Field([], description="minutes before and after each session of the task: 5, or 5,10")
    triggers: list[str] = Field(
        [], description="no: leave away the trigger and DC channels that come along with a task"
    )
    day: list[str] = Field([], description="days since implantation, which is day 0: 4, -1..3, 2002-01-03")
    start: list[str] = Field([], description="from this time on: day 3 14:05")
    stop: list[str] = Field([], description="up to this time, without it")
    when: list[str] = Field([], description="a stretch of time: day 3 14:05..day 4 02:00")
    hours: list[str] = Field([], description="hours of every day asked for: 22:00-06:00")
    channel: list[str] = Field(
        [], description="labels (LTG1), ranges (LTG1..LTG8), patterns (LTG*), numbers (5, 1..16)"
    )


class SearchWords(Words):
    limit: int = Field(LIMIT, ge=0, le=PAGE_MAX, description="headers on a page; 0: the sums alone")
    after: str = Field("", description="the page after this one: `next` of the page before")


class DownloadWords(Words):
    dry_run: bool = Field(default=False, description="only to look at its manifest: no file can be fetched")

    def words(self, sent: Iterable[str]) -> dict[str, list[str]]:
        """The words, and those of the names sent that are none: they are refused, and not left out in silence."""
        unknown: dict[str, list[str]] = {name: [] for name in sent if name not in DownloadWords.model_fields}
        known = self.model_dump(include=set(Words.model_fields))
        return {name: values for name, values in known.items() if values} | unknown


class FileWanted(Schema):
    path: str = Field(description="one of the manifest")


class Problem(Schema):
    field: str = Field(description="the word or parameter that is at fault")
    message: str = Field(description="what is wrong with it, and how to write it")


class Failure(Schema):
    """What every refusal looks like."""

    model_config = ConfigDict(extra="allow")
    error: str = Field(description="a code for programs")
    message: str = Field(description="a sentence for people")
    problems: list[Problem] | None = Field(None, description="every fault of a question at once")


class TokenShown(Schema):
    name: str
    begins_with: str = Field(description="its first characters; the token itself is kept nowhere")
    ends_at: str = Field(description="when it ends, ISO 8601")


class Me(Schema):
    user: str
    patients: list[str] = Field(description="those you may see now")
    sees_all: bool = Field(description="whether these are all there are")
    until: str | None = Field(description="when the first of them leaves your sight, ISO 8601; null: none does")
    permissions: list[str] = Field(description="of search and download, what you may")
    token: TokenShown
    version: str = Field(description="of the portal")


class TotalsShown(Schema):
    chunks: int
    channels: int
    recordings: int
    patients: int
    hours: float = Field(description="that the found chunks hold")
    hours_asked: float = Field(description="those of them that were asked for")
    gaps: int
    bytes: int = Field(description="of all chunks, exactly")
    bytes_per_s: float = Field(description="the rate at which `seconds` are foretold")
    seconds: float


class Header(Schema):
    """A chunk: an hour of one channel at most."""

    patient: str
    recording: str
    channel: int | None
    label: str
    chunk: int
    day: int
    start: str = Field(description="the recorder's own clock, without a time zone")
    stop: str
    samples: int
    sfreq: float = Field(description="samples per second")
    dtype: str
    bytes: int
    crc32: str | None = Field(description="of the samples")
    file_crc32: str | None = Field(description="of the whole object")
    bucket: str
    key: str
    etag: str
    version: int


class Found(Schema):
    question: str = Field(description="as it was understood, in its one spelling")
    totals: TotalsShown
    warnings: list[str]
    hints: list[str] = Field(description="what would match, where nothing does")


class RecordingOfSession(Schema):
    name: str
    offset_s: float = Field(description="from the recording's start to the session's, by the clocks")
    clock_offset_s: float = Field(description="the recording's")


class Session(Schema):
    """A session of a task that was asked for."""

    patient: str
    task: str
    file: str
    day: int
    start: str = Field(description="the recorder's own clock, without a time zone")
    stop: str
    covered: float = Field(description="the share of it that is recorded, 0 to 1")
    state: str = Field(description="covered, partly or no recording")
    method: str = Field(description="how it was aligned: clock (good to seconds at best), triggers or hand")
    clock_offset_s: float = Field(description="the session's")
    recordings: list[RecordingOfSession]


class SearchAnswer(Found):
    sessions: list[Session] = Field(description="of the tasks asked for; on the first page")
    headers: list[Header]
    next: str | None = Field(description="`after` of the next page; null: this is the last")


class DownloadBegun(Found):
    id: int | None = Field(description="the download's number; null: nothing matches, and there is none")
    sessions: int = Field(
        description="of the tasks asked for; where there are any, `downloads/{id}/sessions` lists them"
    )
    files_at_once: int = Field(description="how many files the portal sends you at the same time")


class DownloadShown(Schema):
    id: int
    state: str = Field(description="running, done, failed or cancelled")
    bytes_done: int = Field(description="that were sent")
    reason: str


class Ending(Schema):
    outcome: str = Field(pattern="^(done|failed|cancelled)$")
    fetched: int = Field(0, ge=0, description="files that were fetched")
    kept: int = Field(0, ge=0, description="files that were there and whole")
    failed: int = Field(0, ge=0, description="files that could not be had")
