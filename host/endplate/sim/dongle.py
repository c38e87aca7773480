# SPDX-License-Identifier: GPL-3.0-or-later
"""A serial port that keeps its name: a pty behind a symbolic link, so that it can be unplugged and plugged in again.

Never blocks. What does not fit is refused, as a dongle's buffer would lose it. The far end is kept open here, so that a
host may come and go without the port vanishing.
"""

from __future__ import annotations

import os
import termios
import tty
from pathlib import Path


class Dongle:
    """The USB side of a board's radio link."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master = self._slave = -1
        self._rest = b""  # of a packet that went in only partly
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
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)

    def unplug(self) -> None:
        """Makes the port vanish: an open one hangs up, the name is gone."""
        if self.plugged:
            self.link.unlink(missing_ok=True)
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1
            self._rest = b""

    def read(self) -> bytes:
        """What the host has sent."""
        try:
            return os.read(self._master, 4096)
        except (BlockingIOError, OSError):
            return b""

    def write(self, data: bytes) -> bool:
        """Sends all of `data`, or refuses it (False) when the host has stopped reading."""
        if not self.plugged:
            return False
        if self._rest:
            self._rest = self._rest[self._put(self._rest) :]
            if self._rest:
                return False
        sent = self._put(data)
        if 0 < sent < len(data):  # the packet has begun: its end must come before anything else
            self._rest = data[sent:]
        return sent > 0

    def _put(self, data: bytes) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def forget(self) -> None:
        """Drops what the host has not read yet: a reset leaves nothing of the old stream in the buffers."""
        self._rest = b""
        if self.plugged:
            termios.tcflush(self._slave, termios.TCIFLUSH)
