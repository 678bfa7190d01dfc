"""Work apart: true to what comes of it, and nobody is held up by it."""

import threading
import time

import pytest

from downloads.bundles.apart import apart, waited_for


def nothing() -> None:
    pass


def broken() -> None:
    raise LookupError("broken")


def test_it_gives_what_the_work_gives():
    assert apart(lambda: 7, look_up=nothing) == 7
    assert apart(lambda: None, look_up=nothing) is None


def test_it_raises_what_the_work_raises():
    with pytest.raises(LookupError, match="broken"):
        apart(broken, look_up=nothing)


def test_what_the_looking_up_raises_ends_the_waiting():
    released = threading.Event()
    began = time.monotonic()
    with pytest.raises(LookupError):
        apart(lambda: released.wait(60), look_up=broken)
    assert time.monotonic() - began < 5
    released.set()


def test_what_takes_too_long_goes_on_alone():
    released, done = threading.Event(), threading.Event()

    def work():
        released.wait(60)
        done.set()

    waited_for(work, seconds=0.1)
    assert not done.is_set()
    released.set()
    assert done.wait(10)


def test_nobody_hears_how_that_ended():
    waited_for(broken, seconds=10)
