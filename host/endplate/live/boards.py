# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of boards: names, scales and counters of each, and the ports of this machine.

brainflow is imported inside the functions, so that reading this module costs nothing.
"""

from __future__ import annotations

import difflib
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from endplate.errors import BoardError

SYNTHETIC, PLAYBACK, STREAMING = -1, -3, -2
CYTON_FAMILY = {0, 2, 5, 6}  # Cyton, Daisy and both over WiFi: ADS1299, counts of 24 bits
#: 4.5 V reference, 24 bits, gain 24 (brainflow cyton.h): microvolts per count.
CYTON_UV_PER_COUNT = 4.5 / (2**23 - 1) / 24.0 * 1e6
CYTON_FULL_SCALE_UV = 187_500.0
#: Other boards answer in microvolts; counts of this size hold +-419 mV in 24 bits.
OTHER_UV_PER_COUNT = 0.05
UV_PER_COUNT = {1: 0.005, 46: 0.005, 4: 0.005}  # Ganglion: 1.9 nV steps, +-15.7 mV
COUNT_LIMIT = 2**23 - 1
_SHORT = {"daisy": 2, "cyton-daisy": 2, "playback": PLAYBACK, "synthetic": SYNTHETIC}
_CHANNEL_KEYS = ("emg_channels", "exg_channels", "eeg_channels", "ecg_channels")


@dataclass(frozen=True)
class BoardKind:
    """One brainflow board: rows of its data, scale of its counts, behaviour of its package counter.

    `counter` holds SampleClock's step, modulo and paired; modulo 0 where the counter is not known.
    """

    board_id: int
    name: str
    rate_hz: float
    channels: tuple[int, ...]
    package_row: int | None
    uv_per_count: float
    full_scale_uv: float
    counter: tuple[int, int, bool]


def brainflow() -> Any:
    """The driver's module. Raises BoardError when it is not installed."""
    try:
        from brainflow import board_shim
    except ImportError as error:
        raise BoardError(
            f"Boards need brainflow, which cannot be loaded ({error}); install it with "
            "`pip install endplate[board]`."
        ) from error
    # The driver says so when it is first used: its maker's affair, and no user's.
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", module="brainflow")
    return board_shim


def board_names() -> dict[str, int]:
    """Every board by the name a user types: "cyton", "cyton-daisy", "ganglion", ..."""
    names = {}
    for member in brainflow().BoardIds:
        if member.name in ("NO_BOARD", "STREAMING_BOARD"):
            continue
        name = member.name.lower().replace("_file_board", "").replace("_board", "")
        names[name.replace("_", "-")] = int(member)
    return names


def board_id(board: str | int) -> int:
    """Number of a board given by name or number. Raises BoardError that lists near names."""
    names = board_names()
    text = str(board).strip().lower().replace("_", "-").replace(" ", "-")
    known = {**names, **_SHORT}
    if text in known:
        return known[text]
    if re.fullmatch(r"-?\d+", text):
        if int(text) in names.values():
            return int(text)
        raise BoardError(f"There is no board number {text}; `endplate devices` lists them.")
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`endplate devices` lists them."
    raise BoardError(f'There is no board "{board}"; {hint}')


def board_kind(number: int) -> BoardKind:
    """What is known of a board. Raises BoardError when it has no electrodes."""
    shim = brainflow()
    description = shim.BoardShim.get_board_descr(number)
    name = next((name for name, n in board_names().items() if n == number), str(number))
    channels = next((description[key] for key in _CHANNEL_KEYS if description.get(key)), None)
    if not channels:
        raise BoardError(f"The board {name} has no channels for electrodes; choose another board.")
    scale, full_scale = UV_PER_COUNT.get(number, OTHER_UV_PER_COUNT), None
    if number in CYTON_FAMILY:
        scale, full_scale = CYTON_UV_PER_COUNT, CYTON_FULL_SCALE_UV
    counter = (1, 0, False)
    if number in (0, 5, SYNTHETIC):
        counter = (1, 256, False)
    elif number == 2:
        counter = (2, 256, True)
    return BoardKind(
        number, name, float(description["sampling_rate"]), tuple(channels),
        description.get("package_num_channel"), scale, full_scale or scale * COUNT_LIMIT, counter,
    )


def needs_port(number: int) -> bool:
    """Whether the board is reached through a serial port that the user must name."""
    return number in (0, 2, 17, 65, 52, 57, 66, 1, 50, 64)


def refusal(kind: BoardKind, name: str, port: str, code: int) -> str:
    """What to say when brainflow refuses to open a board with its exit code `code`."""
    if code in (1, 2, 3):  # PORT_ALREADY_OPEN, UNABLE_TO_OPEN_PORT, SER_PORT
        return f"The port {port} cannot be opened; close other programs that use it."
    if kind.board_id in (0, 2) and code in (4, 5, 6, 7):  # write, message, not ready
        return (
            f"The board at {port} does not answer; is it switched on and charged, is the dongle's "
            "switch on GPIO6, and is this the right port?"
        )
    if code == 13:  # INVALID_ARGUMENTS
        return f"The board {name} needs more to be found; give its port, address or file."
    if code in (7, 17, 18):  # not ready, general, timeout
        return f"The board {name} does not answer; is it switched on and near?"
    return (
        f"The board {name} cannot be opened (brainflow's code {code}): switch it off and on, plug "
        "its dongle in again, then try again."
    )


def check_playback(path: Path, kind: BoardKind) -> None:
    """Raises BoardError unless the file is of this board: brainflow plays another as silence."""
    try:
        with path.open(encoding="utf-8") as file:
            row = file.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BoardError(f"The file {path} to be played cannot be read; name another.") from error
    rows = brainflow().BoardShim.get_num_rows(kind.board_id)
    found = len(row.split("\t" if "\t" in row else ","))
    if found != rows:
        raise BoardError(
            f"The file {path} has {found} columns, a file of the board {kind.name} has {rows}; "
            "name the board that recorded it."
        )


@dataclass(frozen=True)
class Port:
    """One serial port: device path, what the system calls it, and who made it."""

    device: str
    title: str
    serial_number: str = ""
    latency_ms: int | None = None


def latency_timer_ms(port: str) -> int | None:
    """An FTDI adapter's latency timer, or None for other ports."""
    name = Path(os.path.realpath(port)).name
    try:
        return int(Path(f"/sys/bus/usb-serial/devices/{name}/latency_timer").read_text())
    except (OSError, ValueError):
        return None


def latency_note(port: str) -> str | None:
    """A sentence when the adapter's latency timer makes samples come in lumps."""
    timer = latency_timer_ms(port)
    if timer is None or timer <= 2:
        return None
    name = Path(os.path.realpath(port)).name
    return (
        f"The adapter at {port} gathers samples for {timer} ms; for steady control set its latency "
        f"timer to 1: echo 1 | sudo tee /sys/bus/usb-serial/devices/{name}/latency_timer"
    )


def serial_ports() -> list[Port]:
    """Serial ports of this machine that have hardware behind them."""
    from serial.tools import list_ports

    return [
        Port(p.device, p.description or "", p.serial_number or "", latency_timer_ms(p.device))
        for p in sorted(list_ports.comports())
    ]


def usb_serial(port: str) -> str:
    """Serial number of the USB adapter behind a port; "" when it has or tells none."""
    real = os.path.realpath(port)
    return next(
        (p.serial_number for p in serial_ports() if os.path.realpath(p.device) == real), ""
    )


def list_devices() -> dict[str, Any]:
    """For `endplate devices`: {"ports": [Port], "boards": {name: number}}."""
    return {"ports": serial_ports(), "boards": board_names()}
