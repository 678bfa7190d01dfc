"""The connections to S3: one boto3 session per store, its clients, time-outs, retries, and where a bucket lives.

Owns everything that is said to a server about how to connect. Nothing is connected, and no credentials are looked for,
before the first request. Connections are not carried over a fork: a child makes its own.
"""

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.s3_errors import in_words, speaking

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEFAULT_REGION = "us-east-1"
CONNECTIONS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take, and how often it is asked before we give up."""

    connect_s: float = 5
    read_s: float = 60  # without one byte
    attempts: int = 5
    first_pause_s: float = 0.2  # before the second attempt; doubles with each

    def pause_s(self, attempt: int) -> float:
        """How long to wait after the attempt of this number, counted from 1."""
        return min(self.first_pause_s * 2.0 ** (attempt - 1), 15.0)


class Connections:
    """The clients of one store. Threads may share them."""

    def __init__(
        self, *, region: str | None, endpoint: str | None, patience: Patience, session: boto3.Session | None
    ) -> None:
        self.patience = patience
        self._region = region
        self._endpoint = endpoint
        self._given_session = session
        self._lock = threading.Lock()
        self._process = 0
        self._session: boto3.Session | None = session
        self._clients: dict[str | None, S3Client] = {}

    def client(self, region: str | None = None) -> "S3Client":
        """The boto3 client of a region; of the store's own where none is named."""
        with self._lock, speaking(""):
            if self._process != os.getpid():
                self._process, self._session, self._clients = os.getpid(), self._given_session, {}
            if region not in self._clients:
                self._clients[region] = self._make_client(region)
            return self._clients[region]

    def session(self) -> boto3.Session:
        """The session all clients come from, for its credentials."""
        with self._lock, speaking(""):
            return self._own_session()

    def own_region(self) -> str:
        """Where this store makes buckets."""
        return self.client().meta.region_name or DEFAULT_REGION

    def region_of(self, bucket: str) -> str:
        """Where a bucket lives. Raises `BucketMissing`; the right to its objects alone is enough to ask."""
        client = self.client()
        try:
            return client.head_bucket(Bucket=bucket).get("BucketRegion") or self.own_region()
        except ClientError as error:
            # A refusal names the region as well; the reason comes with the request that follows.
            problem = in_words(error, bucket=bucket)
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 404:
                raise problem from None
            return headers.get("x-amz-bucket-region") or self.own_region()
        except BotoCoreError as error:
            raise in_words(error, bucket=bucket) from None

    def _own_session(self) -> boto3.Session:
        if self._session is None:
            self._session = boto3.Session(region_name=self._region)
        return self._session

    def _make_client(self, region: str | None) -> "S3Client":
        patience = self.patience
        config = Config(
            connect_timeout=patience.connect_s,
            read_timeout=patience.read_s,
            retries={"mode": "standard", "total_max_attempts": patience.attempts},
            max_pool_connections=CONNECTIONS_AT_ONCE,
            tcp_keepalive=True,
            s3={"addressing_style": "path" if self._endpoint else "auto"},
        )
        region = region or self._region
        return self._own_session().client("s3", region_name=region, endpoint_url=self._endpoint, config=config)
