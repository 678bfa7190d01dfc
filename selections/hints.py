"""What would match: sentences for a question that found nothing, and for one that found less than was asked.

Owns: the suggestions. They are made of patients in the scope alone; of one outside it, the answer is the same as of one
that does not exist.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from chunks.format.clock import DAY_US, anchor_year, day_zero
from chunks.format.row import label_norm
from people.scope import Scope
from selections.channels import Label, Numbers, Word, chosen
from selections.intervals import EARLIEST_US, Interval
from selections.selection import Selection
from selections.stay import Held, Stay, recorded_of, recordings_of, stay_of
from selections.times import days_spelled, days_touched, spell_hours, spell_instant

NAMED = 6
OTHERS_TRIED = 30
_LIKE_A_RANGE = re.compile(r"([^-]*[0-9])-([^-]*[0-9])")


def warnings_of(selection: Selection, *, stays: Sequence[Stay], scope: Scope) -> Iterator[str]:
    """Words that mean nothing here, although others may have found something."""
    yield from missing_of(selection, stays=stays, scope=scope)
    unmatched: dict[Word, list[str]] = {}
    for stay in stays:
        for word in stay.unmatched:
            unmatched.setdefault(word, []).append(stay.patient)
    by_patients: dict[tuple[str, ...], list[str]] = {}
    for word, patients in unmatched.items():
        by_patients.setdefault(tuple(patients), []).append(str(word))
    for of, words in by_patients.items():
        yield f"No channel of {_patients(of)} is {_some(words)}, in the time asked for."


def hints_of(selection: Selection, *, stays: Sequence[Stay], scope: Scope) -> Iterator[str]:
    """What would match instead."""
    yield from missing_of(selection, stays=stays, scope=scope)
    if not stays:
        yield _whom_to_ask_for(scope)
        return
    for stay in stays[:NAMED]:
        yield from _about(stay, selection)
    if selection.tasks:
        return
    others = [patient for patient in scope.visible(scope.patients) if not selection.asks_for(patient)]
    anyone = replace(selection, patients=())
    found = [patient for patient in others[:OTHERS_TRIED] if stay_of(patient, anyone).recordings]
    if found:
        yield f"The same question finds recordings of {_patients(found)}."


def _about(stay: Stay, selection: Selection) -> Iterator[str]:
    """Why nothing is found of one patient."""
    held = list(recordings_of(stay.patient, with_channels=bool(selection.channels)))
    recorded = recorded_of(held)
    if recorded is None:
        yield f"Patient {stay.patient} has no recordings to search."
    elif stay.recordings:
        names = _some([each.name for each in stay.recordings])
        yield f"Patient {stay.patient} was being recorded then ({names}), with a pause in just the time asked for."
    elif stay.unmatched:
        for word in stay.unmatched[:NAMED]:
            yield _about_channel(word, held, patient=stay.patient)
    else:
        yield from _about_time(stay, selection, held=held, recorded=recorded)


def _about_time(stay: Stay, selection: Selection, *, held: Sequence[Held], recorded: Interval) -> Iterator[str]:
    yield (
        f"Patient {stay.patient} was recorded on {days_spelled(recorded)}, from {spell_instant(recorded.start_us)} "
        f"({_date(stay.patient, recorded.start_us)}) to {spell_instant(recorded.stop_us)} "
        f"({_date(stay.patient, recorded.stop_us)})."
    )
    if stay.intervals:
        gap_us = stay.intervals[0].start_us
        before = max((each.stop_us for each in held if each.stop_us <= gap_us), default=None)
        after = min((each.start_us for each in held if each.start_us > gap_us), default=None)
        if before is not None and after is not None:
            yield f"There was a pause from {spell_instant(before)} to {spell_instant(after)}."
    elif selection.hours and replace(selection, hours=()).intervals_for(recorded.start_us, recorded.stop_us):
        yield f"No part of the time asked for lies in {', '.join(spell_hours(selection.hours))}."
    if selection.one_patient:
        yield from _other_year(stay.patient, selection, recorded=recorded)


def _other_year(patient: str, selection: Selection, *, recorded: Interval) -> Iterator[str]:
    """A date typed with the year of another patient's clock: the same date in this one's year may be meant."""
    for interval in selection.when:
        us = interval.start_us if interval.start_us > EARLIEST_US else interval.stop_us - 1
        typed = (day_zero(patient) + timedelta(microseconds=us)).date()
        if typed.year == anchor_year(patient):
            continue
        day = typed.timetuple().tm_yday
        if day in days_touched(recorded):
            meant = date(anchor_year(patient), 1, 1) + timedelta(days=day - 1)
            yield (
                f"{typed.isoformat()} is day {us // DAY_US} of patient {patient}, whose clock shows the year "
                f"{anchor_year(patient)}. If day {day} is meant, write `day {day}` or {meant.isoformat()}."
            )


def _about_channel(word: Word, held: Sequence[Held], *, patient: str) -> str:
    headers = dict.fromkeys(each.channels for each in held)
    labels = list(dict.fromkeys(label for channels in headers for _, label in channels))
    says = f"No channel of patient {patient} is {word} in the time asked for."
    having = {channels for channels in headers if chosen(word, channels, known=labels)}
    elsewhere = [each for each in held if each.channels in having]
    if recorded := recorded_of(elsewhere):
        return f"{says} It was recorded on {days_spelled(recorded)}."
    if isinstance(word, Label) and (found := _LIKE_A_RANGE.fullmatch(word.text)):
        return f"{says} If a range is meant, write {found[1]}..{found[2]}: a hyphen is part of a label."
    if isinstance(word, Numbers):
        numbers = [number for each in held for number, _ in each.channels if number is not None]
        return f"{says} Its channel numbers go up to {max(numbers, default=0)}."
    by_norm = {label_norm(label): label for label in labels}
    near = difflib.get_close_matches(label_norm(str(word)), by_norm, n=NAMED)
    if near:
        return f"{says} The most similar: {', '.join(label for norm, label in by_norm.items() if norm in near)}."
    return f"{says} Its labels: {_some(labels)}."


def missing_of(selection: Selection, *, stays: Sequence[Stay], scope: Scope) -> Iterator[str]:
    """Patients asked for who are not there; of one outside the scope the same as of one that does not exist."""
    visible = {patient.lower(): patient for patient in scope.visible(scope.patients)}
    found = [stay.patient for stay in stays]
    missing = [asked for asked in selection.patients if not any(map(Selection(patients=(asked,)).asks_for, found))]
    for asked in missing[:NAMED]:
        near = [visible[folded] for folded in difflib.get_close_matches(asked, visible, n=NAMED)]
        like = f" The most similar: {', '.join(near)}." if near else ""
        yield f"There is no patient {asked} whom you may see.{like}"
    if len(missing) > NAMED:
        yield f"Nor are there {len(missing) - NAMED} more of the patients asked for."


def _whom_to_ask_for(scope: Scope) -> str:
    if not scope.patients:
        return "There is no patient whom you may see: an administrator grants patients."
    return f"You may see {_patients(scope.visible(scope.patients))}."


def _date(patient: str, us: int) -> str:
    return (day_zero(patient) + timedelta(microseconds=us)).isoformat(sep=" ", timespec="minutes")


def _patients(patients: Sequence[str]) -> str:
    return ("patient " if len(patients) == 1 else "patients ") + _some(patients)


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(texts[:NAMED]) + more
