"""The clients of AWS that hibernation needs, and what their refusals mean.

Owns: how they connect and how patient they are, and the sentences. botocore itself waits and asks again where AWS asks
for patience; what is left is said, with the way on. A server's own sentence is not passed on: it may name keys.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from hibernation.errors import AwsRefused
from hibernation.site import Site

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_sqs import SQSClient

# A synchronous call of a function may take as long as the function may.
CONFIG = Config(connect_timeout=5, read_timeout=120, retries={"mode": "standard", "total_max_attempts": 6})
AGAIN = "Run the same command again: it goes on where things are."
_PATIENCE = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
# AWS is still at something else with the instance: to be waited for.
_NOT_NOW = frozenset({"InvalidDBInstanceState", "InvalidDBInstanceStateFault", "ResourceConflictException"})


class NotNow(AwsRefused):
    """AWS is at something else with the instance or the function; wait and look again."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    rds: "RDSClient"
    ec2: "EC2Client"
    functions: "LambdaClient"
    queues: "SQSClient"


def clients_for(site: Site) -> Clients:
    """Nothing is connected yet. An address of one's own: AWS_ENDPOINT_URL, as every AWS tool has it."""
    with speaking():
        session = boto3.Session(region_name=site.region)
        return Clients(
            rds=session.client("rds", config=CONFIG),
            ec2=session.client("ec2", config=CONFIG),
            functions=session.client("lambda", config=CONFIG),
            queues=session.client("sqs", config=CONFIG),
        )


def ask_before_each_request(clients: Clients, *, check: Callable[[], None]) -> None:
    """`check` is called before every request leaves, repetitions too; what it raises ends the call instead.

    A process that was stopped (SIGSTOP, a suspended machine) may go on anywhere, long after another has taken over.
    """
    for client in (clients.rds, clients.ec2, clients.functions, clients.queues):
        client.meta.events.register("before-send", lambda **_request: check())


def code_of(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def speaking() -> Iterator[None]:
    """Turns what AWS or the way to it refuses into `AwsRefused`, or `NotNow`."""
    try:
        yield
    except ClientError as error:
        raise _in_words(error) from error
    except NoCredentialsError as error:
        raise AwsRefused(
            "There are no credentials for AWS on this machine: give its role or profile. " + AGAIN
        ) from error
    except NoRegionError as error:
        raise AwsRefused("It is not said in which region of AWS the instance is: set ECOG_AWS_REGION.") from error
    except BotoCoreError as error:
        raise AwsRefused(f"AWS cannot be reached ({type(error).__name__}). {AGAIN}") from error


def _in_words(error: ClientError) -> AwsRefused:
    code, asked = code_of(error), error.operation_name
    if code in _NOT_NOW:
        return NotNow(f"AWS is at something else, so {asked} has to wait ({code}). {AGAIN}")
    if code in _PATIENCE:
        return AwsRefused(f"AWS asks for patience ({asked}: {code}), and did so after 6 attempts. {AGAIN}")
    if code in _FORBIDDEN:
        return AwsRefused(f"AWS does not allow {asked} to this machine: docs/hibernation.md has the rights. {AGAIN}")
    return AwsRefused(f"AWS refused {asked} ({code or 'no reason given'}). {AGAIN}")
