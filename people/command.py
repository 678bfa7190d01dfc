"""The base of commands about people, and how they ask for a password.

Owns: that what `people` refuses is one sentence on the terminal, and that a password is neither an argument (all users
of a machine can read those) nor an environment variable, and is never echoed. Imports nothing of ours outside `people`.
"""

import getpass
import sys
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from people.accounts import check_password
from people.errors import PasswordRefused, PeopleError
from people.models import AuditEntry

TRIES = 3


class PeopleCommand(BaseCommand):
    """`handle` lets `PeopleError` rise, whose message is for people."""

    def execute(self, *args: Any, **options: Any) -> str | None:  # noqa: ANN401 (the signature is Django's)
        try:
            return super().execute(*args, **options)
        except PeopleError as error:
            raise CommandError(str(error)) from error


class AccountCommand(PeopleCommand):
    """A command that may make an account."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="", help="where a new password can be sent to, if the portal sends mail")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of standard input"
        )

    def require_tables(self) -> None:
        if AuditEntry._meta.db_table not in connection.introspection.table_names():
            raise CommandError("The portal database has no tables yet. First run: manage.py migrate")

    def password_for(self, user: User, *, stdin: bool) -> str:
        """A password that is not too easy to guess: from standard input, or asked for twice on the terminal."""
        if stdin:
            password = sys.stdin.readline().rstrip("\r\n")
            check_password(password, user=user)
            return password
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for a password: give it by --password-stdin.")
        return self._ask(user)

    def _ask(self, user: User) -> str:
        for _ in range(TRIES):
            password = getpass.getpass(f"Password for {user.username}: ")
            try:
                check_password(password, user=user)
            except PasswordRefused as refused:
                self.stderr.write(str(refused))
                continue
            if password == getpass.getpass("Once more: "):
                return password
            self.stderr.write("The two differ.")
        raise CommandError("No password was chosen, and no account is made.")
