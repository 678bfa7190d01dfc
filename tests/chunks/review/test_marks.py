"""What in a text may say who somebody is or when it was is marked; what patterns match is a whole text and no name."""

import time

import pytest

from chunks.edf.header import Header
from chunks.edf.identity import Identity, RecordingField, parse_identity, parse_recording_field
from chunks.review.errors import PatternRefused
from chunks.review.header_words import header_words
from chunks.review.marks import Kind, is_marked, parts, shown_text
from chunks.review.names import Names, one_typo
from chunks.review.patterns import parse_pattern

NAMES = Names(
    ["Haagse", "Harriet", "Müller", "Li", "MCH-0234567", "O", "Olsen", "Lüdenschäid", "Sørgård"],
    persons=[("MCH", "Haagse", "Üzgür"), ("Olsen",), ()],
)


def marked(text: str) -> dict[str, Kind]:
    return {part.text: part.kind for part in parts(text, names=NAMES) if part.kind}


@pytest.mark.parametrize(
    ("text", "found", "kind"),
    [
        ("HAAGSE in", "HAAGSE", Kind.NAME),
        ("seen by muller", "muller", Kind.NAME),
        ("Haagse's mood", "Haagse", Kind.NAME),
        ("HarrietHaagse", "HarrietHaagse", Kind.NAME),
        ("pat_haagse_1", "haagse", Kind.NAME),
        ("Haa\u00adgse", "Haagse", Kind.NAME),
        ("Ｈａａｇｓｅ", "Haagse", Kind.NAME),
        ("mch-0234567 in", "mch-0234567", Kind.NAME),
        ("with Li", "Li", Kind.NAME),
        ("Anne-Haagse's", "Haagse", Kind.NAME),
        ("Harriet\nHaagse", "Harriet", Kind.NAME),
        ("MUELLER in", "MUELLER", Kind.NAME),
        ("Luedenschaeid in", "Luedenschaeid", Kind.NAME),
        ("soergaard", "soergaard", Kind.NAME),
        ("HÜ moved", "HÜ", Kind.NEARLY),
        ("with U.H. in", "U.H.", Kind.NEARLY),
        ("H. Ü. in", "H. Ü.", Kind.NEARLY),
        ("Hagse sleeps", "Hagse", Kind.NEARLY),
        ("Haasge sleeps", "Haasge", Kind.NEARLY),
        ("Haagsse sleeps", "Haagsse", Kind.NEARLY),
        ("Heagse sleeps", "Heagse", Kind.NEARLY),
        ("Dr. Brown in", "Dr. Brown", Kind.PERSON),
        ("Frau Schmidt", "Frau Schmidt", Kind.PERSON),
        ("wife Mary calls", "wife Mary", Kind.PERSON),
        ("tech Jones", "tech Jones", Kind.PERSON),
        ("2017-03-14", "2017-03-14", Kind.DATE),
        ("14.3.2017 in", "14.3.2017", Kind.DATE),
        ("3/14/17", "3/14/17", Kind.DATE),
        ("3/14 in", "3/14", Kind.DATE),
        ("on 14.3. in", "14.3.", Kind.DATE),
        ("14-MAR-2017", "14-MAR-2017", Kind.DATE),
        ("March 14th, 2017", "March 14th, 2017", Kind.DATE),
        ("14. März 2017", "14. März 2017", Kind.DATE),
        ("20170314", "20170314", Kind.DATE),
        ("since 2016", "2016", Kind.DATE),
        ("on Tuesday", "Tuesday", Kind.DATE),
        ("DOB unknown", "DOB", Kind.DATE),
        ("call 555-1234", "call 555-1234", Kind.NUMBER),
        ("+49 (0)30 1234567", "+49 (0)30 1234567", Kind.NUMBER),
        ("(514) 398-6644", "(514) 398-6644", Kind.NUMBER),
        ("MRN 88123", "88123", Kind.NUMBER),
        ("pager 4411", "pager 4411", Kind.NUMBER),
        ("a.b@c.org asks", "a.b@c.org", Kind.ADDRESS),
        ("she moved", "she", Kind.PRONOUN),
        ("IHR geht es gut", "IHR", Kind.PRONOUN),
    ],
)
def test_it_is_marked(text, found, kind):
    assert marked(text).get(found) == kind, marked(text)


@pytest.mark.parametrize(
    "text",
    ["no change", "REC START IAW IAB", "Stim LTG1-LTG2 3.5 mA", "sampling 2000 Hz", "HR 80", "5 ms", "in the ER",
     "A1+A2",      "seizure 12", "12:30:15", "Montage: 3", "harvest", "eyes closed", "XLSPIKE", "", "hag",
     "hu", "HU1", "OO", "XHUX", "H1U"],
)  # fmt: skip
def test_it_is_not(text):
    assert not marked(text)
    assert not is_marked(text, names=NAMES)


def test_the_parts_are_the_whole_text():
    for text in ("Dr. Brown, wife Mary 555-1234 on 14.3.2017", "x" * 5_000, "", "a\tb\nc", "\U0001f600 he"):
        assert "".join(part.text for part in parts(text, names=NAMES)) == shown_text(text)


@pytest.mark.parametrize("text", [" " * 60_000, "1" * 60_000, "1 " * 30_000, "a" * 60_000, "dr " * 20_000,
                                  "1/" * 30_000, "jan " * 15_000, "a.a@" * 15_000, "(" * 60_000,
                                  "\u00e9" * 60_000])  # fmt: skip
def test_no_text_takes_long(text):
    began = time.monotonic()
    is_marked(text, names=NAMES)
    assert time.monotonic() - began < 5


def test_a_typo_is_one_letter():
    assert one_typo("haagse", "hagse")
    assert one_typo("haagse", "haasge")
    assert not one_typo("haagse", "haagse")
    assert not one_typo("haagse", "hgse")
    assert not one_typo("harriet", "tairreh")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("stim * * # ma", "Stim LTG1  LTG12 3.5 mA"),
        ("stim #-# on", "STIM 1-12 ON"),
        ("ltg#-ltg#", "LTG1-LTG2"),
        ("seizure", "Seizure"),
        ("arm * up", "arm R up"),
        ("arm * up", "arm L. up"),
        ("stim * * on", "Stim Fz CPz on"),
    ],
)
def test_a_pattern_matches(pattern, text):
    assert parse_pattern(pattern).matches(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("stim * here", "stim Mary here"),
        ("stim * here", "stim mary here"),
        ("stim * here", "stim A1 A2 here"),
        ("arm * up", "arm Bo up"),
        ("* moved", "JD moved"),
        ("seizure", "seizure Mary"),
        ("call #", "call 5551234"),
        ("a.c def", "abc def"),
        ("seen *", "seen Haagse1"),
    ],
)
def test_a_pattern_does_not_match(pattern, text):
    assert not parse_pattern(pattern).matches(text)


@pytest.mark.parametrize(
    "pattern", ["*", "#", "* * *", "ab #", "abc*", "abc ##", "abc #1", "abc 1#", "", " ", "x" * 201]
)
def test_a_pattern_is_refused(pattern):
    with pytest.raises(PatternRefused):
        parse_pattern(pattern)


def words(patient: str, recording: str = "Startdate 14-MAR-2017 X Tech_Olsen Nihon") -> tuple[str, ...]:
    header = object.__new__(Header)
    identity: Identity = parse_identity(patient)[0]
    field: RecordingField = parse_recording_field(recording)[0]
    object.__setattr__(header, "identity", identity)
    object.__setattr__(header, "recording", field)
    return header_words(header)


def test_the_words_of_a_header_are_its_names_and_codes():
    assert words("MCH-0234567 F 02-MAY-1951 Haagse_Harriet") == (
        "MCH",
        "MCH-0234567",
        "Haagse",
        "Harriet",
        "Tech",
        "Olsen",
    )
    assert words("Haagse, Harriet 02.05.1951", "none")[:2] == ("Haagse", "Harriet")
    assert words("X X X X", "Startdate X X X X") == ()
    assert words("X M X No_Name", "Startdate X X X X") == ()
