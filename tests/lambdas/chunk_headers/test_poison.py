"""What one object may do to the ninety-nine others of its batch: nothing."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from lambdas.chunk_headers.place import Place
from storage.folder import FolderObjects
from storage.s3_boto import BotoObjects
from tests.lambdas.chunk_headers.conftest import TABLES, USER, Rows, execute
from tests.lambdas.chunk_headers.made import put_chunk, put_document
from tests.lambdas.sqs import batch, hints, message, record
from tests.mariadb import MariaDB

Call = Callable[..., Sequence[str]]
Read = Callable[[str], Rows]
ROOT = Path(__file__).parents[3]
RESERVE_MB = 250  # of the function's memory: the interpreter, clients, and what a batch is read into
LOOK_AT_ALL = """
import resource, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from lambdas.chunk_headers.look import Looker
from lambdas.events import Hint
from storage.folder import FolderObjects
looker = Looker(
    objects=FolderObjects(Path(sys.argv[1])), bucket_prefix="p-", sessions_bucket="s", until=time.monotonic() + 300
)
keys = [f"r{number}/recording.json" for number in range(4)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ThreadPoolExecutor(16) as pool:
    faults = {seen.fault for seen in pool.map(lambda key: looker.see(Hint(bucket="p-2002", key=key)), keys)}
assert faults == {"It cannot be indexed: it is not what this portal writes."}, faults
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def wide(characters: int) -> list[dict[str, Any]]:
    """Channels of a `recording.json`, so long in sum."""
    return [{"number": number, "label": "L" * 1000} for number in range(1, characters // 1000)]


def test_a_recording_of_many_megabytes_holds_up_nobody(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    poison = put_document(store, bucket, recording="day1_000000", channels=wide(15_900_000))
    good = put_chunk(store, bucket)
    assert call(hints(bucket, good, poison)) == []
    assert [row["objectKey"] for row in rows("chunk_header")] == [good]
    assert [row["objectKey"] for row in rows("index_error")] == [poison]


def test_many_large_recordings_at_once_are_written(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    """Together they are longer than a server takes in one statement."""
    keys = [put_document(store, bucket, recording=f"day{day}_000000", channels=wide(900_000)) for day in range(1, 31)]
    assert call(hints(bucket, *keys)) == []
    assert len(rows("recording")) == 30


def test_large_documents_are_parsed_one_at_a_time(tmp_path: Path) -> None:
    """Sixteen looks go on at once; as many documents of 16 MB would take more memory than the function has."""
    store = FolderObjects(tmp_path)
    store.make_bucket("p-2002")
    bomb = b"[" + b"{}," * 5_500_000 + b"{}]"
    for number in range(4):
        store.put("p-2002", f"r{number}/recording.json", bomb)
    command = [sys.executable, "-c", LOOK_AT_ALL, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < function_memory_mb() - RESERVE_MB


def function_memory_mb() -> int:
    class Plain(yaml.SafeLoader):
        """CloudFormation's own tags are of no interest here."""

    Plain.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    template = yaml.load((ROOT / "lambdas" / "template.yaml").read_text(encoding="utf-8"), Plain)  # noqa: S506
    return int(template["Resources"]["ChunkFunction"]["Properties"]["MemorySize"])


@pytest.mark.parametrize("field", ["start", "stop"])
def test_a_time_with_a_zone_is_no_patient_time(
    call: Call, rows: Read, store: BotoObjects, bucket: str, field: str
) -> None:
    key = put_document(store, bucket, **{field: "2002-01-03T14:30:00+02:00"})
    good = put_chunk(store, bucket)
    assert call(hints(bucket, key, good)) == []
    assert (len(rows("recording")), len(rows("chunk_header"))) == (0, 1)
    [fault] = rows("index_error")
    assert fault["reason"] == f"It cannot be indexed: its {field} is too long, too large or no time."


@pytest.mark.parametrize("number", [1292, 1366, 1406])
def test_a_value_that_the_database_refuses_is_a_fault_of_its_own_object(
    call: Call, rows: Read, store: BotoObjects, bucket: str, server: MariaDB, number: int
) -> None:
    """Whatever slips through the check of columns: the driver calls some of these an error of the server."""
    keys = [put_chunk(store, bucket, number=each) for each in range(3)]
    refuse = f"SIGNAL SQLSTATE '22007' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'no'"
    only = f"IF NEW.objectKey = '{keys[1]}' THEN {refuse}; END IF"
    execute(server, f"CREATE TRIGGER refuses BEFORE INSERT ON chunk_header FOR EACH ROW {only}")
    try:
        assert call(hints(bucket, *keys)) == []
    finally:
        execute(server, "DROP TRIGGER refuses")
    assert [row["objectKey"] for row in rows("chunk_header")] == [keys[0], keys[2]]
    assert [row["objectKey"] for row in rows("index_error")] == [keys[1]]


def test_a_missing_right_holds_up_only_what_needs_it(
    call: Call, rows: Read, store: BotoObjects, bucket: str, server: MariaDB
) -> None:
    """As after an upgrade with a new table that the function's user was not given yet."""
    good, waits = put_chunk(store, bucket), put_document(store, bucket)
    execute(server, f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{USER}'@'%'")
    for table in TABLES:
        if table != "recording_overlap":
            execute(server, f"GRANT SELECT, INSERT, UPDATE, DELETE ON headers.{table} TO '{USER}'@'%'")
    try:
        assert call(batch([message("good", record(bucket, good)), message("waits", record(bucket, waits))])) == [
            "waits"
        ]
    finally:
        execute(server, f"GRANT SELECT, INSERT, UPDATE, DELETE ON headers.* TO '{USER}'@'%'")
    assert [row["objectKey"] for row in rows("chunk_header")] == [good]
    assert call(hints(bucket, waits)) == []
    assert (len(rows("recording")), len(rows("index_error"))) == (1, 0)


@pytest.mark.parametrize(
    "key",
    [
        "../b_chunk-0.chn",
        "//b_chunk-0.chn",
        "a/b\n\x1b[31m_chunk-0.chn",
        "a/?versionId=3#_chunk-0.chn",
        f"{'é' * 500}/b_chunk-0.chn",
        "\U0001f9e0/recording.json",
    ],
)
def test_no_key_comes_again_for_ever(call: Call, store: BotoObjects, bucket: str, key: str) -> None:
    assert call(hints(bucket, put_chunk(store, bucket), key)) == []


@pytest.mark.parametrize("name", ["-", "x/../y", "UPPER", "é", "x" * 40])
def test_no_bucket_comes_again_for_ever(
    call: Call, rows: Read, store: BotoObjects, bucket: str, place: Place, name: str
) -> None:
    good = put_chunk(store, bucket)
    bad = message("bad", record(f"{place.bucket_prefix}{name}", "a/b_chunk-0.chn"))
    assert call(batch([bad, message("good", record(bucket, good))])) == []
    assert [row["objectKey"] for row in rows("chunk_header")] == [good]


def test_a_message_of_deep_json_is_noted(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    good = put_chunk(store, bucket)
    deep = message("deep") | {"body": "[" * 120_000}
    assert call(batch([deep, message("good", record(bucket, good))])) == []
    assert [row["objectKey"] for row in rows("index_error")] == ["deep"]
    assert [row["objectKey"] for row in rows("chunk_header")] == [good]
