"""The demo's two people: who administers the portal, and who searches it with leave to see one patient.

Owns: their names, and their passwords, which are made once and kept beside the data for whoever owns the data folder.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User

from people.accounts import make_account
from people.grants import give_grant, grants_in_force
from people.models import Patient
from people.roles import Role
from people.scope import Scope

ADMINISTRATOR, RESEARCHER = "demo-admin", "demo-researcher"
ROLES = {RESEARCHER: Role.RESEARCHER, ADMINISTRATOR: Role.ADMINISTRATOR}
GRANTED = "demo"
PASSWORD_BYTES = 12
LOGIN_FILE = "demo-login.txt"


@dataclass(frozen=True, kw_only=True)
class Login:
    """password: empty where it has been changed since."""

    name: str
    password: str
    role: Role


def make_people(*, data_dir: Path, by: Scope) -> list[Login]:
    """The accounts and the grant, made where they are missing; what one logs in with."""
    kept = _kept_passwords(data_dir / LOGIN_FILE)
    logins = [_login(name, password=kept[name], by=by) for name in ROLES]
    researcher = User.objects.get(username=RESEARCHER)
    if all(grant.patient_id != GRANTED for grant in grants_in_force(researcher)):
        give_grant(researcher, patient=Patient.objects.get(pk=GRANTED), reason="to see the demo", by=by)
    return logins


def _login(name: str, *, password: str, by: Scope) -> Login:
    user, _made = make_account(name, password=password, role=ROLES[name], by=by)
    return Login(name=name, password=password if user.check_password(password) else "", role=ROLES[name])


def _kept_passwords(path: Path) -> dict[str, str]:
    """Those of the file, which is made with mode 600 where it is missing: a name and its password a line."""
    if not path.exists():
        made = "".join(f"{name} {secrets.token_urlsafe(PASSWORD_BYTES)}\n" for name in ROLES)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(made)
    lines = path.read_text(encoding="ascii").splitlines()
    return {name: password for name, _, password in (line.partition(" ") for line in lines)}
