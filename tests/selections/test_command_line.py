"""A question written as options is read back as the same question."""

import shlex
from argparse import ArgumentParser

import pytest

from selections.arguments import add_selection_arguments, selection_from
from selections.command_line import options_of
from selections.words import parse

QUESTIONS = [
    {"patient": ["2002"]},
    {"patient": ["*"]},
    {"patient": ["20*", "demo-1"], "channel": ["LTG1..LTG8", "LTG*", "5", "1..16"]},
    {"patient": ["2002"], "day": ["3"]},
    {"patient": ["2002"], "day": ["-2..-1", "4", "7..9"]},
    {"patient": ["2002"], "day": ["-1"], "hours": ["22:00-06:00", "12:00-12:30:15.5"]},
    {"patient": ["2002"], "when": ["day 3 14:05..day 4 02:00", "day 6 00:00.."]},
    {"patient": ["2002"], "when": ["..day -3 02:00:00.000001"]},
    {"patient": ["2002"], "task": ["ToM_Loc", "=faces", "mo?ie*"], "pad": ["5,10"], "triggers": ["no"]},
    {"patient": ["2002"], "channel": ['"EMG, L"', '"it\'s $HOME `x`"', '"-1"', "-Ref", "--patient", '"a""b"', "T8-P8"]},
]


@pytest.mark.parametrize("words", QUESTIONS, ids=str)
def test_the_options_ask_the_same_question(words):
    selection = parse(words)
    parser = ArgumentParser()
    add_selection_arguments(parser)
    options = vars(parser.parse_args(shlex.split(options_of(selection))))
    assert selection_from(options) == selection


def test_the_options_are_short_and_plain():
    selection = parse({"patient": ["2002"], "start": ["day 3 14:05"], "stop": ["day 4 02:00"], "channel": ["LTG1..8"]})
    assert options_of(selection) == "--patient 2002 --when 'day 3 14:05..day 4 02:00' --channel ltg1..ltg8"
    assert options_of(parse({"patient": ["*"], "day": ["-1..3"]})) == "--all-patients --day=-1..3"
