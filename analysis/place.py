"""Where results lie, and what their files are called there.

    <job>/manifest-<attempt>.jsonl      what the first attempt found; events-<attempt>.jsonl beside it
    <job>/<attempt>/data/patient=<id>/…  Parquet; faults/… likewise
    <job>/<attempt>/progress.json       how far Spark is; outcome.json: how it ended, and which files count
    <job>/<attempt>/summary/<n>.json    what is drawn, one file a picture
    <job>/<attempt>/result.zip          what is fetched

Owns: these names, and how the place is written: `file:///srv/ecog/results`, or
`s3://bucket/prefix?region=…&endpoint=…`. Plain Python: the driver and the executors write there through the same
interface as chunks are read.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from analysis.errors import PlaceUnusable
from storage.errors import BucketMissing, ObjectMissing, UrlUnusable
from storage.objects import Objects
from storage.urls import open_objects

EXAMPLES = "write file:///srv/ecog/results, or s3://bucket/prefix?region=eu-central-1"
# No other names: what else lies there is somebody else's, and is never tidied away.
OF_JOB = re.compile(
    r"[0-9]{1,18}/((manifest|events)-[0-9]+\.jsonl|[0-9]{1,5}/((data|faults)/patient=[^/]+/[0-9a-f]{32}\.parquet"
    r"|summary/[^/]+\.json|(progress|outcome)\.json|result\.zip|driver\.py|modules\.zip))"
)


@dataclass(frozen=True)
class Place:
    """Made from the URL; nothing is touched until something is put or read."""

    url: str

    @property
    def is_folder(self) -> bool:
        return self.url.lower().startswith("file:")

    @cached_property
    def _parts(self) -> tuple[str, str, str]:
        """(URL of the objects, bucket, prefix of keys)."""
        parts = urlsplit(self.url)
        path = unquote(parts.path).rstrip("/")
        if parts.scheme == "file" and path.count("/") > 1:
            folder, _, bucket = path.rpartition("/")
            return urlunsplit(parts._replace(path=quote(folder))), bucket, ""
        if parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc:
            return f"s3://?{parts.query}", parts.netloc, f"{path.strip('/')}/".lstrip("/")
        raise PlaceUnusable(f"The place of the results (ECOG_RESULTS_URL) is not understood: {EXAMPLES}.")

    @property
    def bucket(self) -> str:
        return self._parts[1]

    @property
    def region(self) -> str | None:
        """Of S3, where the URL says it."""
        return dict(parse_qsl(urlsplit(self.url).query)).get("region")

    @cached_property
    def objects(self) -> Objects:
        """Raises `PlaceUnusable`."""
        try:
            return open_objects(self._parts[0])
        except UrlUnusable:
            raise PlaceUnusable(f"The place of the results is not understood: {EXAMPLES}.") from None

    def check(self) -> None:
        """Raises `PlaceUnusable` where the URL cannot be meant."""
        _ = self.objects

    def key(self, name: str) -> str:
        return f"{self._parts[2]}{name}"

    def address(self, name: str) -> str:
        """As `spark.read.format("chn")` takes it for a manifest, on S3."""
        return f"s3://{self.bucket}/{quote(self.key(name))}"

    def put(self, name: str, body: Any) -> int:  # noqa: ANN401 (bytes, or pieces of them)
        """Writes a file of a result, whole or not at all; its size."""
        if self.is_folder:
            self.objects.make_bucket(self.bucket)
        return self.objects.put(self.bucket, self.key(name), body).size_bytes

    def get(self, name: str) -> bytes:
        return self.objects.get(self.bucket, self.key(name))

    def json(self, name: str) -> dict[str, Any] | None:
        """A file of JSON; None where there is none yet."""
        try:
            found: dict[str, Any] = json.loads(self.get(name))
        except (ObjectMissing, BucketMissing, ValueError):
            return None
        return found

    def stream(self, name: str) -> Iterator[bytes]:
        return self.objects.stream(self.bucket, self.key(name))

    def names(self, folder: str = "") -> Iterator[str]:
        """All files below a folder that belong to a job."""
        prefix = self.key(folder)
        try:
            for each in self.objects.list(self.bucket, prefix=prefix):
                name = each.key.removeprefix(self._parts[2])
                if OF_JOB.fullmatch(name):
                    yield name
        except BucketMissing:
            return

    def discard(self, name: str) -> None:
        self.objects.delete(self.bucket, self.key(name))


def manifest_name(job: int, *, attempt: int) -> str:
    return f"{job}/manifest-{attempt}.jsonl"


def events_name(job: int, *, attempt: int) -> str:
    return f"{job}/events-{attempt}.jsonl"


def folder_of(job: int, *, attempt: int) -> str:
    return f"{job}/{attempt}"


def picture_name(folder: str, *, number: int) -> str:
    """The means that are drawn; the result's row says of what each picture is."""
    return f"{folder}/summary/{number}.json"
