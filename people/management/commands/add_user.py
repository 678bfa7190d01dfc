"""`manage.py add_user NAME --role ROLE`: makes an account, and lets it see patients."""

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from people.accounts import find_account, make_account, roles_of
from people.command import AccountCommand
from people.grants import check_grant, give_grant, grants_in_force, today
from people.models import Patient
from people.origin import terminal_origin
from people.patients import find_patient
from people.roles import STAFF, Role
from people.scope import server_scope


class Command(AccountCommand):
    help = (
        "Make an account with a role, and let it see patients. Again for one who exists, it gives only the grants that "
        "are new. Data managers and administrators see all patients without a grant."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("username", metavar="NAME", help="the name to log in with")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role], help="what it may do")
        whom = parser.add_mutually_exclusive_group()
        whom.add_argument("--patient", nargs="+", metavar="ID", default=[], help="patients this account may see")
        whom.add_argument("--all-patients", action="store_true", help="this account may see every patient")
        parser.add_argument("--reason", default="", help="why, such as the number of the protocol")
        parser.add_argument("--until", type=_day, metavar="DATE", help="the last day, such as 2027-12-31; none: no end")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        self.require_tables()
        role = Role(options["role"])
        patients = self._patients(role, options)
        user = self._account(role, options)
        by, origin = server_scope(means="command"), terminal_origin()
        held = {(grant.patient_id, grant.valid_until) for grant in grants_in_force(user)}
        for patient in patients:
            name = f"patient {patient.pk}" if patient else "all patients"
            if (patient.pk if patient else None, options["until"]) in held:
                self.stdout.write(f"{user.username} may see {name} already.")
                continue
            give_grant(
                user, patient=patient, reason=options["reason"], by=by, valid_until=options["until"], origin=origin
            )
            until = f"until {options['until']}" if options["until"] else "without an end"
            self.stdout.write(f"{user.username} may see {name} {until}.")

    def _patients(self, role: Role, options: dict[str, Any]) -> list[Patient | None]:
        """Whom to grant (None: all), each of whom can be granted: looked at before anything is made."""
        scope = server_scope(means="command")
        patients: list[Patient | None] = [find_patient(each, scope=scope) for each in dict.fromkeys(options["patient"])]
        patients += [None] * options["all_patients"]
        if patients and role in STAFF:
            raise CommandError(f"A {role} sees all patients: leave out --patient and --all-patients.")
        for patient in patients:
            check_grant(patient=patient, reason=options["reason"], valid_from=today(), valid_until=options["until"])
        return patients

    def _account(self, role: Role, options: dict[str, Any]) -> User:
        known = find_account(options["username"])
        if known is not None:
            held = roles_of(known)
            if held != [role]:
                has = f"the role {' and '.join(held)}" if held else "no role"
                raise CommandError(
                    f"The account {known.username} exists, with {has}. Roles are changed on the portal's page Admin."
                )
            self.stdout.write(f"The account {known.username} exists already.")
            return known
        email = options["email"]
        wanted = User(username=options["username"], email=email)
        password = self.password_for(wanted, stdin=options["password_stdin"])
        by, origin = server_scope(means="command"), terminal_origin()
        user, _ = make_account(wanted.username, password=password, role=role, email=email, by=by, origin=origin)
        self.stdout.write(f"The account {user.username} is made, with the role {role}.")
        return user


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day: write it like 2027-12-31.") from None
