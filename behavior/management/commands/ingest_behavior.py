"""`manage.py ingest_behavior`: sessions' files into the bucket of sessions, indexed."""

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from behavior import report
from behavior.command import SessionsCommand
from behavior.documents import LIMIT_BYTES
from behavior.errors import BehaviorError, NotASession, SessionRefused
from behavior.place import sessions_here
from behavior.report import Result
from behavior.sessions import Sessions
from behavior.take import Hints, take
from chunks.command import PARTLY_DONE
from chunks.errors import ChunksError
from people import audit
from people.asking import COMMAND
from people.errors import PeopleError
from people.origin import terminal_origin
from people.scope import Scope, server_scope
from storage.errors import StorageError
from storage.objects import Objects
from storage.urls import open_objects

REFUSALS = (BehaviorError, ChunksError, PeopleError, StorageError, OSError)


class Command(SessionsCommand):
    help = (
        "Put sessions' JSON files into the bucket of sessions and index them. A file taken before changes nothing; a "
        "name that belongs to another file is never overwritten. One bad file does not stop the others (exit status 3)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="files, and folders of .json files")
        parser.add_argument("--task", metavar="NAME", help="the task, of files that do not say it")
        parser.add_argument("--patient", metavar="ID", help="the patient, of files that do not say it")
        parser.add_argument("--day", metavar="N", type=int, help="the day, of files that do not say it")
        parser.add_argument("--json", action="store_true", help="the report as JSON, without any file's name")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        paths = find_files(options["paths"])
        hints = Hints(experiment=options["task"], subject=options["patient"], day=options["day"])
        objects, sessions, scope = open_objects(settings.OBJECTS_URL), sessions_here(), server_scope(means=COMMAND)
        results: list[Result] = []
        question = f"{len(paths)} files"
        with audit.act("ingest sessions", scope=scope, question=question, origin=terminal_origin()) as entry:
            for place, path in enumerate(paths, 1):
                result = _one(path, place=place, hints=hints, objects=objects, sessions=sessions, by=scope)
                results.append(result)
                if result.taken:
                    entry.add_patients({record.subject for record in result.taken.records})
                    entry.add_bytes(result.size_bytes)
                if not options["json"]:
                    shown = path if self.stdout.isatty() else None
                    self.stdout.write("\n".join(report.lines(result, of=len(paths), path=shown)))
            if bad := [str(result.place) for result in results if not result.taken]:
                entry.ends_as(audit.Outcome.FAILED, reason=f"Refused: number {', '.join(bad)} of {len(paths)}.")
        self.stdout.write(report.as_json(results) if options["json"] else report.summary(results))
        if bad:
            raise CommandError("Not every file was taken: the reasons stand with each.", returncode=PARTLY_DONE)


def find_files(paths: Iterable[Path]) -> Sequence[Path]:
    """Every file named, and every `.json` file below every folder named, in order of path and each once."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = sorted(each for each in path.rglob("*") if each.suffix.lower() == ".json" and each.is_file())
            if not below:
                raise SessionRefused(f"{path} holds no file that ends in .json. Name the files themselves.")
            found |= dict.fromkeys(below)
        elif path.exists():
            found[path] = None
        else:
            raise SessionRefused(f"There is nothing at {path}. Check the path.")
    return list(found)


def _one(path: Path, *, place: int, hints: Hints, objects: Objects, sessions: Sessions, by: Scope) -> Result:
    size_bytes = 0
    try:
        size_bytes = path.stat().st_size
        taken = take(_content(path, size_bytes), objects=objects, sessions=sessions, by=by, hints=hints)
    except REFUSALS as error:
        return Result(place=place, size_bytes=size_bytes, error=_told(error))
    return Result(place=place, size_bytes=size_bytes, taken=taken)


def _content(path: Path, size_bytes: int) -> bytes:
    if size_bytes > LIMIT_BYTES:
        raise NotASession(f"a file too large for a session ({size_bytes:,} bytes)")
    return path.read_bytes()


def _told(error: Exception) -> Exception:
    # The system's own message names the file.
    return SessionRefused(f"It cannot be read: {error.strerror}.") if isinstance(error, OSError) else error
