"""Every command of the portal while the headers database sleeps or wakes: it works, or says so in one sentence.

The commands are found, not listed: a new one is missing here until somebody has said what it does then.
"""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import Recording
from tests.chunks.made import write_recording
from tests.downloads.conftest import bundles_folder, store
from tests.people.makers import make_user

__all__ = ["bundles_folder", "store"]

pytestmark = pytest.mark.database(transaction=True)
ROOT = Path(__file__).parents[2]
OURS = {name for name, app in get_commands().items() if (ROOT / str(app).replace(".", "/")).is_dir()}
WORKS, SAYS = "works", "says so"
NO_RDS = "There is no RDS instance"
SESSION = {"meta": {"experiment": "ToM", "subject": 2002, "day": 3, "start_time": "9:5:3", "stop_time": "9:9:3"}}
# command → (what it does while the headers database sleeps, its words; {folder} holds the files of this test)
DOES: dict[str, tuple[str, str]] = {
    "add_patient": (WORKS, "2003"),
    "add_session": (WORKS, "--task=ToM --patient=2002 --day=3 --start=9:0:0 --stop=9:5:0 {folder}/notes.txt"),
    "add_user": (WORKS, "bob --role=researcher --patient=2002 --reason=study --password-stdin"),
    "align_session": (SAYS, "ToM_2002.json --hand=1.5 --yes --as=admin"),
    "audit": (WORKS, "--patient=2002"),
    "backup_portal": (WORKS, "--to={folder}/backups"),
    "download": (SAYS, "--to={folder}/home --patient=2002 --as=admin"),
    "ingest_behavior": (WORKS, "{folder}/again.json"),
    "ingest_edf": (WORKS, "{folder}/b.edf --subject=2002 --surgery-date=2017-03-11"),
    "make_session_tables": (WORKS, ""),
    "migrate": (WORKS, "--check"),
    "publish_annotations": (WORKS, "2002"),
    "rds_hibernate": (WORKS, "--mode=closed --yes"),
    "rds_prune": (NO_RDS, "--keep=1"),
    "rds_restore": (NO_RDS, "--list"),
    "rds_status": (WORKS, ""),
    "reindex": (SAYS, ""),
    "restore_objects": (SAYS, "--patient=2002 --as=admin --dry-run"),
    "search": (SAYS, "--patient=2002 --as=admin"),
    "search_annotations": (SAYS, "seizure --as=admin"),
    "set_session": (WORKS, "ToM_2002.json --day=4 --reason=typed"),
    "setup": (WORKS, "--username=cid --email=cid@example.org --password-stdin"),
    "spark_submit": (SAYS, "band_power --patient=2002 --as=admin"),
    "sweeper": (WORKS, "--once"),
    "tasks": (WORKS, ""),
}
# These ask no headers, or start the processes that do; a portal is restored while none runs.
BESIDE = {"demo", "package_lambdas", "restore_portal", "serve"}


@pytest.fixture
def folder(tmp_path: Path, bundles_folder: Path) -> Path:
    """A patient with a recording and a session, and files that are to be taken in."""
    call_command("add_patient", "2002", stdout=io.StringIO())
    make_user("admin", is_superuser=True, is_staff=True)
    write_recording(tmp_path / "a.edf")
    write_recording(tmp_path / "b.edf", seed=1)
    call_command("ingest_edf", str(tmp_path / "a.edf"), "--subject=2002", "--surgery-date=2017-03-11")
    for name, start in (("ToM_2002", "9:5:3"), ("again", "8:5:3")):
        document = {"meta": SESSION["meta"] | {"start_time": start}, "data": []}
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    call_command("ingest_behavior", str(tmp_path / "ToM_2002.json"), stdout=io.StringIO())
    assert Recording.objects.count() == 1
    return tmp_path


def outcome(command: str, words: str, *, folder: Path) -> str:
    """What it does: it works, says that the headers database sleeps, or has a sentence of its own."""
    out = io.StringIO()
    try:
        call_command(command, *(word.format(folder=folder) for word in words.split()), stdout=out, stderr=out)
    except CommandError as error:
        failed = str(error)
        return SAYS if failed.startswith("The headers database is ") and "\n" not in failed else failed
    return WORKS if "Traceback" not in out.getvalue() else out.getvalue()


def test_every_command_is_here() -> None:
    assert set(DOES) == OURS - BESIDE


@pytest.mark.prove
@pytest.mark.parametrize("state", [State.ASLEEP, State.WAKING])
def test_each_works_or_says_so(folder: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {}
    for command, (_, words) in DOES.items():
        set_state(read_state(), state=state, by="ann")
        monkeypatch.setattr("sys.stdin", io.StringIO("a long enough pass phrase\n"))
        told[command] = outcome(command, words, folder=folder)
    set_state(read_state(), state=State.AWAKE, by="ann")
    expected = {command: does for command, (does, _) in DOES.items()}
    assert {command: said for command, said in told.items() if not said.startswith(expected[command])} == {}
