"""Where the portal listens."""

import socket

import pytest

from portal import address
from portal.errors import AddressRefused


@pytest.mark.parametrize(
    ("url", "bind", "place"),
    [
        ("http://127.0.0.1:8000", "", ("127.0.0.1", 8000)),
        ("http://localhost", "", ("localhost", 80)),
        ("http://[::1]:8001", "", ("::1", 8001)),
        ("https://ecog.example.org", "", ("127.0.0.1", 8000)),
        ("https://ecog.example.org", "0.0.0.0:9000", ("0.0.0.0", 9000)),  # noqa: S104 - behind a proxy
        ("http://127.0.0.1:8000", "[::1]:9000", ("::1", 9000)),
    ],
)
def test_the_place_follows_from_the_portals_address(url: str, bind: str, place: tuple[str, int]) -> None:
    assert address.place_of(url, bind=bind) == place


@pytest.mark.parametrize("bind", ["9000", ":9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536"])
def test_a_bind_that_cannot_be_one_is_said_with_an_example(bind: str) -> None:
    with pytest.raises(AddressRefused, match=r"write an address and a port, such as 127\.0\.0\.1:8001"):
        address.place_of("https://ecog.example.org", bind=bind)


def test_an_http_portal_is_not_shown_to_other_machines() -> None:
    with pytest.raises(AddressRefused, match="which is for this machine only"):
        address.place_of("http://127.0.0.1:8000", bind="0.0.0.0:8000")


def test_a_name_that_leads_nowhere_is_a_sentence() -> None:
    with pytest.raises(AddressRefused, match=r"cannot listen on no\.such\.host\.invalid:8000"):
        address.listen("no.such.host.invalid", 8000)


def test_who_listens_without_answering_does_not_live() -> None:
    with address.listen("127.0.0.1", 0) as silent:
        silent.settimeout(5)
        assert isinstance(silent, socket.socket)
        assert not address.answers(silent, url="http://127.0.0.1")
