import os
from pathlib import Path

import pytest

from downloads.errors import FolderRefused
from downloads.folder import TreeFolder

PATH = "s3_download/2002/day3/x.chn"


def filled(home: Path, *paths: str) -> None:
    for path in paths:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(b"12345")


def test_a_tree_that_is_not_there_is_empty(home: Path) -> None:
    survey = TreeFolder(home).survey()
    assert (survey.files, survey.leftovers, survey.leftover_bytes) == (0, (), 0)
    assert not home.exists()


def test_leftovers_are_those_of_a_download_and_nobody_elses(home: Path) -> None:
    ours = [f"{PATH}.part", "s3_download/2002/day3/annotations.json.part", "s3_download/manifest.csv.part"]
    filled(home, *ours, PATH, "s3_download/manifest.csv", "s3_download/thesis.docx.part", "s3_download/2002/x.part")
    survey = TreeFolder(home).survey()
    assert {str(path.relative_to(home)) for path in survey.leftovers} == set(ours)
    assert survey.leftover_bytes == 15
    assert survey.files == 3


@pytest.mark.parametrize("where", ["s3_download", "s3_download/2002", "s3_download/2002/day3", PATH])
def test_a_link_that_leads_out_is_refused(home: Path, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (home / where).parent.mkdir(parents=True)
    (home / where).symlink_to(outside)
    with pytest.raises(FolderRefused, match="leads out"):
        TreeFolder(home).survey()


def test_a_link_that_stays_inside_is_looked_at_and_not_written_through(home: Path) -> None:
    filled(home, "s3_download/2001/day3/x.chn")
    (home / "s3_download/2002").symlink_to(home / "s3_download/2001")
    folder = TreeFolder(home)
    assert folder.survey().files == 2
    with pytest.raises(FolderRefused, match="symbolic link"):
        folder.make_room(folder.place(PATH))


def test_the_folder_a_person_gives_may_itself_be_a_link(home: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    home.symlink_to(tmp_path / "disk")
    folder = TreeFolder(home)
    folder.survey()
    with folder.taken():
        folder.make_room(folder.place(PATH))
        folder.place(PATH).write_bytes(b"1")
    assert (tmp_path / "disk" / PATH).is_file()


def test_two_downloads_into_one_tree_are_refused(home: Path) -> None:
    with TreeFolder(home).taken():
        with pytest.raises(FolderRefused, match="under way"), TreeFolder(home).taken():
            pass
        assert (home / "s3_download").is_dir()
    with TreeFolder(home).taken():
        pass


def test_folders_that_stay_empty_are_gone_at_the_end(home: Path) -> None:
    folder = TreeFolder(home)
    with folder.taken():
        folder.make_room(folder.place(PATH))
        folder.make_room(folder.place("s3_download/2001/day1/y.chn"))
        folder.place(PATH).write_bytes(b"1")
    assert sorted(path.name for path in home.rglob("*")) == ["2002", "day3", "s3_download", "x.chn"]


def test_a_file_where_a_folder_belongs_is_a_sentence(home: Path) -> None:
    filled(home, "s3_download/2002")
    folder = TreeFolder(home)
    with pytest.raises(FolderRefused, match="cannot be used"):
        folder.make_room(folder.place(PATH))
    assert folder.size_there(PATH) is None


def test_a_file_given_as_folder_is_a_sentence(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(FolderRefused, match="cannot be used"), TreeFolder(home).taken():
        pass


def test_free_room_is_that_of_the_disk_it_will_lie_on(home: Path) -> None:
    free = os.statvfs(home.parent)
    assert TreeFolder(home / "not" / "yet").free_bytes() == pytest.approx(free.f_bavail * free.f_frsize, rel=0.05)
