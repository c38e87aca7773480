# SPDX-License-Identifier: GPL-3.0-or-later
"""One opener per port, whoever the other is, and however it ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

import pytest

from endplate.errors import BoardError, HandError
from endplate.live import lock as locks
from endplate.live.hand_port import HandPort
from endplate.live.lock import PortLock, check_port, holders

LOCKING = """
import sys
from endplate.live.lock import PortLock
lock = PortLock(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""
OPENING = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def port(tmp_path):
    master, slave = os.openpty()
    tty.setraw(slave)
    link = tmp_path / "port"
    link.symlink_to(os.ttyname(slave))
    yield str(link)
    for fd in (master, slave):
        with contextlib.suppress(OSError):
            os.close(fd)


@contextlib.contextmanager
def other_process(program: str, port: str):
    child = subprocess.Popen(
        [sys.executable, "-c", program, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(locks.__file__).parents[2])},
    )  # fmt: skip
    try:
        assert child.stdout.readline() == b"held\n"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def test_another_process_holds_the_port_and_is_named(port):
    with other_process(LOCKING, port) as child:
        with pytest.raises(BoardError, match=f"in use by process {child.pid} .* of Endplate; end"):
            PortLock(port)
        with pytest.raises(HandError, match="in use"):
            PortLock(port, HandError)


def test_the_lock_of_a_killed_process_is_not_stale(port):
    with other_process(LOCKING, port) as child:
        child.kill()
        child.wait()
        PortLock(port).release()


def test_the_lock_goes_by_the_real_port_not_by_its_name(port, tmp_path):
    other = tmp_path / "same"
    other.symlink_to(os.path.realpath(port))
    lock = PortLock(port)
    try:
        with pytest.raises(BoardError, match="in use"):
            PortLock(str(other))
    finally:
        lock.release()
    PortLock(str(other)).release()


def test_a_program_that_knows_no_lock_is_found(port):
    with other_process(OPENING, port) as child:
        assert holders(port) == [child.pid]
        with pytest.raises(BoardError, match=f"process {child.pid} \\(python.*close that"):
            PortLock(port)
    PortLock(port).release()


def test_the_refused_one_leaves_the_lock_to_its_holder(port):
    lock = PortLock(port)
    for _ in range(3):
        with pytest.raises(BoardError):
            PortLock(port)
    lock.release()
    lock.release()
    PortLock(port).release()


def wait_for(condition, seconds: float = 2.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_bytes_waiting_are_counted():
    master, slave = os.openpty()
    tty.setraw(slave)
    lock = PortLock(os.ttyname(slave))
    try:
        assert lock.waiting() is None
        lock.watch()
        assert lock.waiting() == 0
        os.write(master, b"x" * 40)
        wait_for(lambda: lock.waiting() == 40)  # the kernel hands it over a little later
        # No mark that would outlive us where the pseudo-terminal's maker keeps it open.
        os.close(os.open(os.ttyname(slave), os.O_RDWR | os.O_NOCTTY))
        termios.tcflush(slave, termios.TCIFLUSH)
        assert lock.waiting() == 0
    finally:
        lock.release()
        os.close(master)
        os.close(slave)


def test_a_hand_does_not_open_a_boards_port(port):
    """A hand was unplugged, and its port's name now is a board's: its bytes would be commands to
    the board, and it would read the board's samples away."""
    lock = PortLock(port)
    lock.watch()
    with pytest.raises(HandError, match="is in use by"):
        HandPort(port, 1_000_000).open()
    lock.release()
    hand = HandPort(port, 1_000_000)
    hand.open()
    hand.close()


def test_a_real_port_is_closed_to_others(port, monkeypatch):
    asked = []
    monkeypatch.setattr(locks.os.path, "realpath", lambda path: "/dev/ttyUSB9")
    monkeypatch.setattr(locks.fcntl, "ioctl", lambda fd, what, *rest: asked.append(what))
    lock = PortLock(port)
    lock.watch()
    lock.release()
    assert asked == [termios.TIOCEXCL]


@pytest.mark.parametrize(
    ("path", "words"),
    [("", "needs a port"), ("/dev/nothing", "There is no port /dev/nothing"),
     (__file__, "is a file, not a serial port")],
)  # fmt: skip
def test_paths_that_are_no_port(path, words):
    with pytest.raises(BoardError, match=words):
        check_port(path)


def test_a_port_this_user_may_not_open(port, monkeypatch):
    monkeypatch.setattr(locks.os, "access", lambda path, mode: False)
    with pytest.raises(BoardError, match="may not be opened by this user; add yourself"):
        check_port(port)
