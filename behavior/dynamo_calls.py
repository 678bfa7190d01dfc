"""How DynamoDB is talked to: one client, its time-outs and retries, whole answers, and failures in our words.

Owns everything that is said to the service about how to connect. Every page is followed (an empty one may be followed
by others), what a batch left out is asked again, and throttling is waited out, each time longer. Plain Python: the
Lambda imports it.
"""

import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore import exceptions as boto
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from behavior.errors import SessionsUnavailable, TablesMissing
from storage.s3_clients import Patience

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PATIENCE = Patience(connect_s=3, read_s=20, attempts=10)
WRITES_A_BATCH = 25
READS_A_BATCH = 100
CONNECTIONS_AT_ONCE = 32

_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "InternalServerError",
        "ServiceUnavailable",
    }
)
_CREDENTIALS = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "MissingAuthenticationTokenException",
        "InvalidClientTokenId",
    }
)
_NO_CREDENTIALS = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.ProfileNotFound, boto.NoAuthTokenError)

Item = dict[str, Any]


class Calls:
    """The calls to one DynamoDB. Threads may share it; it survives a fork."""

    def __init__(
        self, *, region: str | None, endpoint: str | None, patience: Patience, session: boto3.Session | None = None
    ) -> None:
        self.patience = patience
        self._region, self._endpoint, self._session = region, endpoint, session
        self._lock = threading.Lock()
        self._process = 0
        self._client: DynamoDBClient | None = None

    @property
    def client(self) -> "DynamoDBClient":
        with self._lock, speaking():
            if self._client is None or self._process != os.getpid():
                self._process, self._client = os.getpid(), self._make_client()
            return self._client

    def ask(self, operation: str, **request: Any) -> Item:  # noqa: ANN401 (the service's own parameters)
        """One request by the method's name (`put_item`), retried where that may help."""
        client = self.client
        with speaking():
            answer: Item = getattr(client, operation)(**request)
        return answer

    def pages(self, operation: str, **request: Any) -> Iterator[Item]:  # noqa: ANN401 (as above)
        """Every page of a `query` or `scan`, each when it is taken."""
        while True:
            page = self.ask(operation, **request)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def write(self, table: str, requests: Sequence[Mapping[str, Any]]) -> None:
        """All these puts and deletes, in batches, in no order."""
        for first in range(0, len(requests), WRITES_A_BATCH):
            left: dict[str, Any] = {table: list(requests[first : first + WRITES_A_BATCH])}
            for pause_s in self._pauses():
                left = self.ask("batch_write_item", RequestItems=left).get("UnprocessedItems") or {}
                if not left:
                    break
                time.sleep(pause_s)
            else:
                raise _busy()

    def read(self, table: str, keys: Sequence[Item]) -> Iterator[Item]:
        """The items of these keys as they are now, those that are there, in no order."""
        for first in range(0, len(keys), READS_A_BATCH):
            left: dict[str, Any] = {table: {"Keys": list(keys[first : first + READS_A_BATCH]), "ConsistentRead": True}}
            for pause_s in self._pauses():
                answer = self.ask("batch_get_item", RequestItems=left)
                yield from answer.get("Responses", {}).get(table, [])
                left = answer.get("UnprocessedKeys") or {}
                if not left:
                    break
                time.sleep(pause_s)
            else:
                raise _busy()

    def _pauses(self) -> Iterator[float]:
        for attempt in range(1, self.patience.attempts + 1):
            # Between half and all of the pause, so that many who wait do not come back together.
            yield self.patience.pause_s(attempt) * (0.5 + random.random() / 2)  # noqa: S311 (no secret)

    def _make_client(self) -> "DynamoDBClient":
        config = Config(
            connect_timeout=self.patience.connect_s,
            read_timeout=self.patience.read_s,
            retries={"mode": "standard", "total_max_attempts": self.patience.attempts},
            max_pool_connections=CONNECTIONS_AT_ONCE,
            tcp_keepalive=True,
        )
        session = self._session or boto3.Session(region_name=self._region)
        return session.client("dynamodb", region_name=self._region, endpoint_url=self._endpoint, config=config)


@contextmanager
def speaking() -> Iterator[None]:
    """Failures of the service as `SessionsUnavailable`. Its own sentences are not repeated: they may hold addresses."""
    try:
        yield
    except ClientError as error:
        raise _in_words(error) from None
    except _NO_CREDENTIALS as error:
        raise SessionsUnavailable(
            f"There are no usable credentials for DynamoDB ({type(error).__name__}). Check AWS_PROFILE or the role of "
            "this machine."
        ) from None
    except BotoCoreError as error:
        raise SessionsUnavailable(
            f"DynamoDB does not answer ({type(error).__name__}). Check the network and ECOG_SESSIONS_URL."
        ) from None


def _in_words(error: ClientError) -> SessionsUnavailable:
    code = error.response.get("Error", {}).get("Code", "unknown")
    if code == "ResourceNotFoundException":
        return TablesMissing(
            "There are no tables for sessions in this region of DynamoDB. Make them (manage.py make_session_tables) "
            "or correct ECOG_SESSIONS_URL."
        )
    if code in _BUSY:
        return _busy()
    if code in _CREDENTIALS:
        return SessionsUnavailable(f"DynamoDB does not accept the credentials ({code}). Sign in again and repeat.")
    if code == "AccessDeniedException":
        return SessionsUnavailable(
            "Access to the tables of sessions is denied. Ask who looks after them for the right."
        )
    return SessionsUnavailable(f"DynamoDB refuses ({code}). Try again; if it stays, tell your IT.")


def _busy() -> SessionsUnavailable:
    return SessionsUnavailable("DynamoDB is too busy: the tables' capacity is used up. Wait a minute, then try again.")
