"""`manage.py` in a hurry, as a process of its own: short waits, and the emulator's address is the portal's own file.

A lease holds 2 s, so that who was killed is soon forgotten.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import execute_from_command_line  # noqa: E402 - only now

from hibernation import jobs, sleeping  # noqa: E402
from hibernation.work import Pace, Work  # noqa: E402
from jobs.lease import TIMING  # noqa: E402
from people.scope import Scope  # noqa: E402

PACE = Pace(look_s=0.2, quick_s=0.1, limit_s=60, settle_s=1, closing_s=0.2)


def quickly() -> None:
    real = jobs.work_here

    def work_here(scope: Scope, **more: object) -> Work:
        work = real(scope, **more)  # type: ignore[arg-type] # passed on
        work.pace, work.address = PACE, lambda _name, _port: ("", 0)
        return work

    jobs.work_here = work_here
    sleeping.CALLS_TWICE = 0
    for name, value in {"lease_s": 2.0, "renew_s": 0.3, "write_s": 0.1}.items():
        object.__setattr__(TIMING, name, value)


if __name__ == "__main__":
    quickly()
    execute_from_command_line(sys.argv)
