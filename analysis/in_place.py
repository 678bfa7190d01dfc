"""A job's windows, mapped by the Python that reads them, so that no sample goes to Java and back.

Owns: that a reading and what is to be done with it are one. `spark.read.format("chn")` gives the same windows as a
table, and a job takes either; there every sample goes from Python to Java, is copied, and comes back before a kernel
sees it, which costs more than the kernel does (docs/spark.md has the figures). Runs where no Django is installed.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from analysis.batches import Mapper
from analysis.options import Options
from analysis.source import ChnReader


class WindowsInPlace:
    """What `analysis.context.Windows` asks, for a session in which the source is registered.

    options: those of `spark.read.format("chn")`.
    """

    def __init__(self, spark: SparkSession, *, options: Mapping[str, str]) -> None:
        self._spark = spark
        self._options = dict(options)

    def mapInArrow(self, func: Mapper, schema: str) -> DataFrame:  # noqa: N802 (the name is Spark's)
        """As of the table: `func` is given the windows of a task, and gives rows of this schema."""
        own = {"master": self._spark.sparkContext.master, "func": staticmethod(func), "rows": schema}
        self._spark.dataSource.register(type("MappedSource", (_MappedSource,), {**own, "__module__": __name__}))
        return self._spark.read.format(_MappedSource.name()).options(**self._options).load()


class _MappedSource(DataSource):
    """A source of one job's rows. What is looked for in them says nothing of the chunks to read: nothing is pushed."""

    master: ClassVar[str]
    func: ClassVar[Mapper]
    rows: ClassVar[str]

    @classmethod
    def name(cls) -> str:
        return "chn-mapped"

    def schema(self) -> str:
        return self.rows

    def reader(self, schema: StructType) -> DataSourceReader:
        return _MappedReader(ChnReader(Options.of(self.options, master=self.master)), func=type(self).func)


class _MappedReader(DataSourceReader):
    def __init__(self, windows: ChnReader, *, func: Mapper) -> None:
        self._windows = windows
        self._func = func

    def partitions(self) -> list[InputPartition]:
        return self._windows.partitions()

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self._func(self._windows.read(partition))
