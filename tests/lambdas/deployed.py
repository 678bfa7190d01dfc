"""The template and both zips deployed to an emulator of AWS that really runs the functions."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from lambdas.package import write_all

TEMPLATE = Path(__file__).parents[2] / "lambdas" / "template.yaml"
REGION = "eu-west-1"
STACK = "ecog"
CODE_BUCKET = "lab-code"
LIMIT_S = 60


class NotDeployed(RuntimeError):
    """CloudFormation did not make the stack; the message says why, resource by resource."""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A stack as it was made: its outputs by name, and the clients of its region."""

    url: str
    outputs: Mapping[str, str]

    def client(self, service: str) -> Any:
        return client(self.url, service)


def client(url: str, service: str) -> Any:
    return boto3.client(service, endpoint_url=url, region_name=REGION)


def deploy(url: str, folder: Path, *, ca: bytes, template: str = "", **parameters: str) -> Deployed:
    """Packs, uploads and deploys; more parameters than the template needs are the caller's. Raises `NotDeployed`.

    `template`: its text where it is another than the project's.
    """
    store = client(url, "s3")
    store.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for made in write_all(folder, ca=ca):
        store.upload_file(str(made.path), CODE_BUCKET, made.path.name)
        name = "ChunkCode" if made.path.name.startswith("s3_rds") else "SessionCode"
        parameters[name] = made.path.name
    network = client(url, "ec2")
    given = {
        "CodeBucket": CODE_BUCKET,
        "VpcId": network.describe_vpcs()["Vpcs"][0]["VpcId"],
        "SubnetIds": ",".join(each["SubnetId"] for each in network.describe_subnets()["Subnets"][:2]),
        "RouteTableIds": network.describe_route_tables()["RouteTables"][0]["RouteTableId"],
        "HeadersHost": "db.example.org",
    } | parameters
    formation = client(url, "cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateBody=template or TEMPLATE.read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    wait_for(lambda: not _stack(formation)["StackStatus"].endswith("IN_PROGRESS"), what="the stack")
    stack = _stack(formation)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
        faults = [f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in events
                  if each["ResourceStatus"].endswith("FAILED")]  # fmt: skip
        raise NotDeployed("\n".join(faults) or stack["StackStatus"])
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    return Deployed(url=url, outputs=outputs)


def wait_for(done: Callable[[], object], *, what: str, limit_s: float = LIMIT_S) -> None:
    end = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < end, f"{what} did not come in {limit_s:.0f} s"
        time.sleep(0.1)


def _stack(formation: Any) -> dict[str, Any]:
    stack: dict[str, Any] = formation.describe_stacks(StackName=STACK)["Stacks"][0]
    return stack
