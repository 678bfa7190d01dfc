"""The report of a batch as lines, as JSON and on its job's page: the three say the same of every file."""

import html
import io
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chunks.models import ChunkHeader, Recording, RecordingOverlap
from jobs.models import Job
from people.identity import forget_surgery_date
from people.patient_identity import forget_identities
from people.roles import Role
from storage.objects import Objects
from tests.chunks.clinic_week import JANE, JOHN
from tests.chunks.made import START
from tests.chunks.overlapping import Signals
from tests.selections.pages import browser_of, person

pytestmark = pytest.mark.database(transaction=True)
SIGNALS = Signals(began=START)
Said = dict[str, Any]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Good, odd, overlapping, a copy, one that names nobody, and refused ones."""
    folder = tmp_path / "files"
    folder.mkdir()
    made = [
        SIGNALS.write(folder / "1.edf", patient=JANE),
        SIGNALS.write(folder / "2.edf", patient=JANE, after_s=50),
        SIGNALS.write(folder / "3.edf", patient=JANE, after_s=30, wrong_second=40, clock_off=timedelta(hours=3)),
        SIGNALS.write(folder / "4.edf", patient="X X X X", record_s=5),
        SIGNALS.write(folder / "5.edf", patient=JOHN, after_s=400),
        SIGNALS.write(folder / "6.edf", patient=JANE, after_s=500),
        SIGNALS.write(folder / "7.edf", patient=JANE, after_s=600),
        folder / "8.edf",
    ]
    content = made[5].read_bytes()
    made[5].write_bytes(content[: len(content) * 2 // 3])
    made[6].write_bytes(made[6].read_bytes() + b"more <b>bytes</b>")
    made[7].write_bytes(b"<!DOCTYPE html>" + b" " * 900)
    return made


def ingest(files: list[Path], *options: str) -> str:
    out = io.StringIO()
    words = [*map(str, files), "--subject=2002", "--surgery-date=2017-03-11", *options]
    with pytest.raises(CommandError, match="Not every file was taken"):
        call_command("ingest_edf", *words, stdout=out)
    return out.getvalue()


def forgotten(store_folder: Path) -> None:
    """As before anything was taken in."""
    shutil.rmtree(store_folder)
    for model in (ChunkHeader, Recording, RecordingOverlap):
        model.objects.all().delete()
    forget_identities("2002")
    forget_surgery_date("2002")


def of_lines(told: str) -> list[Said]:
    found: list[Said] = []
    for line in told.splitlines():
        if begins := re.fullmatch(r"(\d+) of (\d+)  \((.*)\)", line):
            found.append({"place": int(begins[1]), "size": begins[3], "found": [], "repaired": [], "to_do": []})
        elif not line.startswith("  "):
            continue
        elif "headline" not in found[-1]:
            found[-1]["headline"] = line.strip()
        else:
            kind = next((kind for kind in ("repaired", "to do") if line.startswith(f"  {kind}: ")), "found")
            said = line.strip().removeprefix(f"{kind}: ")
            found[-1]["to_do" if kind == "to do" else kind].append(said)
    return found


def of_page(page: str) -> list[Said]:
    found = []
    for place, item in re.findall(r'<li value="(\d+)">(.*?)</li>', page, re.DOTALL):
        lists = {
            term: [html.unescape(each) for each in re.findall(r"<p>(.*?)</p>", said, re.DOTALL)]
            for term, said in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", item, re.DOTALL)
        }
        fault = re.search(r'<p class="fault">(.*?)</p>', item, re.DOTALL)
        headline = re.search(r'<p class="muted small">(.*?)</p>', item, re.DOTALL)
        words = f"refused: {fault[1]}" if fault else headline[1]
        sizes = re.findall(r'<span class="muted small">(.*?)</span>', item)
        found.append(
            {
                "place": int(place),
                "size": html.unescape(sizes[0]),
                "headline": html.unescape(words),
                "found": lists.get("Found", []),
                "repaired": lists.get("Repaired", []),
                "to_do": lists.get("To do", []),
            }
        )
    return found


def test_lines_json_and_page_say_the_same(
    files: list[Path], patient: str, objects: Objects, store_folder: Path
) -> None:
    lines = ingest(files)
    page = browser_of(person("dora", role=Role.DATA_MANAGER)).get(f"/jobs/{Job.objects.get().pk}/").content.decode()
    forgotten(store_folder)
    whole = json.loads(ingest(files, "--json"))
    kept = Job.objects.latest("pk").result["files"]
    told = of_lines(lines)
    assert of_page(page) == told
    named = ("place", "headline", "found", "repaired", "to_do")
    assert [{name: each[name] for name in named} for each in whole["files"]] == [
        {name: each[name] for name in named} for each in told
    ]
    assert [{**each, **again} for each, again in zip(whole["files"], kept, strict=True)] == whole["files"]
    assert [each["outcome"] for each in whole["files"]] == ["ingested"] * 4 + ["refused"] * 2 + ["ingested", "refused"]
    # Each kind of thing that can be said is said of some file.
    assert all(any(each[kind] for each in told) for kind in ("found", "repaired", "to_do"))
    counted = "8 files: 5 ingested, 3 refused."
    assert counted in lines
    assert counted in page
