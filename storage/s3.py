"""Objects on S3 as the portal uses them: bytes of keys that we made go through obstore, everything else through boto3.

Owns when obstore is used and how it is set up. It moves bytes faster, but it cannot address every key, one odd key ends
its listing, and it does not survive a fork (its threads stay behind, every call hangs): in a child of a process that
used it boto3 does all.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import BaseError
from obstore.store import S3Store

from storage.names import is_plain
from storage.objects import Buffer
from storage.s3_boto import PATIENCE, BotoObjects
from storage.s3_clients import Patience
from storage.s3_errors import from_text
from storage.s3_read import Opened

if TYPE_CHECKING:
    from obstore import Attributes, GetOptions, GetResult, PutMode
    from obstore.store import ClientConfig, RetryConfig

# Shorter than the ten minutes that botocore renews temporary credentials ahead of their end.
CREDENTIALS_FOR = timedelta(minutes=9)


class _Runtime:
    """The process in which obstore's threads run, once there are any."""

    process = 0

    @classmethod
    def is_here(cls) -> bool:
        cls.process = cls.process or os.getpid()
        return cls.process == os.getpid()


class S3Objects(BotoObjects):
    """Objects on S3, or on a server that speaks its protocol at `endpoint`."""

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        patience: Patience = PATIENCE,
        session: boto3.Session | None = None,
    ) -> None:
        super().__init__(region=region, endpoint=endpoint, patience=patience, session=session)
        self._stores: dict[str, S3Store] = {}
        self._stores_lock = threading.Lock()

    def _put_whole(self, bucket: str, key: str, body: Buffer, *, create_only: bool, storage_class: str) -> str:
        if not _Runtime.is_here():
            return super()._put_whole(bucket, key, body, create_only=create_only, storage_class=storage_class)
        store = self._store(bucket)
        mode: PutMode = "create" if create_only else "overwrite"
        about: Attributes = {"Storage-Class": storage_class} if storage_class else {}
        with _speaking(bucket, key=key):
            done = store.put(key, body, mode=mode, attributes=about, use_multipart=False)
        return done["e_tag"] or ""

    def _open(self, bucket: str, key: str, *, start: int, stop: int | None, etag: str | None) -> Opened:
        if not (is_plain(key) and _Runtime.is_here()):
            return super()._open(bucket, key, start=start, stop=stop, etag=etag)
        store = self._store(bucket)
        with _speaking(bucket, key=key):
            answer = store.get(key, options=_options(start=start, stop=stop, etag=etag))
        return Opened(
            etag=(answer.meta["e_tag"] or "").strip('"'),
            end=answer.range[1],
            chunks=lambda size: _chunks(answer, chunk_bytes=size, bucket=bucket, key=key),
        )

    def _store(self, bucket: str) -> S3Store:
        """obstore's client of a bucket, at the very address and in the region that boto3 would use."""
        store = self._stores.get(bucket)
        if store is None:
            region = self._connections.region_of(bucket)
            endpoint = self._connections.client(region).meta.endpoint_url
            provider = Boto3CredentialProvider(self._connections.session(), ttl=CREDENTIALS_FOR)
            with self._stores_lock:
                store = self._stores.setdefault(
                    bucket,
                    _make_store(bucket, region=region, endpoint=endpoint, provider=provider, patience=self._patience),
                )
        return store


def _make_store(
    bucket: str, *, region: str, endpoint: str, provider: Boto3CredentialProvider, patience: Patience
) -> S3Store:
    client: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=patience.connect_s),
        "read_timeout": timedelta(seconds=patience.read_s),
        # A clock for the whole answer, however large and however slowly it is taken: not wanted.
        "timeout": timedelta(days=1),
    }
    authorities = os.environ.get("AWS_CA_BUNDLE")  # boto3 obeys it by itself
    if authorities:
        client["root_certificate"] = Path(authorities).read_bytes()
    retry: RetryConfig = {
        "max_retries": patience.attempts - 1,
        "backoff": {
            "init_backoff": timedelta(seconds=patience.first_pause_s),
            "max_backoff": timedelta(seconds=15),
            "base": 2,
        },
    }
    return S3Store(
        bucket,
        region=region,
        endpoint=endpoint,
        aws_endpoint_url_s3=endpoint,  # else the variable of that name would win over `endpoint`
        virtual_hosted_style_request=False,
        # The digest is made for the signature anyway; so the server compares it and keeps it.
        checksum_algorithm="SHA256",
        unsigned_payload=False,
        client_options=client,
        retry_config=retry,
        credential_provider=provider,
    )


def _options(*, start: int, stop: int | None, etag: str | None) -> "GetOptions":
    options: GetOptions = {}
    if stop is not None:
        options["range"] = (start, stop)
    elif start:
        options["range"] = {"offset": start}
    if etag:
        options["if_match"] = f'"{etag}"'
    return options


def _chunks(answer: "GetResult", *, chunk_bytes: int, bucket: str, key: str) -> Iterator[bytes]:
    stream = answer.stream(min_chunk_size=chunk_bytes)
    while True:
        with _speaking(bucket, key=key):
            chunk = next(stream, None)
        if chunk is None:
            return
        yield bytes(chunk)


@contextmanager
def _speaking(bucket: str, *, key: str) -> Iterator[None]:
    """Turns what obstore raises inside into a `StorageError`."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        # The original quotes the server's whole answer, which may hold what was signed, so it is not chained.
        raise from_text(str(error), bucket=bucket, key=key) from None
