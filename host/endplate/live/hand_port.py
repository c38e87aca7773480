# SPDX-License-Identifier: GPL-3.0-or-later
"""The serial port of a hand, never waited for.

Reads take what is there. A frame is handed over whole or not at all: when earlier bytes still wait,
the caller hears False and decides; nothing is queued here, because what waits grows old.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import termios
from contextlib import suppress

import serial

from endplate.errors import HandError
from endplate.live.lock import holders, process

_READ = 4096
_WAITING_S = 0.005  # bytes worth this much time on the line may wait before a frame is refused


class PortGoneError(HandError):
    """The port vanished while open: unplugged, or the other side closed it."""


class HandPort:
    """One serial port, exclusively; open() and close() any number of times."""

    def __init__(self, name: str, baud: int) -> None:
        self.name, self.baud = name, baud
        self._serial: serial.Serial | None = None
        self._fd = -1
        self._tail = b""  # of a frame of which the line took only the beginning
        self._most = max(64, int(baud / 10 * _WAITING_S))
        self._poll = select.poll()

    def open(self) -> None:
        """Raises HandError, with the reason and what to do."""
        self.close()
        try:
            self._serial = serial.Serial(
                self.name, self.baud, timeout=0, write_timeout=0, exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise HandError(self._reason(error)) from None
        self._fd = self._serial.fileno()
        os.set_blocking(self._fd, False)
        self._tail = b""
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def _reason(self, error: Exception) -> str:
        code = getattr(error, "errno", None)
        if code in (errno.EACCES, errno.EPERM):
            return (
                f"The hand's port {self.name} may not be opened: add yourself to the group "
                "`dialout` and log in again."
            )
        if code in (errno.EAGAIN, errno.EBUSY) or "lock" in str(error):
            who = next(map(process, holders(self.name)), "another program")
            return f"The hand's port {self.name} is in use by {who}: end that one first."
        if code == errno.ENOENT or not os.path.exists(self.name):
            return f"There is no port {self.name}: plug the hand in and switch it on."
        return (
            f"{self.name} cannot be opened as the hand's port at {self.baud} baud: choose the "
            "hand's serial port."
        )

    def read(self) -> bytes:
        """What has come, b"" for nothing. Raises PortGoneError."""
        events = self._poll.poll(0)
        if not events:
            return b""
        data = b""
        if events[0][1] & select.POLLIN:
            try:
                data = os.read(self._fd, _READ)
            except BlockingIOError:
                return b""
            except OSError:
                raise self._gone() from None
        if not data:  # ready without data, or hung up
            raise self._gone()
        return data

    def write(self, frame: bytes) -> bool:
        """Hands the frame to the line; False when the line is full. Raises PortGoneError."""
        if self._tail:
            self._tail = self._tail[self._put(self._tail) :]
            if self._tail:
                return False
        try:
            waiting = struct.unpack("i", fcntl.ioctl(self._fd, termios.TIOCOUTQ, b"\0\0\0\0"))[0]
        except OSError:
            raise self._gone() from None
        if waiting > self._most:
            return False
        taken = self._put(frame)
        if taken:
            self._tail = frame[taken:]
        return taken > 0

    def _put(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            raise self._gone() from None

    def _gone(self) -> PortGoneError:
        return PortGoneError(
            f"The hand's cable on {self.name} is out: plug it in again, it reconnects by itself."
        )

    def close(self) -> None:
        """Frees the port; may be called at any time."""
        if self._serial is not None:
            with suppress(serial.SerialException, OSError):
                self._serial.close()
        self._serial, self._fd = None, -1
