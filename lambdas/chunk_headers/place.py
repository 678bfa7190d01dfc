"""Where the function finds the store and the headers database: the variables of its configuration.

Owns: their names. The template writes them, and a restore of the database rewrites address and port.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


class NotConfigured(RuntimeError):
    """A variable is missing or is no value of its kind; nothing can be served until it is corrected."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """`password` is empty where a token of IAM takes its place; `ca` is the file of the CAs that are trusted."""

    host: str
    port: int
    user: str
    name: str
    password: str = field(repr=False)
    ca: Path
    bucket_prefix: str
    sessions_bucket: str
    endpoint: str | None = None


def place_from(environment: Mapping[str, str]) -> Place:
    """Raises `NotConfigured`."""
    port = environment.get("ECOG_HEADERS_PORT", "3306")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise NotConfigured("ECOG_HEADERS_PORT is no port: a number from 1 to 65535, mostly 3306.")
    return Place(
        host=_wanted(environment, "ECOG_HEADERS_HOST"),
        port=int(port),
        user=_wanted(environment, "ECOG_HEADERS_USER"),
        name=_wanted(environment, "ECOG_HEADERS_NAME"),
        password=environment.get("ECOG_HEADERS_PASSWORD", ""),
        # A path without a beginning is one in the zip.
        ca=ROOT / _wanted(environment, "ECOG_HEADERS_CA"),
        bucket_prefix=_wanted(environment, "ECOG_BUCKET_PREFIX"),
        sessions_bucket=_wanted(environment, "ECOG_SESSIONS_BUCKET"),
        endpoint=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or None,
    )


def _wanted(environment: Mapping[str, str], name: str) -> str:
    if value := environment.get(name, ""):
        return value
    raise NotConfigured(f"{name} is empty. The template sets it; write it into the function's configuration.")
