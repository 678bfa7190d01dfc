"""A question as the options of a command line: the same words that `selections.arguments` reads.

Owns: how they are quoted for a shell (POSIX), and for the words of channels. Plain Python, no database.
"""

import shlex

from selections import times
from selections.channels import Label, word
from selections.selection import Selection


def options_of(selection: Selection) -> str:
    """Options that ask exactly this question, to be put behind a command's name."""
    words = [_option("patient", selection.patients) or "--all-patients"]
    words.append(_option("task", selection.tasks))
    words.append(_option("pad", [str(selection.pad)] if selection.pad else []))
    words.append("" if selection.triggers else "--no-triggers")
    days = times.as_days(selection.when)
    if days is None:
        words += [_option("when", [times.spell_when(interval)]) for interval in selection.when]
    else:
        words.append(_option("day", days))
    words.append(_option("hours", times.spell_hours(selection.hours)))
    words.append(_option("channel", [_channel(text) for text in selection.channels]))
    return " ".join(filter(None, words))


def _option(name: str, values: tuple[str, ...] | list[str]) -> str:
    """`--name value value`; a value that begins with a hyphen is tied to the name, or it would be an option itself."""
    plain = [shlex.quote(value) for value in values if not value.startswith("-")]
    tied = [f"--{name}={shlex.quote(value)}" for value in values if value.startswith("-")]
    return " ".join([*([f"--{name}", *plain] if plain else []), *tied])


def _channel(text: str) -> str:
    """A label that begins with a hyphen goes into the quotes that every label may have."""
    found = word(text)
    if isinstance(found, Label) and text.startswith("-"):
        return '"' + found.text.replace('"', '""') + '"'
    return text
