"""A lab's AWS on this machine, nothing in it faked: the stack deployed to an emulator that runs the functions and holds
everybody to their rights, a MariaDB over TLS, a Redis with a password, and a portal set to them as docs/aws.md and
docs/deploy.md say.
"""

import json
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import MySQLdb
import MySQLdb.cursors
from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from tests.aws import CREDENTIALS
from tests.lambdas.chunk_headers.authority import make_authority
from tests.lambdas.deployed import REGION, TEMPLATE, Deployed, client, deploy, wait_for
from tests.mariadb import MariaDB, free_port, mariadb_server
from tests.portal.served import Served
from tests.servers import ministack_server

HEADERS, COMPARED = "ecog_headers", "ecog_compared"
BUNDLES = "lab-bundles"
FUNCTION = "s3_rds_data_transfer"
TABLES = {"chunk_header": "bucket, objectKey", "recording": "bucket, name", "recording_overlap": "bucket, recording",
          "index_error": "bucket, objectKey"}  # fmt: skip
# What Lambda's own runtime does and the emulator's does not: lines of the level that the template sets reach the log.
RUNTIME = """
import logging, os, sys
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
"""
# Every request is refused that is signed wrongly or that no policy allows: of the portal, of the functions, of S3. Only
# who deploys may do everything.
RIGHTS_COUNT = {"AUTH": "true"} | CREDENTIALS
# The emulator is spoken to without TLS, which these statements forbid; all others stand.
OVER_TLS = re.compile(r"^          - Sid: OnlyOverTls\n(?:            .*\n)+", re.MULTILINE)
OF_A_WRITER = {"id", "indexed_at"}
Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Lab:
    """`secrets` are all passwords and keys of it, by what they open; `said` collects what its commands print."""

    deployed: Deployed
    database: MariaDB
    portal: Served
    secrets: dict[str, str]
    said: list[str] = field(default_factory=list)

    def manage(self, *words: str, status: int = 0, **environment: str) -> str:
        """Runs a command, which ends with that status; what it prints."""
        done = self.portal.manage(*words, **environment)
        self.said.extend([done.stdout, done.stderr])
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def client(self, service: str) -> Any:
        return self.deployed.client(service)

    def as_portal(self, service: str) -> Any:
        keys = {name.lower(): self.portal.environment[name] for name in CREDENTIALS}
        return boto3.client(service, endpoint_url=self.deployed.url, region_name=REGION, **keys)

    def said_by(self, *logs: str) -> str:
        folder = self.portal.data_dir / "logs"
        return "".join((folder / log).read_text(encoding="utf-8", errors="replace") for log in logs)

    def ask(self, sql: str, *, database: str = HEADERS) -> Rows:
        return ask(self.database, sql, database=database)

    def rows(self, table: str, *, database: str = HEADERS) -> Rows:
        """In the order of their keys, without what differs from one writer to the next."""
        found = self.ask(f"SELECT * FROM {table} ORDER BY {TABLES[table]}", database=database)  # noqa: S608
        return [{name: value for name, value in row.items() if name not in OF_A_WRITER} for row in found]

    def changed_by(self, user: str) -> int:
        """How many rows of the headers database that user of it wrote or removed since it was started or reset."""
        counted = "SELECT ROWS_INSERTED + ROWS_UPDATED + ROWS_DELETED AS n FROM information_schema.USER_STATISTICS"
        found = self.ask(f"{counted} WHERE USER = '{user}'")
        return int(found[0]["n"]) if found else 0

    def waiting(self, queue: str) -> int:
        """How many messages are in the queue, being worked at or not."""
        queues = self.client("sqs")
        url = queues.get_queue_url(QueueName=queue)["QueueUrl"]
        told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(told["ApproximateNumberOfMessages"]) + int(told["ApproximateNumberOfMessagesNotVisible"])

    def hold_events_back(self, *, held: bool) -> None:
        """As a portal does whose headers database sleeps."""
        functions = self.client("lambda")
        [mapping] = functions.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=not held)

    def function_log(self) -> str:
        """Every line of both functions, as CloudWatch has them."""
        logs, lines = self.client("logs"), []
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                lines += [each["message"] for each in page["events"]]
        return "\n".join(lines)

    def logs(self) -> dict[str, str]:
        """All that anything wrote of what it did, by who wrote it."""
        written = {path.name: path for path in (self.portal.data_dir / "logs").iterdir()}
        written |= {"serve": self.portal.said, "database": self.database.folder / "log"}
        written |= {"broker": self.portal.data_dir.parent / "redis.log"}
        texts = {name: path.read_text(encoding="utf-8", errors="replace") for name, path in written.items()}
        return texts | {"commands": "\n".join(self.said), "functions": self.function_log()}


def ask(server: MariaDB, sql: str, *, database: str) -> Rows:
    """As root, who needs no TLS."""
    connection = MySQLdb.connect(
        host="127.0.0.1", port=server.port, user="root", database=database, charset="utf8mb4", autocommit=True
    )
    try:
        cursor = connection.cursor(MySQLdb.cursors.DictCursor)
        cursor.execute(sql)
        return list(cursor.fetchall())
    finally:
        connection.close()


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    """Nothing of it is left at the end. Raises `ServerMissing`."""
    opened = ("of the portal", "of the function", "of the broker")
    known = {f"password {name}": secrets.token_urlsafe(24) for name in opened}
    authority = make_authority(folder)
    options = [*authority.server_options, "--userstat=1"]
    (folder / "runtime").mkdir()
    (folder / "runtime" / "sitecustomize.py").write_text(RUNTIME)
    with (
        mariadb_server(folder / "mariadb", options=options) as database,
        redis_server(folder, password=known["password of the broker"]) as broker,
        ministack_server(LAMBDA_EXECUTOR="local", PYTHONPATH=str(folder / "runtime"), **RIGHTS_COUNT) as url,
    ):
        for name in (HEADERS, COMPARED):
            database.create(name)
        grants = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES"
        account(database, "ecog_portal", password=known["password of the portal"], grants={f"{HEADERS}.*": grants})
        store = client(url, "s3")
        store.create_bucket(Bucket=BUNDLES, CreateBucketConfiguration={"LocationConstraint": REGION})
        secret = json.dumps({"password": known["password of the function"]})
        client(url, "secretsmanager").create_secret(Name="ecog/function", SecretString=secret)
        (folder / "zips").mkdir()
        deployed = deploy(
            url,
            folder / "zips",
            ca=authority.ca.read_bytes(),
            template=OVER_TLS.sub("", TEMPLATE.read_text(encoding="utf-8")),
            HeadersHost="127.0.0.1",
            HeadersPort=str(database.port),
            HeadersName=HEADERS,
            HeadersPasswordSecret="ecog/function",
            BundlesBucket=BUNDLES,
        )
        keys = keys_of_the_portal(deployed)
        place = f"region={REGION}&endpoint={quote(url, safe='')}"
        password = quote(known["password of the portal"], safe="")
        portal = Served(
            folder / "var",
            DJANGO_SETTINGS_MODULE="portal.settings",
            ECOG_HEADERS_DATABASE_URL=f"mysql://ecog_portal:{password}@127.0.0.1:{database.port}/{HEADERS}"
            f"?ssl_ca={authority.ca}",
            ECOG_OBJECTS_URL=f"s3://?{place}",
            ECOG_SESSIONS_URL=f"dynamodb://?{place}",
            ECOG_BUNDLES_URL=f"s3://{BUNDLES}/made?{place}",
            ECOG_EVENTS_QUEUE_ARN=deployed.outputs["ChunkQueueArn"],
            ECOG_INDEX="events",
            ECOG_BROKER_URL=broker,
            ECOG_LOG_LEVEL="DEBUG",
            **keys,
        )
        known["secret key of AWS"] = keys["AWS_SECRET_ACCESS_KEY"]
        made = Lab(deployed=deployed, database=database, portal=portal, secrets=known)
        made.manage("migrate", "--verbosity", "0")
        grants = {f"{HEADERS}.{table}": "SELECT, INSERT, UPDATE, DELETE" for table in TABLES}
        account(database, "ecog_lambda", password=known["password of the function"], grants=grants)
        made.ask("FLUSH USER_STATISTICS")
        try:
            yield made
        finally:
            if portal.process is not None and portal.process.poll() is None:
                for pid in portal.processes():
                    os.kill(pid, signal.SIGKILL)
                portal.process.wait()


def keys_of_the_portal(deployed: Deployed) -> dict[str, str]:
    """Those of a user who has the policy of the stack; a signed link of nobody's key is refused."""
    identities = deployed.client("iam")
    identities.create_user(UserName="ecog-portal")
    identities.attach_user_policy(UserName="ecog-portal", PolicyArn=deployed.outputs["PortalPolicyArn"])
    made = identities.create_access_key(UserName="ecog-portal")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


def account(server: MariaDB, name: str, *, password: str, grants: dict[str, str]) -> None:
    """Whoever signs in with it does so over TLS."""
    ask(server, f"CREATE USER '{name}'@'%' IDENTIFIED BY '{password}' REQUIRE SSL", database=HEADERS)
    for on, what in grants.items():
        ask(server, f"GRANT {what} ON {on} TO '{name}'@'%'", database=HEADERS)


@contextmanager
def redis_server(folder: Path, *, password: str) -> Iterator[str]:
    """A broker that keeps nothing; its URL."""
    port, log = free_port(), folder / "redis.log"
    told = f"port {port}\nbind 127.0.0.1\nrequirepass {password}\nsave ''\nloglevel debug\nlogfile {log}\n"
    # Should this process be killed, the kernel ends the server.
    command = ["setpriv", "--pdeathsig", "KILL", "redis-server", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder, text=True)
    try:
        assert process.stdin is not None
        process.stdin.write(told)
        process.stdin.close()
        with Redis(port=port, password=password) as redis:
            wait_for(lambda: answers(redis), what="Redis")
        yield f"redis://:{quote(password, safe='')}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=10)


def answers(redis: "Redis[bytes]") -> bool:
    try:
        return bool(redis.ping())
    except NotThere:
        return False


def found_in(texts: dict[str, str], *, seeds: dict[str, str]) -> list[str]:
    """Which of the seeds stand in which of the texts, in any case, as they are or as an address would write them."""
    return [
        f"{what} in {where}"
        for where, text in texts.items()
        for what, seed in seeds.items()
        if re.search(f"{re.escape(seed)}|{re.escape(quote(seed, safe=''))}", text, flags=re.IGNORECASE)
    ]
