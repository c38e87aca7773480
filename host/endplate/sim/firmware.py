# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the hand's firmware between a link port and a motor bus: the Linux program, or the STM32F405
image in QEMU.

    hand = start("pc", bus="/dev/pts/7", directory=folder)      # or "f405"
    hand.port                                                   # the host's end of the link
    hand.stop()

The programs are built by `make firmware`. They end with this process, however it ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from endplate.errors import HandError

BUILD = Path(__file__).resolve().parents[3] / "firmware" / "build"
KINDS = {"pc": BUILD / "pc" / "endplate-hand", "f405": BUILD / "f405" / "endplate-hand.elf"}
MACHINE = "netduinoplus2"  # a board with an STM32F405: USART1 is the link, USART3 the motor bus
START_S = 5.0
SLOTS_AT = 0x08080000  # flash_f405.c: where its first slot begins
NICE = -10  # asked for, not insisted on
#: Bytes of a pc hand's flash before its slots of blobs, and in them.
_STORE, _BLOBS = 4096, 2 * 65536
LONGEST_RUN_S = 3600  # an emulator that nobody stops ends by itself

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Firmware:
    """A running hand. `port` is its link; `ready` what the program said of itself."""

    kind: str
    port: str
    process: subprocess.Popen[str]
    ready: dict[str, object] = field(default_factory=dict)
    trace: Path | None = None
    _open: list[int] = field(default_factory=list)
    _qmp: Path | None = None

    @property
    def pid(self) -> int:
        """Of the program (pc) or of the emulator's guard (f405)."""
        return self.process.pid

    def reset(self) -> None:
        """Restarts the hand as its reset pin would: new boot id, disarmed, same port."""
        if self.process.poll() is not None:
            raise HandError("The simulated hand has ended and cannot be reset; start it again.")
        if self._qmp is None:
            self.process.send_signal(signal.SIGHUP)
        else:
            ask_qemu(self.control, "system_reset")

    def hang(self) -> None:
        """Makes the program hang as `hang` of `start` says; its watchdog restarts it (pc only)."""
        if self._qmp is not None or self.process.poll() is not None:
            raise HandError("Only a running hand of the pc kind can be told to hang; start pc.")
        self.process.send_signal(signal.SIGUSR1)

    @property
    def control(self) -> Path:
        """Control socket of the emulator. Raises HandError for a hand that is no emulation."""
        if self._qmp is None:
            raise HandError("Only the emulated hand has an emulator to ask; start f405.")
        return self._qmp

    def stop(self) -> None:
        """Ends it, and all that it started. May be called twice."""
        if self.process.poll() is None:
            _signal_group(self.process, signal.SIGTERM)
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                _signal_group(self.process, signal.SIGKILL)
                self.process.wait()
        Path(self.port).unlink(missing_ok=True)
        if self.process.stdout is not None:
            self.process.stdout.close()
        while self._open:
            os.close(self._open.pop())
        if self._qmp is not None:
            shutil.rmtree(self._qmp.parent, ignore_errors=True)

    def __enter__(self) -> Firmware:
        """For `with start(...) as hand:`."""
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    kind: str,
    bus: str | Path,
    directory: str | Path,
    *,
    baud: int = 1_000_000,
    clock_offset_us: int = 0,
    clock_ppm: float = 0.0,
    schema: int | None = None,
    trace: bool = False,
    flash: str | Path | None = None,
    power_cut: int = 0,
    buttons: str | Path | None = None,
    reset_cause: int = 1,
    brown_out: bool = True,
    hang: str = "loop",
    touch: str | Path | None = None,
    emg: str | Path | None = None,
    slots: str | Path | None = None,
    bad_image: str = "",
    loaded: Sequence[tuple[Path, int]] = (),
    program: str | Path | None = None,
) -> Firmware:
    """Starts the firmware between a new link port and the motor bus at `bus`.

    kind: "pc" or "f405". baud, clock_offset_us, clock_ppm, schema (another schema hash than its
    own), trace (DIRECTORY/firmware.jsonl, one line per motor cycle), flash (the file in which it
    keeps parameters, blobs and firmware), power_cut (ends at that write or erase of it), buttons
    (the file whose first byte presses them: 1 e-stop, 2 release, 4 arm), emg (a file or pipe of
    int32 rows of 8: its own front end), touch (the file of the force inputs, that of
    endplate.sim.hand), reset_cause (of its first boot, as in HELLO_ACK), brown_out (a low supply
    resets its processor, as the option bytes of the real one say), hang (what Firmware.hang does:
    loop, link, bus, clock) and bad_image (a firmware of this version does not start) are
    knobs of "pc". `slots` is a knob of "f405": a file that is loaded where it keeps blobs
    (`slots_of`); `loaded` are more, with their addresses.
    `program` is another build of it. It ends at the latest with the thread that calls this.
    Raises HandError when it cannot be started.
    """
    if kind not in KINDS:
        raise HandError(f"There is no firmware {kind!r}; the kinds are {', '.join(KINDS)}.")
    image = Path(program) if program is not None else KINDS[kind]
    if not image.exists():
        raise HandError(f"The hand's program for {kind} is not built; run `make firmware` first.")
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "f405":
        knobs = (clock_offset_us, clock_ppm, schema is not None, trace, flash, power_cut, buttons,
                 touch, reset_cause != 1, not brown_out, hang != "loop", bad_image, emg,
                 )  # fmt: skip
        if baud != 1_000_000 or any(knobs):
            raise HandError(
                "Baud, clock, schema, trace, flash, buttons, touch and hang are knobs of the pc "
                "hand; leave them out for f405."
            )
        if slots is not None:
            loaded = [*loaded, (Path(slots), SLOTS_AT)]
        return _start_qemu(image, Path(bus), folder, loaded)
    arguments = [str(image), "--bus", str(bus), "--baud", str(baud), "--die-with-parent"]
    arguments += ["--clock-offset-us", str(clock_offset_us), "--clock-ppm", repr(clock_ppm)]
    arguments += ["--hang", hang]
    if schema is not None:
        arguments += ["--schema", hex(schema)]
    if flash is not None:
        arguments += ["--flash", str(flash)]
    if not brown_out:
        arguments += ["--no-brown-out"]
    if reset_cause != 1:
        arguments += ["--reset-cause", str(reset_cause)]
    if touch is not None:
        arguments += ["--touch", str(touch)]
    if power_cut:
        arguments += ["--power-cut", str(power_cut)]
    if emg is not None:
        arguments += ["--emg", str(emg)]
    if buttons is not None:
        arguments += ["--buttons", str(buttons)]
    if bad_image:
        arguments += ["--bad-image", bad_image]
    traced = folder / "firmware.jsonl" if trace else None
    if traced is not None:
        arguments += ["--trace", str(traced)]
    process, log = _launch(arguments, folder)
    line = _first_line(process, lambda text: text.startswith("{"), log)
    ready = json.loads(line)
    return Firmware("pc", _lasting_name(ready["link"], folder), process, ready, traced)


def _lasting_name(port: str, folder: Path) -> str:
    """A name that ends with the hand: the number of a pseudo-terminal is given to the next one, and
    a host that reconnects by itself would open a stranger's."""
    name = folder / "hand-port"
    name.unlink(missing_ok=True)
    name.symlink_to(port)
    return str(name)


def _start_qemu(
    image: Path, bus: Path, folder: Path, loaded: Sequence[tuple[Path, int]]
) -> Firmware:
    for tool in ("qemu-system-arm", "timeout"):
        if shutil.which(tool) is None:
            package = "qemu-system-arm" if tool.startswith("qemu") else "coreutils"
            raise HandError(
                f"f405 runs in {tool}, which is missing; install it: `apt-get install {package}`."
            )
    qmp = Path(tempfile.mkdtemp(prefix="endplate-")) / "qmp"  # a socket's path has to be short
    arguments = [
        "timeout",
        "-k",
        "2",
        str(LONGEST_RUN_S),
        "qemu-system-arm",
        "-M",
        MACHINE,
        "-display",
        "none",
    ]
    arguments += ["-monitor", "none", "-qmp", f"unix:{qmp},server=on,wait=off"]
    arguments += [
        "-serial",
        "pty",
        "-serial",
        "null",
        "-chardev",
        f"serial,id=bus,path={bus}",
        "-serial",
        "chardev:bus",
    ]
    arguments += ["-kernel", str(image)]
    for file, address in loaded:
        arguments += ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]
    process, log = _launch(arguments, folder)
    told = re.compile(r"char device redirected to (\S+) ")
    line = _first_line(process, lambda text: told.search(text) is not None, log)
    port = told.search(line).group(1)  # type: ignore[union-attr]
    # Held open so that QEMU always sees a peer: it looks for a new one only once a second.
    held = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(held)
    name = _lasting_name(port, folder)
    return Firmware("f405", name, process, {"link": port}, None, [held], qmp)


def slots_of(flash: Path, to: Path) -> Path:
    """The newest slot of a pc hand's flash, as a file for the `slots` of an f405."""
    data = flash.read_bytes()[_STORE : _STORE + _BLOBS]
    half = len(data) // 2
    to.write_bytes(max((data[:half], data[half:]), key=_sequence))
    return to


def _sequence(slot: bytes) -> int:
    """Of a slot (firmware/app/slot.h); -1 for one that is empty."""
    return int.from_bytes(slot[4:8], "little") if slot[:4] == b"SLOT" else -1


def _launch(arguments: list[str], folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Starts a group of its own that gets SIGTERM when the calling thread ends."""
    log = folder / "firmware.log"

    def dies_with_us() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        with suppress(OSError):  # a real hand has a processor of its own
            os.setpriority(os.PRIO_PROCESS, 0, NICE)

    with log.open("w") as errors:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            preexec_fn=dies_with_us,
        )
    return process, log


def _first_line(process: subprocess.Popen[str], wanted: Callable[[str], bool], log: Path) -> str:
    """The first line of output that is `wanted`; ends the process when none comes."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    deadline = time.monotonic() + START_S
    text = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            break
        piece = os.read(descriptor, 4096)
        if not piece:
            break
        text += piece
        *lines, _ = text.decode(errors="replace").split("\n")
        for line in lines:
            if wanted(line):
                return line
    _signal_group(process, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    words = (log.read_text(errors="replace").strip() or "it said nothing").splitlines()[-1]
    raise HandError(f"The simulated hand did not start: {words}")


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """`timeout` puts its program into a group of its own, so that one gets the signal from it."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def ask_qemu(path: Path, command: str, **arguments: object) -> None:
    """One command of QEMU's machine protocol to its control socket; waits until it is done."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.settimeout(2.0)
            control.connect(str(path))
            stream = control.makefile("rw")
            stream.readline()  # greeting
            for one, given in (("qmp_capabilities", {}), (command, arguments)):
                stream.write(json.dumps({"execute": one, "arguments": given}) + "\n")
                stream.flush()
                while "return" not in (said := json.loads(stream.readline())):
                    if "error" in said:
                        raise ValueError(said["error"].get("desc", "no reason given"))
    except (OSError, ValueError) as error:
        raise HandError(f"QEMU does not take {command} ({error}); start the hand anew.") from None
