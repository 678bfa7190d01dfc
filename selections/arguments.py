"""The words of a question on the command line, the same for every command that asks one.

Owns: the options, and how they become a `Selection`. Whose permission holds (`--as`) is said by `people.asking`.
"""

import re
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from selections.errors import NoPatientNamed
from selections.selection import Selection
from selections.words import FIELDS, parse

# Of several words: `--start day 3 14:05` needs no quotes.
_SENTENCES = frozenset({"start", "stop", "when", "pad"})
_HELP = {
    "patient": ("ID", "patients by ID (2002), or patterns (20*)"),
    "task": ("NAME", "while they played this task: ToM_Loc in any spelling, a part of it, tom*, =ToM_Loc, or several"),
    "pad": ("MIN", "minutes before and after each session of the task: 5, or 5,10"),
    "day": ("DAYS", "days since implantation (day 0): 4, -1..3, or 2002-01-03 for one patient"),
    "start": ("TIME", "from this time on: day 3 14:05, or 2002-01-03 14:05 for one patient"),
    "stop": ("TIME", "up to this time, without it"),
    "when": ("TIMES", "a stretch of time: day 3 14:05..day 4 02:00; give it again for more"),
    "hours": ("HOURS", "hours of every day asked for: 22:00-06:00"),
    "channel": ("CHANNEL", 'labels (LTG1), ranges (LTG1..LTG8), patterns (LTG*), numbers (5, 1..16), "labels, quoted"'),
}


def add_selection_arguments(parser: ArgumentParser) -> None:
    """The options of a question, and `--as`. All times are the recorder's own clock."""
    # Days before implantation are written -1, and ranges of them -1..3: values, not options.
    parser._negative_number_matcher = re.compile("-[0-9]")
    for field, (metavar, text) in _HELP.items():
        parser.add_argument(
            f"--{field}", metavar=metavar, nargs="+", action="append", default=[], help=text.replace("%", "%%")
        )
    parser.add_argument(
        "--no-triggers", action="store_true", help="leave away the trigger and DC channels that come along with a task"
    )
    parser.add_argument("--all-patients", action="store_true", help="every patient there is, or that the user may see")
    parser.add_argument(
        "--as", dest="as_user", metavar="USER", help="with the permission of this user, and in her name"
    )


def selection_from(options: Mapping[str, Any]) -> Selection:
    """The question that the options ask. Raises `SelectionError`; `NoPatientNamed` where no patient is named."""
    words = {field: _texts(field, options.get(field) or []) for field in FIELDS}
    if options.get("no_triggers"):
        words["triggers"] = ["no"]
    if options.get("all_patients"):
        words["patient"] = ["*"]
    elif not any(text.strip() for text in words["patient"]):
        raise NoPatientNamed("Say whose recordings: --patient ID, several, patterns such as '20*', or --all-patients.")
    return parse(words)


def _texts(field: str, given: list[list[str]]) -> list[str]:
    if field in _SENTENCES:
        return [" ".join(words) for words in given]
    return [word for words in given for word in words]
