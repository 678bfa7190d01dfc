"""The base of the portal's commands: what a person can settle is one sentence on the terminal, never a traceback.

Owns: which errors those are, and the exit status of a wrong call, of work that was done in part, and of Ctrl-C.
"""

from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError

from chunks.errors import ChunksError
from chunks.format.keys import NameRefused
from jobs.errors import JobError
from people.errors import AskerUnknown, PeopleError
from storage.errors import StorageError

CALLED_WRONGLY = 2
PARTLY_DONE = 3
STOPPED = 130  # as shells have it
FOR_PEOPLE: tuple[type[Exception], ...] = (ChunksError, StorageError, PeopleError, JobError, NameRefused)


class PortalCommand(BaseCommand):
    """`handle` lets every error rise whose message is for people; `for_people` adds those of a command's own app."""

    for_people: ClassVar[tuple[type[Exception], ...]] = ()

    def execute(self, *args: Any, **options: Any) -> str | None:  # noqa: ANN401 (the signature is Django's)
        try:
            return super().execute(*args, **options)
        except AskerUnknown as error:
            raise CommandError(str(error), returncode=CALLED_WRONGLY) from error
        except (*FOR_PEOPLE, *self.for_people) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. What was done until then stays.", returncode=STOPPED) from error
