# SPDX-License-Identifier: GPL-3.0-or-later
"""A serial port that can be unplugged and keeps its name: a pty behind a symbolic link.

Never blocks. What does not fit is refused, as an adapter would lose it: a host that has the port
open and does not read collects one tty buffer, half a second of packets; a host that has closed it
collects nothing. The far end is kept open here, so that hosts may come and go.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import sys
import termios
import tty
from pathlib import Path

#: What a host that does not read can collect: the tty's buffer. A pty alone would hold 64 KiB more,
#: where a real adapter's driver stops reading and the adapter's small FIFO runs over.
HOST_BUFFER = 4096


class Dongle:
    """The USB side of a board's radio link."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master = self._slave = -1
        self._rest = b""  # of a packet that went in only partly
        self.hosts = _Visitors()
        self.plug()

    @property
    def plugged(self) -> bool:
        """Whether the port exists."""
        return self._master >= 0

    def fileno(self) -> int:
        """For select; -1 while unplugged."""
        return self._master

    def plug(self) -> None:
        """Makes the port appear under its name."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        device = os.ttyname(self._slave)
        self.hosts.watch(device)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(device)
        fresh.replace(self.link)

    def unplug(self) -> None:
        """Makes the port vanish: an open one hangs up, the name is gone."""
        if self.plugged:
            self.hosts.forget()
            self.link.unlink(missing_ok=True)
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1
            self._rest = b""

    def notice(self) -> None:
        """Hosts have come or gone (`hosts` was ready); unread bytes go with the last one."""
        self.hosts.count()
        if self.plugged and not self.hosts.present:
            self._rest = b""
            termios.tcflush(self._slave, termios.TCIFLUSH)

    def read(self) -> bytes:
        """What the host has sent."""
        try:
            return os.read(self._master, 4096)
        except (BlockingIOError, OSError):
            return b""

    def write(self, data: bytes) -> bool:
        """Sends all of `data`, or refuses it (False) when no host takes it."""
        if not self.plugged or not self.hosts.present:
            return False
        if self._unread() > HOST_BUFFER - len(data):
            return False
        if self._rest:
            self._rest = self._rest[self._put(self._rest) :]
            if self._rest:
                return False
        sent = self._put(data)
        if 0 < sent < len(data):  # the packet has begun: its end must come before anything else
            self._rest = data[sent:]
        return sent > 0

    def _unread(self) -> int:
        """Bytes that the host has received and not read."""
        waiting = fcntl.ioctl(self._slave, termios.FIONREAD, b"\0\0\0\0")
        return int.from_bytes(waiting, sys.byteorder)

    def _put(self, data: bytes) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Unplugs for good."""
        self.unplug()
        self.hosts.close()


class _Visitors:
    """How many hosts have the port open, by inotify (man 7 inotify); without it, always one."""

    OPENED, CLOSED = 0x20, 0x08 | 0x10  # IN_OPEN, IN_CLOSE_WRITE and _NOWRITE

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._open = 0
        self._watch = -1
        flags = os.O_NONBLOCK | os.O_CLOEXEC
        self._fd = self._libc.inotify_init1(flags) if hasattr(self._libc, "inotify_init1") else -1

    @property
    def present(self) -> bool:
        """Whether somebody listens."""
        return self._open > 0 or self._watch < 0

    def fileno(self) -> int:
        """For select; -1 when nothing can be known."""
        return self._fd

    def watch(self, device: str) -> None:
        """Starts counting at `device`, which nobody but us has open."""
        self._open = 0
        if self._fd >= 0:
            mask = self.OPENED | self.CLOSED
            self._watch = self._libc.inotify_add_watch(self._fd, os.fsencode(device), mask)

    def forget(self) -> None:
        """The device is about to go."""
        if self._watch >= 0:
            self._libc.inotify_rm_watch(self._fd, self._watch)
        self._watch, self._open = -1, 0

    def count(self) -> None:
        """Takes in what has happened."""
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        while data:
            watch, mask, _, length = struct.unpack_from("iIII", data)
            data = data[16 + length :]
            if watch == self._watch:
                self._open += bool(mask & self.OPENED) - bool(mask & self.CLOSED)

    def close(self) -> None:
        """Gives the notifier back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
