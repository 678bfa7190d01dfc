"""The place of the objects as one text, `file:///srv/ecog/objects` or `s3://?region=eu-west-1`, and what it opens.

Owns how such a text is written. Opening connects nowhere. A text that is not understood is never repeated in an error:
whoever mixes up two settings may have put a password there.
"""

from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from storage.errors import UrlUnusable
from storage.folder import FolderObjects
from storage.objects import Objects
from storage.s3 import S3Objects

EXAMPLES = "write file:///srv/ecog/objects, or s3://?region=eu-west-1 with &endpoint=https://… for a server of your own"
S3_PARAMETERS = ("region", "endpoint")


def open_objects(url: str) -> Objects:
    """The home of objects at a URL; nothing is touched or connected yet.

    `file:///absolute/path` (percent-encoded where needed): a folder, made with the first bucket. `s3://?region=R&endpoint=E`:
    S3, both parameters optional; credentials, and the region where none is given, are found as every AWS tool does
    (environment, profile, role). With an endpoint buckets are addressed by path. Raises `UrlUnusable`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UrlUnusable(detail=f"it is no URL; {EXAMPLES}") from None
    if parts.scheme == "file":
        return FolderObjects(_folder(parts))
    if parts.scheme == "s3":
        return _s3(parts)
    raise UrlUnusable(detail=f"it begins with {parts.scheme!r}; {EXAMPLES}")


def _folder(parts: SplitResult) -> Path:
    if parts.netloc not in {"", "localhost"}:
        raise UrlUnusable(detail=f"a folder on another machine, or one slash too few after file:; {EXAMPLES}")
    if parts.query or parts.fragment:
        raise UrlUnusable(detail="a path with '?' or '#' in it: write %3F and %23")
    path = unquote(parts.path)
    if not path.startswith("/") or "\0" in path:
        raise UrlUnusable(detail=f"the path of the folder is not absolute; {EXAMPLES}")
    return Path(path)


def _s3(parts: SplitResult) -> S3Objects:
    if parts.netloc or parts.path.strip("/"):
        raise UrlUnusable(detail=f"it names a bucket, but buckets are many and named elsewhere; {EXAMPLES}")
    given = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in given]
    unknown = sorted(set(names) - set(S3_PARAMETERS))
    if unknown or parts.fragment or len(set(names)) != len(names) or (parts.query and not given):
        raise UrlUnusable(detail=f"after the '?' stand region and endpoint, each at most once; {EXAMPLES}")
    values = {name: value for name, value in given if value}
    return S3Objects(region=values.get("region"), endpoint=_endpoint(values.get("endpoint")))


def _endpoint(endpoint: str | None) -> str | None:
    if endpoint is None:
        return None
    try:
        parts = urlsplit(endpoint)
        plain = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        plain = False
    if not plain or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise UrlUnusable(detail="the endpoint is to be https://host:port and nothing more, without user and password")
    return endpoint.rstrip("/")
