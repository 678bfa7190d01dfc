"""`manage.py migrate`: Django's own, on both databases, the portal's first, unless `--database` names one."""

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections

from chunks.headers_db.errors import HeadersAsleep, HeadersUnavailable


class Command(migrate.Command):
    """While the headers database sleeps its migrations wait, which is said and is no failure."""

    help = f"{migrate.Command.help} Without --database: those of every database, the portal's first."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def execute(self, *args: object, **options: object) -> None:
        for alias in [options["database"]] if options["database"] else connections:
            try:
                super().execute(*args, **options | {"database": alias})
            except HeadersAsleep as asleep:
                self.stdout.write(str(asleep))
            except HeadersUnavailable as error:
                raise CommandError(str(error)) from error
