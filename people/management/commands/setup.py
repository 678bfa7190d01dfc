"""`manage.py setup`: makes the first administrator."""

import sys
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from people.accounts import find_account, has_administrator, make_account, roles_of
from people.command import AccountCommand
from people.origin import terminal_origin
from people.roles import Role
from people.scope import server_scope

SUGGESTED = "admin"


class Command(AccountCommand):
    help = (
        "Make an administrator, who then gives others access on the pages of the portal. Asks for name and password on "
        "a terminal. Again for one who exists, it changes nothing and says so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--username", help="the name to log in with")
        parser.add_argument("--if-none", action="store_true", help="do nothing where there is an administrator already")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        self.require_tables()
        if options["if_none"] and has_administrator():
            self.stdout.write("There is an administrator already; nothing is changed.")
            return
        username = options["username"] or self._ask_name()
        known = find_account(username)
        if known is not None:
            self._say_known(known)
            return
        wanted = User(username=username, email=options["email"])
        password = self.password_for(wanted, stdin=options["password_stdin"])
        by, origin = server_scope(means="command"), terminal_origin()
        user, _ = make_account(
            username, password=password, role=Role.ADMINISTRATOR, email=options["email"], by=by, origin=origin
        )
        self.stdout.write(f"The administrator {user.username} is made and can log in.")

    def _ask_name(self) -> str:
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for a name: give it by --username.")
        return input(f"Name of the administrator [{SUGGESTED}]: ").strip() or SUGGESTED

    def _say_known(self, user: User) -> None:
        if Role.ADMINISTRATOR not in roles_of(user) and not user.is_superuser:
            raise CommandError(f"The account {user.username} exists and is no administrator. Choose another name.")
        if not user.is_active:
            raise CommandError(f"The account {user.username} is closed. Choose another name.")
        self.stdout.write(f"The administrator {user.username} exists already; nothing is changed.")
