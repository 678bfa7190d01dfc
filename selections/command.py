"""The base of commands that ask a question: one that cannot be answered is a sentence, and exit status 2."""

from typing import Any

from django.core.management.base import CommandError

from chunks.command import CALLED_WRONGLY, PortalCommand
from selections.errors import SelectionsError

NOT_A_QUESTION = CALLED_WRONGLY
NOTHING_FOUND = 1


class SelectionCommand(PortalCommand):
    """`handle` lets `SelectionsError` rise, as all errors whose message is for people."""

    def execute(self, *args: Any, **options: Any) -> str | None:  # noqa: ANN401 (the signature is Django's)
        try:
            return super().execute(*args, **options)
        except SelectionsError as error:
            raise CommandError(str(error), returncode=NOT_A_QUESTION) from error
