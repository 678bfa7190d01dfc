"""The subject of a session as the ID of a patient.

Owns nothing but the copy of the rule for patient IDs that plain Python needs; a test holds it equal to
`people.patients`. Plain Python.
"""

import re

from behavior.errors import BadSession

PATIENT_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?")


def parse_subject(text: str) -> str:
    """Raises `BadSession` for what can be no patient's ID."""
    if not PATIENT_ID.fullmatch(text):
        raise BadSession(
            f"{text[:40]!r} is no patient ID: write 1 to 40 letters, digits and hyphens, such as 2002, and "
            "correct it with --patient."
        )
    return text
