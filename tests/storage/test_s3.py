"""Objects on S3, against moto and ministack: the contract, and what only S3 can do."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from storage.errors import KeyUnusable, ObjectMissing, StoreUnreachable, TransferDamaged
from storage.objects import Objects
from storage.s3 import S3Objects
from storage.s3_boto import BotoObjects
from tests.storage.answering import Answer, answering, found
from tests.storage.certificates import make_certificates
from tests.storage.conftest import HURRIED, REGION
from tests.storage.contract import BIG, ObjectsContract, content_of, keys, pieces_of
from tests.storage.process import run_python, start_python

ODD = ["/lead", "a//b", "a/", "x/../y", "../up", "./z", "tab\there", "line\nhere", "back\\slash", "end#1", "ordinary"]


@pytest.fixture
def bucket(objects: Objects, bucket_name: str) -> str:
    objects.make_bucket(bucket_name)
    return bucket_name


@pytest.fixture(scope="module")
def objects(ministack_url: str) -> Objects:
    return S3Objects(region=REGION, endpoint=ministack_url)


@pytest.fixture
def others(ministack_url: str) -> Any:
    """A client of somebody else."""
    return boto3.client(
        "s3", region_name=REGION, endpoint_url=ministack_url, config=Config(s3={"addressing_style": "path"})
    )


class TestMoto(ObjectsContract):
    """The contract, on moto."""

    @pytest.fixture(scope="class")
    @classmethod
    def objects(cls, moto_url: str) -> Objects:
        return S3Objects(region=REGION, endpoint=moto_url)

    # moto looks whether the key is free and completes the upload in two steps: now and then two racers win.
    test_of_many_that_create_in_parts_exactly_one_wins = None  # type: ignore[assignment]


class TestMinistack(ObjectsContract):
    """The contract, on ministack."""


class TestBotoAlone(ObjectsContract):
    """The contract without obstore, on ministack."""

    @pytest.fixture(scope="class")
    @classmethod
    def objects(cls, ministack_url: str) -> Objects:
        return BotoObjects(region=REGION, endpoint=ministack_url)


# Keys that others made


def test_every_key_of_others_is_listed_and_read(objects: Objects, bucket: str, others: Any) -> None:
    for number, key in enumerate(ODD):
        others.put_object(Bucket=bucket, Key=key, Body=b"content%d" % number)
    assert keys(objects, bucket) == sorted(ODD, key=str.encode)
    for number, key in enumerate(ODD):
        content = b"content%d" % number
        assert objects.head(bucket, key).size_bytes == len(content)
        assert objects.get(bucket, key) == content
        assert objects.get_range(bucket, key, start=3, length=4) == b"tent"
        assert b"".join(objects.stream(bucket, key, chunk_bytes=2)) == content
        objects.delete(bucket, key)
    assert keys(objects, bucket) == []


def test_odd_keys_do_not_end_the_listing_of_folders(objects: Objects, bucket: str, others: Any) -> None:
    for key in ODD:
        others.put_object(Bucket=bucket, Key=key, Body=b"")
    assert list(objects.folders(bucket)) == ["..", ".", "", "a", "x"]
    assert list(objects.folders(bucket, prefix="a/")) == ["a/"]


@pytest.mark.parametrize("key", ["", "\udcff", "k" * 1025])
def test_what_nobody_can_have_made_is_not_asked_for(objects: Objects, bucket: str, key: str) -> None:
    for act in (objects.get, objects.head, objects.delete):
        with pytest.raises(KeyUnusable):
            act(bucket, key)


# Checksums


@pytest.mark.parametrize(("size_bytes", "kept"), [(1000, "ChecksumSHA256"), (BIG, "ChecksumCRC32")])
def test_uploads_carry_a_checksum_that_the_store_keeps(
    objects: Objects, bucket: str, others: Any, size_bytes: int, kept: str
) -> None:
    objects.put(bucket, "k", pieces_of(content_of(size_bytes)))
    assert others.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[kept]


@contextmanager
def damaging(url: str, marker: bytes) -> Iterator[str]:
    """The address of a line to the server at the URL on which the marker arrives changed."""
    host, port = url.removeprefix("http://").split(":")

    def carry(source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes]) -> None:
        with source, sink:
            try:
                while piece := source.recv(65_536):
                    sink.sendall(change(piece))
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection((host, int(port)))
            ways = [
                (client, server, lambda piece: piece.replace(marker, marker.swapcase())),
                (server, client, lambda piece: piece),
            ]
            for source, sink, change in ways:
                threading.Thread(target=carry, args=(source.dup(), sink.dup(), change), daemon=True).start()
            client.close()
            server.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("size_bytes", [100, BIG])
@pytest.mark.parametrize("kind", [S3Objects, BotoObjects])
def test_what_is_damaged_on_the_way_is_not_stored(
    objects: Objects, bucket: str, ministack_url: str, kind: type[BotoObjects], size_bytes: int
) -> None:
    content = content_of(size_bytes) + b"the marker"
    with damaging(ministack_url, b"the marker") as url:
        line = kind(region=REGION, endpoint=url, patience=HURRIED)
        with pytest.raises(TransferDamaged, match="check the network"):
            line.put(bucket, "k", pieces_of(content))
    assert keys(objects, bucket) == []
    assert objects.clear_leftovers(bucket, prefix="", older_than_s=-60) == 0


# Regions and credentials


def test_a_bucket_is_addressed_in_its_own_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    with answering() as server:
        server.bucket = Answer(headers={"x-amz-bucket-region": "ap-south-1"})
        server.answers = [found(b"x")]
        S3Objects(region=REGION, endpoint=server.url).get("edf-chunks-1", "k")
        # The right to the objects alone is enough to learn it.
        server.bucket = Answer(403, headers={"x-amz-bucket-region": "ap-south-2"})
        S3Objects(region=REGION, endpoint=server.url).get("edf-chunks-1", "k")
        server.bucket = Answer(403)
        S3Objects(region=REGION, endpoint=server.url).get("edf-chunks-1", "k")
        assert [question.signed_for[1] for question in server.asked] == ["ap-south-1", "ap-south-2", REGION]


def test_both_clients_sign_with_the_same_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[lab]\naws_access_key_id=LABKEY\naws_secret_access_key=x\nregion=eu-north-1\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    with answering() as server:
        server.bucket = Answer()
        server.answers = [found(b"x")]
        store = S3Objects(endpoint=server.url)
        store.get("edf-chunks-1", "k")
        store.head("edf-chunks-1", "k")
        clients = {question.headers["user-agent"].split("/")[0] for question in server.asked}
        assert clients == {"object_store", "Boto3"}
        assert {question.signed_for for question in server.asked} == {("LABKEY", "eu-north-1")}


def test_the_endpoint_of_the_environment_is_for_both_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering() as server, answering() as other:
        for wrong in (server, other):
            wrong.answers = [found(b"x")]
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        S3Objects(region=REGION).get("edf-chunks-1", "k")
        assert len(server.asked) == 1
        S3Objects(region=REGION, endpoint=other.url).get("edf-chunks-1", "k")
        assert (len(server.asked), len(other.asked)) == (1, 1)


def test_a_server_with_an_authority_of_its_own_is_trusted_where_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, certificate = make_certificates(tmp_path)
    with answering(certificate) as server:
        server.answers = [found(b"x")]
        with pytest.raises(StoreUnreachable):
            S3Objects(region=REGION, endpoint=server.url, patience=HURRIED).get("edf-chunks-1", "k")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
        store = S3Objects(region=REGION, endpoint=server.url, patience=HURRIED)
        assert store.get("edf-chunks-1", "k") == b"x"
        assert store.head("edf-chunks-1", "k").size_bytes == 1
        assert server.asked[0].headers["user-agent"].startswith("object_store")


# Processes


def test_a_child_of_a_fork_can_use_its_parents_store(ministack_url: str, objects: Objects, bucket: str) -> None:
    said = run_python(
        """
        import os, signal, sys, warnings
        from storage.s3 import S3Objects

        store = S3Objects(region="eu-west-1", endpoint=sys.argv[1])
        store.put(sys.argv[2], "parent", b"of the parent")
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tried here
        if child := os.fork():
            assert os.waitpid(child, 0)[1] == 0
            print(store.get(sys.argv[2], "child"))
        else:
            signal.alarm(20)
            store.put(sys.argv[2], "child", store.get(sys.argv[2], "parent") + b" and its child")
            os._exit(0)
        """,
        ministack_url,
        bucket,
    )
    assert said == "b'of the parent and its child'\n"


PUT_UNTIL_KILLED = """
import sys, time
from storage.s3 import S3Objects

def body():
    for number in range(10_000):
        yield bytes(1024 * 1024)
        if number == 30:
            print("half", flush=True)
            time.sleep(60)

S3Objects(region="eu-west-1", endpoint=sys.argv[1]).put(sys.argv[2], "r/big.chn", body())
"""


def test_a_killed_put_leaves_an_upload_that_can_be_cleared(ministack_url: str, objects: Objects, bucket: str) -> None:
    with start_python(PUT_UNTIL_KILLED, ministack_url, bucket) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.kill()
    assert keys(objects, bucket) == []
    with pytest.raises(ObjectMissing):
        objects.head(bucket, "r/big.chn")
    assert objects.clear_leftovers(bucket, prefix="r/", older_than_s=3600) == 0
    assert objects.clear_leftovers(bucket, prefix="s/", older_than_s=0) == 0
    assert objects.clear_leftovers(bucket, prefix="r/", older_than_s=0) == 1
    assert objects.clear_leftovers(bucket, prefix="r/", older_than_s=-60) == 0


def test_many_streamed_writes_at_once_hold_one_part_each(ministack_url: str, bucket: str) -> None:
    said = run_python(
        """
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from threading import Barrier
        from storage.s3 import S3Objects
        from tests.storage.process import peak_mib

        WRITERS = 8
        store = S3Objects(region="eu-west-1", endpoint=sys.argv[1])
        barrier = Barrier(WRITERS)

        def body():
            for number in range(11 << 4):
                yield bytes(1 << 16)
                if number == (5 << 4) - 2:
                    barrier.wait(30)  # all hold nearly a whole part

        store.put(sys.argv[2], "warm", (bytes(1 << 20) for _ in range(6)))
        before = peak_mib()
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda n: store.put(sys.argv[2], str(n), body()), range(WRITERS)))
        print((peak_mib() - before) / WRITERS)
        """,
        ministack_url,
        bucket,
    )
    assert float(said) * (1 << 20) < 6_000_000  # a part of 5 MiB, and what the client holds beside it


@pytest.mark.parametrize("kind", [S3Objects, BotoObjects])
@pytest.mark.parametrize("form", [bytes, pieces_of])
@pytest.mark.parametrize("size_bytes", [1000, BIG])
def test_an_object_lies_in_the_class_that_is_asked_for(
    ministack_url: str, bucket: str, others: Any, kind: type[BotoObjects], form: Callable, size_bytes: int
) -> None:
    store = kind(region=REGION, endpoint=ministack_url)
    store.put(bucket, "k", form(content_of(size_bytes)), storage_class="INTELLIGENT_TIERING")
    assert others.head_object(Bucket=bucket, Key="k")["StorageClass"] == "INTELLIGENT_TIERING"
    store.put(bucket, "k", form(content_of(size_bytes)))
    assert others.head_object(Bucket=bucket, Key="k").get("StorageClass", "STANDARD") == "STANDARD"


@pytest.mark.prove
def test_a_large_body_is_never_held_whole(ministack_url: str, objects: Objects, bucket: str) -> None:
    said = run_python(
        """
        import sys
        from storage.s3 import S3Objects
        from tests.storage.process import peak_mib

        store = S3Objects(region="eu-west-1", endpoint=sys.argv[1])
        store.put(sys.argv[2], "warm", b"x")
        before = peak_mib()
        store.put(sys.argv[2], "k", (bytes(1 << 20) for _ in range(300)))
        read = sum(len(chunk) for chunk in store.stream(sys.argv[2], "k"))
        print(read >> 20, peak_mib() - before)
        """,
        ministack_url,
        bucket,
    )
    objects.delete(bucket, "k")
    read, grown = map(float, said.split())
    assert read == 300
    assert grown < 100
