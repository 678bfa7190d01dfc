"""`spark.read.format("chn")` and `spark.readStream.format("chn")`: windows of samples of chunks, as a table.

Owns: what Spark calls. The planner asks `analysis.origins` for runs and deals them out; the executors read objects and
nothing else. Runs where no Django is installed. `analysis.registering.register` makes it known to a session.
"""

from collections.abc import Iterator
from typing import ClassVar

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, EqualTo, Filter, In, InputPartition
from pyspark.sql.types import StructType

from analysis.options import Options
from analysis.origins import Narrowing
from analysis.portions import read, tasks_of
from analysis.stream import Stream
from analysis.table import ddl
from storage.urls import open_objects

NARROWING = frozenset({"patient", "recording", "channel", "label", "bucket"})


class ChnSource(DataSource):
    """The options are those of `analysis.options.Options`; `master` is the session's."""

    master: ClassVar[str] = ""

    @classmethod
    def name(cls) -> str:
        return "chn"

    def schema(self) -> str:
        return ddl(digital=self._read().digital)

    def reader(self, schema: StructType) -> "ChnReader":
        return ChnReader(self._read())

    def streamReader(self, schema: StructType) -> Stream:  # noqa: N802 (the name is Spark's)
        return Stream(self._read())

    def _read(self) -> Options:
        return Options.of(self.options, master=self.master)


class ChnReader(DataSourceReader):
    """One reading of what there is."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._narrowing = Narrowing()

    def pushFilters(self, filters: list[Filter]) -> Iterator[Filter]:  # noqa: N802 (the name is Spark's)
        """Equality on the columns of a run keeps others from being dealt out; Spark still looks at every row."""
        for each in filters:
            if isinstance(each, EqualTo | In) and each.attribute[0] in NARROWING:
                values = each.value if isinstance(each, In) else (each.value,)
                self._narrowing = self._narrowing.also(each.attribute[0], frozenset(values))
            yield each

    def partitions(self) -> list[InputPartition]:
        objects = open_objects(self._options.objects)
        runs = self._options.origin.runs(objects, narrowing=self._narrowing)
        return list(tasks_of(runs, options=self._options))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return read(partition, options=self._options)
