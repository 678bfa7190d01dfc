"""A command of ours says in one sentence that the headers database sleeps."""

import pytest
from django.core.management import CommandError, call_command

from chunks.command import PortalCommand
from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import ChunkHeader

pytestmark = pytest.mark.database(transaction=True)


class Count(PortalCommand):
    def handle(self, *_args: object, **_options: object) -> str:
        return str(ChunkHeader.objects.count())


class Stopped(PortalCommand):
    def handle(self, *_args: object, **_options: object) -> str:
        raise KeyboardInterrupt


def test_a_person_who_stops_it_reads_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Stopped().run_from_argv(["manage.py", "stopped"])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "CommandError: Stopped. What was done until then stays.\n"


def test_awake_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert call_command(Count()) == "0"
    assert capsys.readouterr().out == "0\n"


def test_asleep_it_is_one_sentence_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    set_state(read_state(), state=State.ASLEEP, by="ann")
    with pytest.raises(CommandError, match=r"^The headers database is asleep since"):
        call_command(Count())
    with pytest.raises(SystemExit) as ended:
        Count().run_from_argv(["manage.py", "count"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("CommandError: The headers database is asleep since")
    assert said.count("\n") == 1
