"""A job gives the same rows from windows that stay in Python as from the table that goes through Java."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from pyspark.sql import DataFrame, SparkSession

from analysis.batches import per_window, schema_of
from analysis.context import Context
from analysis.in_place import WindowsInPlace
from storage.objects import Objects
from tests.analysis.driving import numbers, words
from tests.analysis.made import BUCKET, NAME, Made, event, take, write

pytestmark = [pytest.mark.database, pytest.mark.prove]


def rows_of(result: DataFrame) -> list[dict[str, Any]]:
    return sorted((row.asDict() for row in result.collect()), key=lambda row: str(words(row)))


@pytest.mark.parametrize("job", ["band_power", "line_length", "coherence"])
def test_a_job_gives_the_same_in_place_and_of_the_table(
    job: str, tmp_path: Path, objects: Objects, objects_url: str, spark: SparkSession
) -> None:
    write(tmp_path / "a.edf", signals=[Made(label=f"A{number}", rate=400) for number in range(3)], records=40)
    take(tmp_path / "a.edf", objects)
    objects.delete(BUCKET, f"{NAME}/A1_chunk-4.chn")
    options = {"objects": objects_url, "prefix": BUCKET, "window": "1", "chunks_a_task": "2"}
    run = import_module(f"analysis.jobs.{job}").run
    context = Context(events=tuple(event(number, at_s=3.01 + 2.77 * number) for number in range(12)))
    in_place = rows_of(run(WindowsInPlace(spark, options=options), context))
    of_the_table = rows_of(run(spark.read.format("chn").options(**options).load(), context))
    assert [words(row) for row in in_place] == [words(row) for row in of_the_table]
    # A transform of several windows at once rounds otherwise than one of each.
    assert [numbers(row) for row in in_place] == [pytest.approx(numbers(row), rel=1e-9) for row in of_the_table]
    assert [row["chunk"] for row in in_place if row["fault"]] == [4]
    assert len(in_place) > 1


def test_two_kernels_in_one_session_do_not_take_each_others_place(
    tmp_path: Path, objects: Objects, objects_url: str, spark: SparkSession
) -> None:
    """And what is looked for in their rows is found there: it narrows nothing that is read."""
    samples = write(tmp_path / "a.edf", records=9)
    take(tmp_path / "a.edf", objects)
    windows = WindowsInPlace(spark, options={"objects": objects_url, "prefix": BUCKET, "values": "digital"})

    def highest(traces: Any, sfreq: float) -> Any:
        return traces.max(axis=-1, keepdims=True)

    def renamed(batches: Any) -> Any:
        for batch in batches:
            swapped = pc.replace_substring(batch.column("label"), "LTG", "X")
            yield batch.select(["window"]).append_column("label", swapped)

    first = windows.mapInArrow(per_window(highest, names=["highest"]), schema_of(["highest"]))
    second = windows.mapInArrow(renamed, "window long, label string")
    assert second.where("label = 'X1'").count() == 9
    assert {row.highest for row in first.where("label = 'LTG1'").collect()} == {
        float(each) for each in samples["LTG1"].reshape(9, -1).max(axis=1)
    }
