"""`python -m analysis.driver`: one job, from a manifest to files of a result; what Spark calls an application.

Owns: the order of things on the driver, and what it leaves for whoever submitted it: `progress.json` while it works and
`outcome.json` at its end, in the result's folder, so that it is followed alike on this machine, on a cluster and on
EMR. Runs where no Django is installed. A SIGTERM, the end of the process that holds its standard input (with
`--attended`), or the end of a file beside the result (`--while`: who cancels removes it) ends the application cleanly.
"""

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from analysis.context import Context, Windows, decode_events
from analysis.driven import OUTCOME, Outcome, Watch
from analysis.errors import AnalysisError, NotAManifest
from analysis.in_place import WindowsInPlace
from analysis.known import KNOWN, Known
from analysis.manifest_file import Summary, decode_summary
from analysis.packing import described, pack
from analysis.place import Place
from analysis.registering import register
from analysis.summary import summary_of
from analysis.writing import FAULTS, WRITTEN, Writer
from storage.errors import BucketMissing, ObjectMissing, StorageError

CHUNKS_A_FILE = 512
FILES_MAX = 200
ATTENDED = "--attended"
STOP_S = 10.0
WANTED_EVERY_S = 10.0
EX_TERMINATED = 143
MEMORY = "Most often memory has run out: ask for less at once, or give it more (spark-defaults.conf)."
log = logging.getLogger("analysis.driver")


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 where `outcome.json` says that it is done."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, _stop)
    if asked.attended:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    place = Place(asked.results)
    if asked.wanted:
        threading.Thread(target=_end_when_unwanted, args=(asked.wanted,), kwargs={"place": place}, daemon=True).start()
    try:
        outcome = _run(asked, place=place)
    except (AnalysisError, StorageError) as error:
        outcome = Outcome(reason=str(error))
    except Exception as error:
        log.exception("Spark failed.")
        outcome = Outcome(reason=_reason(error, master=asked.master))
    place.put(f"{asked.folder}/{OUTCOME}", outcome.encode())
    return 0 if outcome.done else 1


def _run(asked: argparse.Namespace, *, place: Place) -> Outcome:
    job = KNOWN[asked.job]
    name = f"ecog {asked.job} {asked.folder}"
    with session_of(asked.master, name=name) as spark, tempfile.TemporaryDirectory(prefix="ecog-manifest-") as folder:
        path = Path(folder) / "manifest.jsonl"
        path.write_bytes(place.get(asked.manifest))
        manifest = _summary(path)
        options = {"objects": asked.objects, "manifest": str(path), "window": asked.window or str(job.window_s)}
        windows = WindowsInPlace(spark, options=options)
        about = {
            "job": job.name,
            "window_s": options["window"],
            "selection": asked.question,
            "software": asked.software,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with Watch(spark, put=lambda body: place.put(f"{asked.folder}/progress.json", body)):
            rows = _rows(job, windows, context=_context(asked, place=place), chunks=manifest.chunks)
            writer = Writer(place=asked.results, folder=asked.folder, job=job, about=about)
            files = [row.asDict() for row in rows.mapInArrow(writer, WRITTEN).collect()]
        version = spark.version
    return _kept(files, about=about | {"spark": version}, manifest=manifest, asked=asked, place=place)


def _kept(
    files: list[dict[str, Any]], *, about: Mapping[str, str], manifest: Summary, asked: argparse.Namespace, place: Place
) -> Outcome:
    """What is left of the application: its files, what is drawn of them, and the zip."""
    job = KNOWN[asked.job]
    _discard_others(files, place=place, folder=asked.folder)
    ordered = sorted(files, key=lambda each: str(each["name"]))
    faults = sum(each["rows"] for each in files if each["kind"] == FAULTS)
    window_s = float(Fraction(about["window_s"]))
    words = described(job, about=about, manifest=manifest, faults=faults)
    return Outcome(
        done=True,
        about=about,
        files=tuple(ordered),
        faults=faults,
        summary=summary_of(ordered, known=job, window_s=window_s, folder=asked.folder, place=place),
        size_bytes=pack(ordered, about=words, folder=asked.folder, place=place),
    )


def _summary(manifest: Path) -> Summary:
    with manifest.open(encoding="utf-8") as lines:
        (last,) = deque(lines, maxlen=1) or [""]
    summary = decode_summary(last)
    if summary is None:
        raise NotAManifest("The manifest has no last line: it was cut off. Write it anew.")
    return summary


def _rows(job: Known, windows: Windows, *, context: Context, chunks: int) -> DataFrame:
    """The job's rows, brought together so that a result is not as many files as there were tasks."""
    result: DataFrame = import_module(f"analysis.jobs.{job.name}").run(windows, context)
    keys = [name for name in ("patient", "recording", "channel", "label") if name in result.columns]
    return result.repartition(max(1, min(FILES_MAX, -(-chunks // CHUNKS_A_FILE))), *keys)


def _context(asked: argparse.Namespace, *, place: Place) -> Context:
    if not asked.events:
        return Context()
    return Context(events=tuple(decode_events(place.get(asked.events).decode().splitlines())))


def _discard_others(files: list[dict[str, Any]], *, place: Place, folder: str) -> None:
    """Files of tasks that ran twice, or whose worker died before it told of them."""
    told = {each["name"] for each in files}
    for kind in ("data", FAULTS):
        for name in list(place.names(f"{folder}/{kind}/")):
            if name not in told:
                place.discard(name)


@contextmanager
def session_of(master: str, *, name: str) -> Iterator[SparkSession]:
    """A session as jobs have it; afterwards it has ended."""
    builder = SparkSession.builder.appName(name)
    for setting, value in _settings(master).items():
        builder = builder.config(setting, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    register(spark)
    try:
        yield spark
    finally:
        spark.sparkContext.cancelAllJobs()
        spark.stop()


def _settings(master: str) -> Mapping[str, str]:
    """What an application needs, beside what `spark-defaults.conf` says. EMR says its master itself."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # A window of 10 s at 2,000 Hz has 160 kB: a batch of them must fit into small executors several times.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "256",
        "spark.sql.execution.arrow.maxBytesPerBatch": str(16 * 1024 * 1024),
    }
    if master:
        settings["spark.master"] = master
    if master.startswith("local"):
        os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return settings


def _reason(error: Exception, *, master: str) -> str:
    """A sentence of ours where a task ended with one; else what can be done, or the class: Spark's texts hold whole
    traces."""
    text = str(error)
    for mark in ("analysis.errors.", "storage.errors."):
        said = text.partition(mark)[2].partition(": ")[2].partition("\n")[0]
        if said:
            return said
    if "stopped SparkContext" in text or "SparkContext was shut down" in text:
        return f"Spark's master {master} did not take the application, or is gone: is it running, can it be reached?"
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    java_gone = isinstance(error, Py4JError) and getattr(error, "java_exception", None) is None
    if java_gone or isinstance(error, ConnectionError) or condition == "JAVA_GATEWAY_EXITED":
        return f"Spark's Java did not start, or was killed. {MEMORY}"
    if any(mark in text for mark in ("OutOfMemoryError", "ExecutorLostFailure")):
        return f"Spark lost one of its processes too often. {MEMORY}"
    return f"Spark ended with {condition or type(error).__name__}; its log says more."


def _stop(*_: object) -> None:
    raise SystemExit(EX_TERMINATED)


def _end_with_parent() -> None:
    while os.read(0, 1024):  # nobody writes: it returns when the other end is gone
        pass
    _end_soon()


def _end_when_unwanted(name: str, *, place: Place) -> None:
    """A step of EMR that is cancelled may leave its application at work, and one whose worker was killed always does.
    Both lose their folder."""
    while True:
        time.sleep(WANTED_EVERY_S)
        try:
            place.get(name)
        except (ObjectMissing, BucketMissing):
            log.warning("Nobody waits for this any more.")
            _end_soon()
        except StorageError as error:
            log.warning("Whether this is still wanted cannot be asked: %s", error)


def _end_soon() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_S)
    _end(EX_TERMINATED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis.driver", description=__doc__)
    parser.add_argument("--job", required=True, choices=sorted(KNOWN))
    parser.add_argument("--objects", required=True, help="the place of the chunks, as ECOG_OBJECTS_URL")
    parser.add_argument("--results", required=True, help="the place of results, as ECOG_RESULTS_URL")
    parser.add_argument("--manifest", required=True, help="its name in the place of results")
    parser.add_argument("--events", default="", help="likewise")
    parser.add_argument("--folder", required=True, help="where the result goes, in the place of results")
    parser.add_argument("--window", default="", help="seconds")
    parser.add_argument("--master", default="", help="Spark's master; empty: as spark-submit says")
    parser.add_argument("--question", default="")
    parser.add_argument("--software", default="")
    parser.add_argument("--while", dest="wanted", default="", help="end when this file in the place of results does")
    parser.add_argument(ATTENDED, action="store_true", help="end when standard input does")
    return parser


def _end(status: int) -> None:
    """Ends this process at once: all is written, and threads of native libraries sometimes abort an interpreter that
    tidies up. Attended, it takes a Java along that had only begun to start, which nobody else would end."""
    logging.shutdown()
    if ATTENDED in sys.argv and os.getsid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(status)


if __name__ == "__main__":
    try:
        ended_as = main()
    except SystemExit as ended:
        ended_as = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # it ends here, whatever it is
        log.exception("The driver failed.")
        ended_as = 1
    _end(ended_as)
