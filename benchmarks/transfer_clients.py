"""The clients of `benchmarks.transfer`, each in a process of its own: `python -m benchmarks.transfer_clients MODE …`.

`up FOLDER BUCKET` puts every file of a folder, `down BUCKET FOLDER` fetches every object: `boto3-…` with plain boto3 in
eight threads, `store-…` by the layers that `ingest_edf` and `download` stand on, without their databases.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

THREADS = 8
PATIENT = "2002"


def boto3_client() -> Any:  # noqa: ANN401 (boto3 makes its classes as it runs)
    config = Config(
        s3={"addressing_style": "path"},
        max_pool_connections=THREADS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], config=config)


def boto3_up(folder: Path, bucket: str) -> None:
    client = boto3_client()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda path: client.upload_file(str(path), bucket, path.name), sorted(folder.iterdir())))


def boto3_down(bucket: str, folder: Path) -> None:
    client = boto3_client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    folder.mkdir()

    def fetch(key: str) -> None:
        client.download_file(bucket, key, str(folder / key.replace("/", "_")))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fetch, keys))


def store_up(folder: Path, bucket: str) -> None:
    from chunks.split import WRITERS
    from storage.urls import open_objects

    store = open_objects(os.environ["ECOG_OBJECTS_URL"])

    def put(path: Path) -> None:
        store.put(bucket, path.name, path.read_bytes())

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(put, sorted(folder.iterdir())))


def store_down(bucket: str, folder: Path) -> None:
    from downloads.folder import TreeFolder
    from downloads.manifest import Entry
    from downloads.take import take
    from jobs.terminal import show_progress
    from storage.urls import open_objects

    store = open_objects(os.environ["ECOG_OBJECTS_URL"])
    entries = [
        Entry(
            path=f"s3_download/{PATIENT}/{info.key}",
            bucket=bucket,
            key=info.key,
            etag=info.etag,
            patient=PATIENT,
            recording=info.key.partition("/")[0],
            channel=None,
            label="",
            start=datetime(2002, 1, 3),
            stop=datetime(2002, 1, 3),
            size_bytes=info.size_bytes,
            crc32_samples=None,
            crc32_file=None,
        )
        for info in store.list(bucket)
    ]
    with show_progress(total_bytes=1, label="x", stream=open(os.devnull, "w")) as bar:  # noqa: PTH123
        take(entries, store=store, folder=TreeFolder(folder), begin=lambda _plan: bar)


MODES = {"boto3-up": boto3_up, "boto3-down": boto3_down, "store-up": store_up, "store-down": store_down}


def main(mode: str, *words: str) -> None:
    MODES[mode](*(Path(word) if word.startswith("/") else word for word in words))


if __name__ == "__main__":
    main(*sys.argv[1:])
