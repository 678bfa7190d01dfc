"""Connections of the web server: who never reads does not hold a thread for ever."""

import socket
from contextlib import closing
from types import SimpleNamespace

import pytest

from portal.gunicorn import UNREAD_S, end_what_is_not_read, when_ready


def test_a_connection_whose_bytes_nobody_reads_is_ended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        end_what_is_not_read(listener, after_s=0.5)
        with socket.create_connection(listener.getsockname()), closing(listener.accept()[0]) as taken:
            taken.settimeout(60)
            with pytest.raises(OSError, match="timed out") as ended:
                taken.sendall(bytes(1 << 27))  # more than any buffer takes
    assert ended.value.errno, "it was this test's own patience that ended"


def test_every_listener_of_the_server_has_it_but_unix_sockets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.socket(socket.AF_UNIX) as other:
        when_ready(SimpleNamespace(LISTENERS=[one, other]))
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNREAD_S * 1000
