# SPDX-License-Identifier: GPL-3.0-or-later
"""One opener per port: two programs that read the same one steal each other's bytes silently.

A lock file, held by flock for as long as the process lives, keeps Endplate's own processes apart;
it cannot become stale, since the kernel frees it even after kill -9. Other programs are found by
who has the port open, and kept out with TIOCEXCL once the port is ours.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import termios
from pathlib import Path

from endplate.errors import BoardError, EndplateError


def process(pid: int) -> str:
    """In a sentence: its number, and what it is called."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        name = "a program"
    return f"process {pid} ({name})"


def holders(port: str) -> list[int]:
    """Other processes that have `port` open, as far as this user may see.

    A process that also holds a pseudo-terminal's master is the board's stand-in, not a rival.
    """
    real = os.path.realpath(port)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        links = set()
        with contextlib.suppress(OSError):
            for fd in os.scandir(folder / "fd"):
                with contextlib.suppress(OSError):
                    links.add(os.readlink(fd.path))
        stand_in = real.startswith("/dev/pts/") and any(link.endswith("ptmx") for link in links)
        if real in links and not stand_in:
            found.append(int(folder.name))
    return found


def check_port(port: str, error: type[EndplateError] = BoardError) -> None:
    """Raises `error` when `port` does not exist, is no port, or may not be opened."""
    if not port:
        raise error("This board needs a port; name it with --port (`endplate devices` lists them).")
    if not os.path.exists(port):
        raise error(f"There is no port {port}; plug the device in, or see `endplate devices`.")
    if not stat.S_ISCHR(os.stat(port).st_mode):
        raise error(f"{port} is a file, not a serial port; `endplate devices` lists the ports.")
    if not os.access(port, os.R_OK | os.W_OK):
        raise error(
            f"The port {port} may not be opened by this user; add yourself to the group that owns "
            "it (often `sudo usermod -aG dialout $USER`) and log in again."
        )


class PortLock:
    """Exclusive use of a port until `release`; the constructor raises `error` when it is in use."""

    def __init__(self, port: str, error: type[EndplateError] = BoardError) -> None:
        self.port = port
        self._watch: int | None = None
        name = os.path.realpath(port).strip("/").replace("/", "-")
        path = Path(tempfile.gettempdir()) / f"endplate-{name}.lock"
        fd = self._open(path, error)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(fd, 32).decode(errors="replace").strip()
            os.close(fd)
            who = "another process"
            if holder.isdigit():
                who = process(int(holder))
            raise error(
                f"The port {port} is in use by {who} of Endplate; end it, or choose another port."
            ) from None
        self._fd: int | None = fd
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
        for pid in holders(port):
            self.release()
            raise error(
                f"The port {port} is in use by {process(pid)}; close that program and try again."
            )

    @staticmethod
    def _open(path: Path, error: type[EndplateError]) -> int:
        # Without O_CREAT first: the kernel refuses O_CREAT on another user's file in /tmp.
        for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT):
            try:
                fd = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            except FileNotFoundError:
                continue
            except OSError as problem:
                raise error(
                    f"The lock {path} cannot be opened ({problem.strerror}): let whoever owns that "
                    "file delete it."
                ) from problem
            with contextlib.suppress(OSError):
                os.fchmod(fd, 0o666)
            return fd
        raise error(f"The lock {path} cannot be made; is the folder for temporary files writable?")

    # ---- our own eye on the port, while the driver has it open ----

    def watch(self) -> None:
        """Opens the port beside the driver, to see its queue and its end, and shuts others out."""
        self.unwatch()
        with contextlib.suppress(OSError):
            self._watch = os.open(self.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        if self._watch is None:
            return
        with contextlib.suppress(OSError):
            # A hand's session opens its port again by name, which may be this one by now: the
            # kernel gives a name that is free to the next device. It asks for this mark.
            fcntl.flock(self._watch, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # On a pseudo-terminal this one would outlive us, as long as its maker keeps it open.
        if not os.path.realpath(self.port).startswith("/dev/pts/"):
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._watch, termios.TIOCEXCL)

    def unwatch(self) -> None:
        """Closes that second opening."""
        if self._watch is not None:
            os.close(self._watch)
            self._watch = None

    def waiting(self) -> int | None:
        """Bytes that lie unread in the port; None when unknown. Raises OSError when it is gone."""
        if self._watch is None:
            return None
        buffer = bytearray(4)
        try:
            fcntl.ioctl(self._watch, termios.FIONREAD, buffer)
        except OSError as problem:
            if problem.errno in (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EBADF):
                raise
            return None
        return int.from_bytes(buffer, "little")

    def release(self) -> None:
        """Gives the port up; may be called twice."""
        self.unwatch()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
