"""What is told of an application's tasks: its own, all of them at its end, and no more than there were."""

import json
from typing import Any

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from analysis.driven import Watch

pytestmark = pytest.mark.prove


def told(spark: SparkSession, what: Any) -> list[dict[str, int]]:
    written: list[bytes] = []
    with Watch(spark, put=written.append):
        what()
    return [json.loads(each) for each in written]


def test_the_end_of_a_short_job_tells_of_all_its_tasks(spark: SparkSession) -> None:
    spark.range(9, numPartitions=9).rdd.count()  # of another time: no task of it is counted
    assert told(spark, spark.range(9, numPartitions=5).rdd.count)[-1] == {"done": 5, "of": 5}


def test_tasks_of_a_stage_that_need_not_be_done_again_are_counted_once(spark: SparkSession) -> None:
    pairs = spark.sparkContext.parallelize([(each % 3, each) for each in range(30)], 4).reduceByKey(max, 3)

    def twice() -> None:
        assert pairs.count() == pairs.count() == 3

    assert told(spark, twice)[-1] == {"done": 4 + 3 + 3, "of": 4 + 3 + 3}


def test_what_failed_is_not_told_as_done(spark: SparkSession) -> None:
    written: list[bytes] = []

    numbers = spark.sparkContext.parallelize(range(4), 4)
    with pytest.raises(PySparkException), Watch(spark, put=written.append):
        numbers.map(lambda number: 1 / (number - 3)).collect()
    (last,) = [json.loads(each) for each in written][-1:]
    assert last["done"] < last["of"] == 4
