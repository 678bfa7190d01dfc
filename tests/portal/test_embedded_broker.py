"""The embedded broker's folder is its account's alone."""

import os
from pathlib import Path

import pytest

from portal.broker import PATH_BYTES_MAX, broker_url, socket_path
from portal.embedded_broker import answers, broker_command, make_private
from portal.errors import BrokerRefused

NOBODY = 65534


def owned_by_another(folder: Path) -> Path:
    """A folder in `folder` that belongs to another account where we may make one, else one of the system's."""
    if os.getuid() != 0:
        return Path("/usr")
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return folder


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "broker")
    assert (tmp_path / "broker").stat().st_mode & 0o777 == 0o700


def test_a_folder_of_ours_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker").chmod(0o777)
    make_private(tmp_path / "broker")
    assert (tmp_path / "broker").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_somebody_else_made_first_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokerRefused, match="is not a folder of this account"):
        make_private(owned_by_another(tmp_path / "broker"))


def test_a_link_is_refused_even_to_a_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "broker").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BrokerRefused, match="is not a folder of this account"):
        make_private(tmp_path / "broker")
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broker").touch()
    with pytest.raises(BrokerRefused):
        make_private(tmp_path / "broker")


def test_the_socket_lies_in_the_data_folder_where_its_path_is_short_enough() -> None:
    short = Path("/srv/ecog")
    assert socket_path(short) == short / "broker" / "socket"
    just = Path("/" + "x" * (PATH_BYTES_MAX - len("//broker/socket")))
    assert socket_path(just).parent.parent == just
    assert socket_path(Path(f"{just}x")).parent.parent != just


def test_where_it_is_too_long_each_data_folder_has_a_temporary_one_of_its_own() -> None:
    one, other = (socket_path(Path("/srv") / ("ö" * 60) / name) for name in ("a", "b"))
    assert one != other
    assert all(len(os.fsencode(path)) <= PATH_BYTES_MAX for path in (one, other))


def test_a_folder_with_signs_of_urls_in_its_name_stays_one_path() -> None:
    assert broker_url("", data_dir=Path("/srv/a %41?#")) == "redis+socket:///srv/a%20%2541%3F%23/broker/socket"


def test_the_server_listens_for_this_account_and_keeps_nothing() -> None:
    words = broker_command(Path("/srv/ecog/broker/socket"))
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options.items() >= {"--port": "0", "--unixsocketperm": "600", "--save": "", "--appendonly": "no"}.items()


def test_where_nothing_listens_nothing_answers(tmp_path: Path) -> None:
    assert not answers(tmp_path / "socket")
