"""A lab's AWS as hibernation meets it: an RDS instance, a bastion, the function with its queues; and a quick clock."""

import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
from django.utils import timezone

from hibernation.aws import Clients
from hibernation.site import Site
from hibernation.work import Pace, Work
from people.scope import server_scope
from storage.objects import Objects

INSTANCE = "ecog-headers"
FUNCTION = "s3_rds_data_transfer"
REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/lab"
CODE = """
import os
def handler(event, context):
    return {"ecog": "pong"} if event == {"ecog": "ping"} and os.environ["KEPT"] == "yes" else {"batchItemFailures": []}
"""


@dataclass
class Clock:
    """Goes on by itself, and leaps where somebody would wait."""

    leaped: timedelta = timedelta()

    def now(self) -> datetime:
        return timezone.now() + self.leaped

    def sleep(self, seconds: float) -> None:
        self.leaped += timedelta(seconds=seconds)
        time.sleep(0.001)

    def pace(self) -> Pace:
        return Pace(look_s=4, quick_s=2, limit_s=600, settle_s=5, closing_s=5, now=self.now, sleep=self.sleep)


@dataclass
class Lab:
    url: str
    name: str = INSTANCE
    said: list[str] = field(default_factory=list)
    host: str = ""
    uuid: str = ""
    queue: str = ""
    dead: str = ""

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name=REGION)

    def make(self, *, function: bool = True, host: bool = True, **configuration: Any) -> None:
        rds, ec2 = self.client("rds"), self.client("ec2")
        groups = [ec2.create_security_group(GroupName=f"{self.name}-{time.monotonic_ns()}", Description="x")["GroupId"]]
        wanted = {
            "DBInstanceIdentifier": self.name,
            "DBInstanceClass": "db.t4g.micro",
            "Engine": "mysql",
            "EngineVersion": "8.4.3",
            "MasterUsername": "root",
            "MasterUserPassword": "not-a-secret",
            "DBName": "ecog_headers",
            "AllocatedStorage": 20,
            "StorageType": "gp3",
            "DeletionProtection": True,
            "BackupRetentionPeriod": 3,
            "VpcSecurityGroupIds": groups,
            "PubliclyAccessible": False,
            "Tags": [{"Key": "lab", "Value": "ecog"}],
        }
        subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
        group = f"lab-{time.monotonic_ns()}"
        rds.create_db_subnet_group(DBSubnetGroupName=group, DBSubnetGroupDescription="x", SubnetIds=subnets)
        rds.create_db_instance(**wanted | {"DBSubnetGroupName": group} | configuration)
        if host:
            image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
            wanted_host = {"ImageId": image, "InstanceType": "t4g.nano", "MinCount": 1, "MaxCount": 1}
            self.host = ec2.run_instances(**wanted_host)["Instances"][0]["InstanceId"]
        if function:
            self._make_function()

    def _make_function(self) -> None:
        queues, functions, iam = self.client("sqs"), self.client("lambda"), self.client("iam")
        self.dead = queues.create_queue(QueueName="ecog-chunk-events-dead")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})}
        self.queue = queues.create_queue(QueueName="ecog-chunk-events", Attributes=policy)["QueueUrl"]
        source = queues.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=f"lab-{time.monotonic_ns()}", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("f.py", CODE)
        functions.create_function(
            FunctionName=FUNCTION,
            Runtime="python3.11",
            Role=role,
            Handler="f.handler",
            Code={"ZipFile": packed.getvalue()},
            Timeout=3,
            Environment={"Variables": {"ECOG_HEADERS_HOST": "old", "KEPT": "yes"}},
        )
        made = functions.create_event_source_mapping(EventSourceArn=source, FunctionName=FUNCTION, BatchSize=10)
        self.uuid = made["UUID"]

    def site(self) -> Site:
        return Site(instance=self.name, host=self.host, function=FUNCTION, region=REGION)

    def clients(self) -> Clients:
        return Clients(
            rds=self.client("rds"), ec2=self.client("ec2"), functions=self.client("lambda"), queues=self.client("sqs")
        )

    def work(self, objects: Objects, *, clients: Clients | None = None, **more: Any) -> Work:
        """By whoever has the server; what is said is kept."""

        def tell(sentence: str, *, percent: int | None = None) -> None:
            self.said.append(sentence)

        return Work(
            site=self.site(),
            clients=clients or self.clients(),
            by=server_scope(means="command"),
            objects=objects,
            tell=tell,
            pace=Clock().pace(),
            # The emulators' addresses lead nowhere: the portal's own headers database stands there.
            address=more.pop("address", lambda _name, _port: ("", 0)),
            **more,
        )

    # What there is, asked past the portal.
    def instance(self) -> dict[str, Any] | None:
        found = self.client("rds").describe_db_instances()["DBInstances"]
        return next((each for each in found if each["DBInstanceIdentifier"] == self.name), None)

    def snapshots(self) -> list[dict[str, Any]]:
        found = self.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        return [each for each in found if each["DBInstanceIdentifier"] == self.name]

    def host_state(self) -> str:
        found = self.client("ec2").describe_instances(InstanceIds=[self.host])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def mapping_state(self) -> str:
        return str(self.client("lambda").get_event_source_mapping(UUID=self.uuid)["State"])

    def variables(self) -> dict[str, str]:
        told = self.client("lambda").get_function_configuration(FunctionName=FUNCTION)
        return dict(told["Environment"]["Variables"])
