"""Makes the data source known to a Spark session.

Owns: what a session needs for it: the class with the session's master, filters handed to it, and on a cluster our plain
modules.
"""

import atexit
import shutil
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from analysis.source import ChnSource
from analysis.travelling import write_zip

PUSHDOWN = "spark.sql.python.filterPushdown.enabled"


def register(spark: SparkSession) -> None:
    """Afterwards `spark.read.format("chn")` and `spark.readStream.format("chn")` work, on the executors too."""
    master = spark.sparkContext.master or ""
    spark.conf.set(PUSHDOWN, "true")
    if not master.startswith("local"):
        folder = Path(tempfile.mkdtemp(prefix="ecog-spark-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # executors fetch it from there, also late ones
        spark.sparkContext.addPyFile(str(write_zip(folder)))
    # A class of the session's own: Spark sends it as it stands to the process that plans.
    spark.dataSource.register(type("ChnSource", (ChnSource,), {"master": master, "__module__": __name__}))
