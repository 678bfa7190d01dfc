"""Once a day: records of sessions are made equal to the bucket, so that nothing an event forgot stays forgotten.

Owns: how little is done without anybody looking: what is missing or wrong is written, nothing is removed.
"""

from django.conf import settings

from behavior.place import sessions_here
from behavior.reindex import reindex
from people.scope import server_scope
from storage.urls import open_objects


def compare_sessions() -> str:
    """Does it; what it did, in a sentence without any name, empty where there was nothing to do."""
    objects = open_objects(settings.OBJECTS_URL)
    if not objects.bucket_exists(settings.SESSIONS_BUCKET):
        return ""
    report = reindex(objects, sessions_here(), by=server_scope(means="upkeep"))
    told = {
        "added": report.added,
        "replaced": report.replaced,
        "counts put right": report.counts_wrong,
        "unreadable": len(report.unreadable),
        "without an object": len(report.orphans),
        "of unknown patients": len(report.unknown_subjects),
    }
    return ", ".join(f"{count} {word}" for word, count in told.items() if count)
