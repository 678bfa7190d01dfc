"""What is told of a comparison of buckets and rows: lines for the person at work, JSON for keeping, one line for a log.

Owns: the words. Keys are shown to whoever runs the command, never in a log: one that another hand made may hold a name.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict

from chunks.reindex_report import OfPatient, Report


def lines(report: Report, *, check: bool) -> Iterator[str]:
    """The sums, then a few lines of each patient of whom there is something to tell."""
    patients = f"{len(report.patients):,} {'patient' if len(report.patients) == 1 else 'patients'}"
    done = (
        f"nothing was written: {report.missing:,} rows are missing, {report.stale:,} are old"
        if check
        else f"{report.written:,} rows written ({report.missing:,} missing, {report.stale:,} old)"
    )
    yield (
        f"{patients}, {report.objects:,} objects: {done}, {report.removed:,} removed, "
        f"{report.orphaned - report.removed:,} without an object, {report.unreadable:,} objects unreadable."
    )
    for each in report.patients:
        yield from _of_patient(each, check=check)
    yield from report.strangers


def many(each: OfPatient) -> str:
    """What is asked before more rows of a patient are removed than may be unasked."""
    share = 100 * each.orphaned / max(each.rows, 1)
    return f"{each.orphaned:,} of {each.rows:,} rows of patient {each.patient} ({share:.0f} %) have no object any more."


def summary(report: Report) -> str:
    """Without any name; empty where there is nothing to tell."""
    told = {
        "rows written": report.written,
        "rows without an object": report.orphaned - report.removed,
        "rows removed": report.removed,
        "objects unreadable": report.unreadable,
        "recordings incomplete": sum(len(each.incomplete) for each in report.patients),
        "recordings interrupted": sum(len(each.interrupted) for each in report.patients),
        "buckets that could not be looked at": sum(bool(each.fault) for each in report.patients),
        "buckets of unknown patients": len(report.strangers),
    }
    return ", ".join(f"{count} {words}" for words, count in told.items() if count)


def as_json(report: Report) -> str:
    plain = asdict(report)
    for each in plain["patients"]:
        each["unreadable_objects"] = [{"key": key, "reason": reason} for key, reason in each.pop("named")]
        each["incomplete"] = [
            {"recording": name, "chunks": there, "expected": expected} for name, there, expected in each["incomplete"]
        ]
    return json.dumps({"written": report.written, "removed": report.removed} | plain, ensure_ascii=False, indent=1)


def _of_patient(each: OfPatient, *, check: bool) -> Iterator[str]:
    who = f"patient {each.patient}"
    if each.withdrawn and each.orphaned:
        yield f"{who} has withdrawn: {each.orphaned:,} rows {'would be' if check else 'were'} removed."
        return
    if each.fault:
        yield f"{who} could not be compared: {each.fault}"
    for key, reason in each.named:
        yield f"{who}, unreadable {key!r}: {reason}"
    if each.unreadable > len(each.named):
        yield f"{who}: and {each.unreadable - len(each.named):,} more unreadable objects (the page of index faults)."
    left = each.orphaned - each.removed
    if left and not each.withdrawn:
        unsure = " They are many: is the bucket the right one? Else add --many." if each.kept_because_many else ""
        yield f"{who}: {left:,} rows have no object any more; --fix removes them.{unsure}"
        yield from (f"  {key!r}" for key in each.orphans)
    for name, there, expected in each.incomplete:
        yield (
            f"{who}, {name}: {there:,} of {expected:,} chunks are there: take its file in again, which puts the others."
        )
    for name in each.interrupted:
        yield f"{who}, {name}: its ingest was interrupted: run it again, and it goes on."
