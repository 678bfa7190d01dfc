"""What a header says of who was recorded, so that two spellings of it are equal and what says nobody is unknown.

Owns: the reading of the patient field, with EDF+'s subfields or as free text: letter case, accents, underscores and the
order of a name's parts make no difference; blanks, zeros, words such as `X`, `No_Name` or `Anonymous`, birth dates that
anonymisers write, and the patient's own ID count as unknown. What comes out is for hashing alone.
"""

import re
import unicodedata

from chunks.edf.dates import parse_long_date
from chunks.edf.identity import Identity
from people.patient_identity import Said

# Letters alone, without blanks: digits are taken off first, so that `Anonymous_007` is one of them.
_ANONYMISED = frozenset(
    {"unknown", "unbekannt", "inconnu", "desconocido", "anon", "anonym", "anonyme", "anonymous", "anonymized"}
    | {"anonymised", "anonimo", "deid", "deidentified"}
)
NOBODY = _ANONYMISED | frozenset(
    {"x", "n", "a", "na", "nn", "none", "null", "nil", "no", "name", "noname", "id", "noid"}
    | {"pseudonym", "patient", "pat", "subject", "sub", "subj", "proband", "test", "default"}
    | {"recording", "eeg", "edf", "m", "f", "male", "female"}
)
_SEXES = frozenset({"m", "f", "x", "male", "female"})
# Nobody who is recorded was born before; anonymisers write the first day of 1800, 1850 or 1900.
FIRST_BIRTH_YEAR = 1902
_DATE = re.compile(
    r"(?<![0-9])(?:(?P<iso>[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2})|(?P<day>[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ][0-9]{4})"
    r"|(?P<long>[0-9]{1,2}-[A-Za-z]{3}-[0-9]{4}))(?![0-9])"
)


def said_by(identity: Identity, *, patient: str) -> Said:
    """What the field says, normalised; the patient's own ID is no news."""
    own = _letters_and_digits(patient)
    if (identity.code, identity.sex, identity.birth_date, identity.name) == (None,) * 4:
        return _free_text(identity.text, own=own)
    # Many recorders write a name's blanks as they are.
    name = " ".join([identity.name or "", *_more_of_the_name(identity.text)])
    return Said(
        name=_name(name, own=own),
        birth_date=_birth_date(identity.birth_date or ""),
        code=_code(identity.code or "", own=own),
    )


def _free_text(text: str, *, own: str) -> Said:
    """Of a field without subfields: a date is the birth date, words with digits are the code, other words the name."""
    birth_date = ""
    if found := _DATE.search(text):
        birth_date = _birth_date(found[0])
        text = text[: found.start()] + " " + text[found.end() :]
    words = text.replace(",", " ").replace(";", " ").split()
    codes = [word for word in words if any(each.isdigit() for each in word)]
    names = [word for word in words if word not in codes and word.casefold() not in _SEXES]
    code = _code(" ".join(codes), own=own)
    return Said(name=_name(" ".join(names), own=own), birth_date=birth_date, code=code)


def _more_of_the_name(text: str) -> list[str]:
    parts = text.split()[4:]
    return parts if all(re.fullmatch(r"[^\W\d_]+[.,'’-]?(?:[^\W\d_]+)?", part) for part in parts) else []


def _name(text: str, *, own: str) -> str:
    """The parts of a name in the order of letters, blanks between them."""
    parts = _folded(text).split()
    whole = "".join(parts)
    if _is_nobody(parts) or whole == own or whole.lstrip("0") == own.lstrip("0"):
        return ""
    return " ".join(sorted(part for part in parts if part != own))


def _code(text: str, *, own: str) -> str:
    parts = _folded(text).split()
    if any(part.strip("0123456789") in _ANONYMISED for part in parts):
        return ""
    parts = [part for part in parts if part not in NOBODY and part != own]
    whole = "".join(parts)
    bare = re.sub(r"^(?:sub|subject|patient|pat|id|p|s)0*", "", whole)
    if _is_nobody(parts) or own in {whole, bare} or whole.lstrip("0") == own.lstrip("0"):
        return ""
    return whole


def _birth_date(text: str) -> str:
    """ISO where the text says a date, `DD.MM.YYYY` read with the day first; empty where it is none of a person."""
    found = _DATE.search(text.strip())
    if found is None:
        return ""
    if found["long"]:
        day = parse_long_date(found["long"])
        written = day.isoformat() if day else ""
    else:
        numbers = [int(part) for part in re.split(r"[-./ ]", found[0])]
        year, month, date = numbers if found["iso"] else reversed(numbers)
        written = f"{year:04}-{month:02}-{date:02}" if month and date else ""
    return written if written and int(written[:4]) >= FIRST_BIRTH_YEAR else ""


def _is_nobody(parts: list[str]) -> bool:
    bare = ["".join(each for each in part if not each.isdigit()) for part in parts]
    words = [word for word in bare if word]
    digits = "".join(each for part in parts for each in part if each.isdigit())
    if not words:
        return not digits.strip("0")
    joined = "".join(words)
    return joined in NOBODY or set(joined) == {"x"} or all(word in NOBODY for word in words)


def _folded(text: str) -> str:
    """Lower case without accents; what is neither letter nor digit is a blank."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each if each.isalnum() else " " for each in plain if not unicodedata.combining(each)).strip()


def _letters_and_digits(text: str) -> str:
    return _folded(text).replace(" ", "")
