# SPDX-License-Identifier: GPL-3.0-or-later
"""A board behind brainflow as a Source: counts, indices without holes, a watchdog, reopening.

brainflow has no callback and raises nothing when a stream stands still; after an unplug its thread
spins. So every poll watches the arrivals, and when the stream is gone a helper thread releases the
session, waits for the port and opens it again. brainflow's calls share one lock of the process and
`prepare_session` holds it for a second or more: while that thread works, `poll` touches brainflow
not at all.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from endplate.errors import BoardError
from endplate.live import board_params, boards
from endplate.live.boards import PLAYBACK, SYNTHETIC, BoardKind
from endplate.live.lock import PortLock, check_port
from endplate.live.samples import Plan, SampleClock
from endplate.live.source import Block, Source, SourceInfo

STALL_NS = 250_000_000  # no sample for so long: stalled
REOPEN_NS = 2_000_000_000  # no sample for so long: the session is opened anew
FIRST_NS = 3_000_000_000  # the first sample may take longer
RETRY_S = 0.3
MOST_ROWS = 4096  # of one poll; the rest comes with the next
RING_SAMPLES = 45_000  # brainflow's own buffer; its overflow drops the oldest silently
PACKET_BYTES = 33  # less than this waiting in the port is no sample


class BoardSource:
    """Any brainflow board. Made by `open_board`; see Source for `start`, `poll` and `stop`."""

    def __init__(
        self, kind: BoardKind, port: str, params: dict[str, Any], *, simulated: bool,
        commands: tuple[str, ...] = (), number: int | None = None, title: str = "",
    ) -> None:
        self._kind, self._params, self._commands = kind, params, commands
        self._number = kind.board_id if number is None else number
        self._port = port
        self._info = SourceInfo(
            title or kind.name, kind.rate_hz, len(kind.channels), kind.uv_per_count,
            kind.full_scale_uv, simulated, port,
        )
        self.clock = SampleClock(kind.rate_hz, *kind.counter)
        self.health, self.sentence = "lost", "The board is not open yet."
        self.reopened = 0
        self._board: Any = None
        self._lock: PortLock | None = None
        self._notes: list[str] = []
        self._last = np.zeros(len(kind.channels), np.int32)
        self._held: tuple[np.ndarray, np.ndarray] | None = None
        self._seen_ns = 0
        self._patience_ns = FIRST_NS
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._usb_serial = ""

    @property
    def info(self) -> SourceInfo:
        """Rate, channels and scale of this board."""
        return self._info

    @property
    def commands(self) -> tuple[str, ...]:
        """What the board is told before its stream starts."""
        return self._commands

    # ---- opening and closing ----

    def start(self) -> None:
        """Opens and starts the stream (about 1 s on serial ports). Raises BoardError."""
        self._stopping.clear()
        atexit.register(self.stop)  # the session is released even when nobody asks for it
        if boards.needs_port(self._number):
            check_port(self._port)
            self._usb_serial = boards.usb_serial(self._port)
            if note := boards.latency_note(self._port):
                self._notes.append(note)
        self._connect(self._port)
        self._running()

    def stop(self) -> None:
        """Ends the stream and frees the port."""
        self._stopping.set()
        atexit.unregister(self.stop)
        if self._thread is not None:
            self._thread.join(timeout=1.5)  # else it is inside the driver, and cleans up itself
            if self._thread.is_alive():
                return
            self._thread = None
        self._disconnect()
        self.health, self.sentence = "lost", "The board is closed."

    def _connect(self, port: str) -> None:
        shim = boards.brainflow()
        shim.BoardShim.disable_board_logger()
        inputs = shim.BrainFlowInputParams()
        for key, value in self._params.items():
            setattr(inputs, key, value)
        if port:
            inputs.serial_port = port
        if boards.needs_port(self._number):
            self._lock = PortLock(port)
        try:
            self._board = shim.BoardShim(self._number, inputs)
            self._board.prepare_session()
            for command in self._commands:
                self._board.config_board(command)
            if self._number == PLAYBACK or self._kind.board_id not in boards.CYTON_FAMILY:
                self._take_rate(float(self._board.get_board_sampling_rate()))
            self._board.start_stream(RING_SAMPLES)
        except shim.BrainFlowError as error:
            self._disconnect()
            raise BoardError(
                boards.refusal(self._kind, self._info.name, port, error.exit_code)
            ) from error
        except BaseException:
            self._disconnect()
            raise
        if self._lock is not None:
            self._lock.watch()
        self._calls(shim)

    def _take_rate(self, rate_hz: float) -> None:
        if rate_hz > 0 and rate_hz != self._info.rate_hz:
            self._info = replace(self._info, rate_hz=rate_hz)
            self.clock = SampleClock(rate_hz, *self._kind.counter)

    def _calls(self, shim: Any) -> None:
        """The two calls of every poll, without the checks and copies of the Python binding."""
        # Subscripting a library makes new function objects: brainflow's own stay as they are.
        library = shim.BoardControllerDLL.get_instance().lib
        self._count_c, self._data_c = library["get_board_data_count"], library["get_board_data"]
        self._rows = shim.BoardShim.get_num_rows(self._kind.board_id)
        self._buffer = np.zeros(self._rows * MOST_ROWS)
        self._buffer_c = self._buffer.ctypes.data_as(ctypes.c_void_p)
        self._n = ctypes.c_int32(0)
        self._n_c = ctypes.byref(self._n)
        self._tail = (ctypes.c_int(self._board.board_id), ctypes.c_char_p(self._board.input_json))

    def _disconnect(self) -> None:
        if self._lock is not None:
            self._lock.unwatch()
        board, self._board = self._board, None
        if board is not None:
            # stop_stream fails after an unplug; release_session works still.
            for end in (board.stop_stream, board.release_session):
                with contextlib.suppress(Exception):
                    end()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def tell(self, commands: str) -> None:
        """Sends commands to the board while it streams: it obeys and does not answer. Raises
        BoardError when they cannot leave."""
        try:
            if self._board is None or self._thread is not None:
                raise OSError
            self._board.config_board(commands)
        except (OSError, boards.brainflow().BrainFlowError):
            raise BoardError(f"{self._place()} takes no commands: {self.sentence}") from None

    # ---- every millisecond ----

    def poll(self) -> Block | None:
        """What arrived since the last poll, or None."""
        if self._board is None or self._thread is not None:
            self._look_again()
            return None
        now = time.monotonic_ns()
        try:
            waiting = self._lock.waiting() if self._lock is not None else None
        except OSError:
            self._lose("was unplugged")
            return None
        self._n.value = 0
        if self._count_c(0, self._n_c, *self._tail) or self._n.value <= 0:
            self.clock.idle(now, waiting is not None and waiting < PACKET_BYTES)
            self._watch_arrivals(now)
            return None
        n = min(self._n.value, MOST_ROWS)
        if self._data_c(n, 0, self._buffer_c, *self._tail):
            self._watch_arrivals(now)
            return None
        data = self._buffer[: self._rows * n].reshape(self._rows, n)
        drained = None if waiting is None else waiting < PACKET_BYTES and n == self._n.value
        return self._block(data, now, drained)

    def _block(self, data: np.ndarray, now: int, drained: bool | None) -> Block | None:
        n = data.shape[1]
        row = self._kind.package_row
        numbers = [0.0] * n if row is None else data[row].tolist()
        plan = self.clock.accept(numbers, now, drained)
        scaled = data[list(self._kind.channels)].T / self._kind.uv_per_count
        bad = ~np.isfinite(scaled)
        limit = boards.COUNT_LIMIT
        with np.errstate(invalid="ignore"):
            counts = np.rint(np.clip(scaled, -limit - 1, limit)).astype(np.int32, order="C")
        counts, bad, filled, stale = self._assemble(plan, counts, bad)
        self._notes += plan.notes
        if not len(counts):
            return None
        missing = 0
        if bad.any():
            counts = self._hold(counts, bad)
            missing = sum(1 << int(c) for c in np.flatnonzero(bad.any(axis=0)))
        if stale:
            half = counts.shape[1] // 2
            missing |= ((1 << half) - 1) << half
        self._last = counts[-1].copy()
        self._seen_ns, self._patience_ns = now, REOPEN_NS
        if self.health != "ok":
            self._running()
        notes, self._notes = self._notes, []
        first = self.clock.index + 1 - len(counts)
        return Block(counts, first, now, self.clock.newest_ns(now), missing, filled, notes)

    def _assemble(
        self, plan: Plan, counts: np.ndarray, bad: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, int, bool]:
        """Rows in the plan's order with the gaps filled; keeps the row that the plan holds back."""
        held = self._held
        self._held = None
        if plan.held is not None:
            self._held = held if plan.held == -1 else (counts[plan.held], bad[plan.held])
        if len(plan.steps) == len(counts) and all(
            step == (i, 0, False) for i, step in enumerate(plan.steps)
        ):
            return counts, bad, 0, False
        rows, bads, filled, last = [], [], 0, self._last
        for row, fill, _ in plan.steps:
            taken, taken_bad = held if row == -1 and held else (counts[row], bad[row])
            if fill:
                rows.append(np.tile(last, (fill, 1)))
                bads.append(np.zeros((fill, len(last)), bool))
                filled += fill
            rows.append(taken[None])
            bads.append(taken_bad[None])
            last = np.where(taken_bad, last, taken)
        if not rows:
            return counts[:0], bad[:0], 0, False
        stale = any(stale for _, _, stale in plan.steps)
        return (
            np.ascontiguousarray(np.concatenate(rows), np.int32), np.concatenate(bads), filled,
            stale,
        )

    def _hold(self, counts: np.ndarray, bad: np.ndarray) -> np.ndarray:
        """Values that are no numbers become the last good ones of their channel."""
        counts = counts.copy()
        last = self._last
        for i in np.flatnonzero(bad.any(axis=1)):
            before = counts[i - 1] if i else last
            counts[i, bad[i]] = before[bad[i]]
        return counts

    # ---- the watchdog ----

    def stalled(self, now_ns: int) -> bool:
        """Whether no sample came for a quarter of a second."""
        return now_ns - self._seen_ns > STALL_NS

    def _running(self) -> None:
        self.health, self.sentence = "ok", f"The board {self._info.name} runs."
        if not self._seen_ns:
            self._seen_ns = time.monotonic_ns()

    def _watch_arrivals(self, now: int) -> None:
        silent = now - self._seen_ns
        if silent <= STALL_NS:
            return
        if self.health == "ok":
            self.health = "stalled"
            self.sentence = f"{self._place()} sends no samples; the hand holds still."
            if self._number == PLAYBACK:
                self.sentence = "The file has been played to its end."
            self._notes.append(self.sentence)
        gone = bool(self._lock) and not os.path.exists(self._port)
        if gone or (silent > self._patience_ns and self._number not in (PLAYBACK, SYNTHETIC)):
            self._lose("was unplugged" if gone else "sends nothing")

    def _place(self) -> str:
        return f"The board at {self._port}" if self._port else f"The board {self._info.name}"

    def _lose(self, why: str) -> None:
        self.health = "lost"
        self.sentence = f"{self._place()} {why}; plug it in and switch it on, it opens by itself."
        self._notes.append(self.sentence)
        self.reopen()

    def reopen(self) -> None:
        """Opens the board anew in a thread of its own; `poll` returns None until it runs."""
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._reopen, name="board-reopen", daemon=True)
            self._thread.start()

    def _reopen(self) -> None:
        self._disconnect()
        while not self._stopping.wait(RETRY_S):
            port = self._find_port()
            if port is None:
                continue
            try:
                self._connect(port)
            except BoardError as error:
                self.sentence = str(error)
                continue
            self._port = port
            self._info = replace(self._info, port=port)
            if self._stopping.is_set():
                self._disconnect()
            return

    def _find_port(self) -> str | None:
        """Where the board is now: its old port, or the one where its adapter came back.

        Another adapter may have taken the old name; where serial numbers are known they decide.
        """
        if not boards.needs_port(self._number):
            return self._port
        there = os.path.exists(self._port)
        if not self._usb_serial:
            return self._port if there else None
        if there and boards.usb_serial(self._port) in ("", self._usb_serial):
            return self._port
        return next(
            (p.device for p in boards.serial_ports() if p.serial_number == self._usb_serial), None
        )

    def _look_again(self) -> None:
        thread = self._thread
        if thread is None or thread.is_alive() or self._stopping.is_set():
            return
        thread.join()
        self._thread = None
        if self._board is None:  # the thread ended without a board: try again
            self.reopen()
            return
        self.clock.begin_anew()
        self._held = None
        self.reopened += 1
        self._seen_ns, self._patience_ns = time.monotonic_ns(), FIRST_NS
        self.health = "stalled"
        self._notes.append(f"{self._place()} was opened again.")


def open_board(board: str | int, port: str = "", **params: Any) -> Source:
    """A source by the board's name or brainflow number; `start` opens it.

    `params` are brainflow's (mac_address, ip_address, ip_port, timeout, serial_number, other_info),
    and: `file` and `master_board` for "playback", `file` and `speed` for "replay" (a recording),
    `loop` to play a file for ever, `commands` to send before the stream starts, `simulated`.
    Raises BoardError.
    """
    if str(board).lower() == "replay":
        from endplate.live.replay import ReplaySource

        if not params.get("file"):
            raise BoardError("A replay needs a file; name a recording.")
        speed = board_params.as_number("speed", params.get("speed", 1.0))
        return ReplaySource(str(params["file"]), speed)
    number = boards.board_id(board)
    params = {key: value for key, value in params.items() if value is not None}
    commands = board_params.as_commands(params.pop("commands", ()))
    simulated = params.pop("simulated", None)
    if simulated is not None:
        simulated = board_params.as_flag("simulated", simulated)
    title = ""
    kind = None
    if number == PLAYBACK:
        master = boards.board_id(params.get("master_board", "cyton"))
        kind = boards.board_kind(master)
        params["master_board"] = master
        params["file"] = str(params.get("file", ""))
        boards.check_playback(Path(params["file"]), kind)
        title = f"playback of {kind.name}"
        if board_params.as_flag("loop", params.pop("loop", False)):
            commands = ("loopback_true", *commands)
    params = board_params.inputs(params)
    if boards.needs_port(number):
        check_port(port)
    if simulated is None:
        simulated = number == SYNTHETIC or os.path.realpath(port).startswith("/dev/pts/")
    return BoardSource(
        kind or boards.board_kind(number), port, params, simulated=simulated, commands=commands,
        number=number, title=title,
    )
