"""The people of the browser tests, and the portal that they use: the demo's patients, every process running."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.portal.served import Served

PASSWORD = "a long password of a test"
RESEARCHER, DATA_MANAGER, ADMINISTRATOR, NOBODY_GRANTED = "rita", "dan", "ada", "nora"
ACCOUNTS = f"""
from people.accounts import make_account
from people.grants import give_grant
from people.models import Patient
from people.roles import Role
from people.scope import server_scope

by = server_scope(means="test")
roles = {{"rita": Role.RESEARCHER, "dan": Role.DATA_MANAGER, "ada": Role.ADMINISTRATOR, "nora": Role.RESEARCHER}}
users = {{name: make_account(name, password={PASSWORD!r}, role=role, by=by)[0] for name, role in roles.items()}}
give_grant(users["rita"], patient=Patient.objects.get(pk="demo"), reason="protocol 7", by=by)
"""


@contextmanager
def peopled_portal(folder: Path) -> Iterator[Served]:
    """Answers when it begins, and has left no process when it ends."""
    portal = Served(folder / "var", DJANGO_SETTINGS_MODULE="portal.settings")
    portal.migrate()
    for words in (["demo", "--no-serve"], ["shell", "--no-imports", "-c", ACCOUNTS]):
        done = portal.manage(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    portal.start()
    try:
        yield portal
    finally:
        portal.end(signal.SIGINT)
        assert not portal.processes()
