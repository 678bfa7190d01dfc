"""A streaming query whose batches are kept as Parquet, and what they hold."""

import time
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from analysis.table import ddl

LIMIT_S = 180


def begin(
    spark: SparkSession, folder: Path, *, url: str, trigger: dict | None = None, **options: str
) -> StreamingQuery:
    """Starts (or goes on with) the query of a folder."""
    stream = spark.readStream.format("chn").options(objects=url, prefix="edf-chunks-*", **options).load()
    writer = stream.writeStream.format("parquet").option("checkpointLocation", str(folder / "checkpoint"))
    return writer.trigger(**(trigger or {"processingTime": "1 second"})).start(str(folder / "table"))


def to_the_end(spark: SparkSession, folder: Path, *, url: str, **options: str) -> None:
    """All that there is now, and then it stops."""
    query = begin(spark, folder, url=url, trigger={"availableNow": True}, **options)
    assert query.awaitTermination(LIMIT_S)


def rows(spark: SparkSession, folder: Path) -> list[dict]:
    """What the batches that were committed hold."""
    table = folder / "table"
    if not (table / "_spark_metadata").is_dir():
        return []
    return [row.asDict() for row in spark.read.schema(ddl(digital=True)).parquet(str(table)).collect()]


def wait(until: Callable[[], object], *, query: StreamingQuery) -> None:
    end = time.monotonic() + LIMIT_S
    while not until():
        assert query.exception() is None, query.exception()
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.5)
