"""The base of our commands: a headers database that cannot be asked is one sentence, not a traceback."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chunks.headers_db.errors import HeadersUnavailable


class HeadersCommand(BaseCommand):
    """A command that may need the headers database; `handle` lets `HeadersUnavailable` rise."""

    def execute(self, *args: Any, **options: Any) -> str | None:  # noqa: ANN401 - the signature is Django's
        try:
            return super().execute(*args, **options)
        except HeadersUnavailable as error:
            raise CommandError(str(error)) from error
