# SPDX-License-Identifier: GPL-3.0-or-later
"""A hand for tests of the host alone: the real codec and the real guard behind a pty, and knobs.

It answers as firmware/app/link.h says. The tests of the path as a whole run the firmware itself.
"""

from __future__ import annotations

import os
import pty
import threading
import time
import tty

from endplate import core

lib, ffi = core.lib, core.ffi
EVENTS = {
    "ARM": lib.GUARD_EV_ARM, "DISARM": lib.GUARD_EV_DISARM, "CLEAR_FAULT": lib.GUARD_EV_CLEAR_FAULT,
    "RELEASE": lib.GUARD_EV_RELEASE, "ESTOP": lib.GUARD_EV_ESTOP,
}  # fmt: skip


class HandStandIn:
    """Runs in a thread. Knobs may be turned while it runs; `commands` has what arrived.

    offset_us, ppm    of its clock
    deaf              reads nothing; silent: answers nothing
    refused           counts commands that were refused and had not waited here for too long
    deny_arm          takes ARM and stays as it is
    faults            guard's fault bits
    schema, hand_hash what it says it was built from
    """

    def __init__(self, offset_us: int = 4_000_000_000, ppm: float = 30, **knobs) -> None:
        self.offset_us, self.ppm = offset_us, ppm
        self.deaf = self.silent = self.deny_arm = False
        self.faults = 0
        self.schema, self.hand_hash = core.SCHEMA_HASH, 0x1234
        self.__dict__.update(knobs)
        self.commands: list[dict] = []  # fields of COMMAND, and its age in ms, arrival and verdict
        self.messages: list[str] = []
        self.states: list[tuple[int, int]] = []  # (monotonic ns, guard state) at every change
        self.refused = 0
        self.worst_gap_ms = 0.0  # how late this stand-in itself was: a busy machine's share
        self._boot_id = 7
        self._stop = threading.Event()
        self._open_pty()
        self._start_guard()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # ---- what tests do ----

    def __enter__(self) -> HandStandIn:
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)
        if os.path.islink(self.port):
            os.unlink(self.port)

    def link_as(self, path) -> str:
        """A lasting name for the port, as udev gives: it survives unplug() and plug()."""
        self._link = str(path)
        os.symlink(self._name, self._link)
        return self._link

    def reboot(self) -> None:
        self._do(self._start_again)

    def unplug(self) -> None:
        self._do(self._unplug)

    def plug(self) -> None:
        self._do(self._plug)

    @property
    def port(self) -> str:
        return getattr(self, "_link", self._name)

    @property
    def state(self) -> int:
        return self._guard.state

    def hand_us(self, ns: int | None = None) -> int:
        ns = time.monotonic_ns() if ns is None else ns
        return int(ns / 1000 * (1 + self.ppm * 1e-6)) + self.offset_us

    # ---- how it works ----

    def _do(self, what) -> None:
        done = threading.Event()
        self._todo = (what, done)
        assert done.wait(5)

    def _open_pty(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._name = os.ttyname(self._slave)
        self._todo = None

    def _unplug(self) -> None:
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1
        if hasattr(self, "_link"):
            os.unlink(self._link)

    def _plug(self) -> None:
        self._open_pty()
        if hasattr(self, "_link"):
            os.symlink(self._name, self._link)

    def _start_guard(self) -> None:
        self._config, self._guard = ffi.new("guard_config *"), ffi.new("guard_state *")
        self._out = ffi.new("guard_output *")
        lib.guard_defaults(self._config, 4)
        now = self.hand_us() // 1000 & 0xFFFFFFFF
        assert lib.guard_init(self._guard, self._config, now) == 0
        lib.guard_tick(self._guard, self._config, 0, now, self._out)
        lib.guard_raise(self._guard, self._config, lib.GUARD_EV_SELF_TEST_DONE, now)
        self._decoder = core.FrameDecoder()
        self._session, self._seq, self._heard = 0, 0, None
        self._heard_ns = self._state_ns = self._refused_ns = 0
        self._applied = (0, 0)

    def _start_again(self) -> None:
        self._boot_id += 1
        self._start_guard()

    def _run(self) -> None:
        last, before = None, time.monotonic_ns()
        while not self._stop.is_set():
            now = time.monotonic_ns()
            self.worst_gap_ms = max(self.worst_gap_ms, (now - before) / 1e6)
            before = now
            if self._todo:
                what, done = self._todo
                self._todo = None
                what()
                done.set()
            if self._master >= 0:
                self._step()
            if self._guard.state != last:
                last = self._guard.state
                self.states.append((time.monotonic_ns(), last))
            time.sleep(0.001)

    def _step(self) -> None:
        data = b""
        if not self.deaf:
            try:
                data = os.read(self._master, 4096)
            except OSError:  # nothing there, or nobody has it open
                pass
        ms = self.hand_us() // 1000 & 0xFFFFFFFF
        lib.guard_set_faults(self._guard, self._config, self.faults, ms)
        for frame in self._decoder.feed(data) if data else ():
            self._take(frame)
        lib.guard_tick(self._guard, self._config, 0, ms, self._out)
        now = time.monotonic_ns()
        every = 20_000_000 if now - self._heard_ns < 500_000_000 else 500_000_000
        if self._session and now - self._state_ns >= every:
            self._say_state(None)

    def _say(self, msg: str, fields: dict, session=None, ack=None) -> None:
        if self.silent:
            return
        self._seq += 1
        frame = core.encode(
            msg, fields, session=self._session if session is None else session,
            seq=self._seq, ack=self._heard if ack is None else ack,
        )  # fmt: skip
        try:
            os.write(self._master, frame)
        except OSError:
            pass

    def _say_state(self, ack: int | None) -> None:
        self._state_ns = time.monotonic_ns()
        guard = self._guard
        fields = {
            "hand_us": self.hand_us() & 0xFFFFFFFF, "state": guard.state, "faults": guard.faults,
            "applied_us": self._applied[0], "applied_sample": self._applied[1],
            "limit": list(self._out.limit),
        }  # fmt: skip
        self._say("STATE", fields, ack=ack)

    def _hello_ack(self, session: int, accepted: int) -> None:
        self._say(
            "HELLO_ACK",
            {
                "schema_hash": self.schema, "hand_hash": self.hand_hash, "boot_id": self._boot_id,
                "accepted": accepted, "state": self._guard.state, "dofs": 4, "joints": 9,
                "grips": 6, "name": list(b"stand-in".ljust(16, b"\0")), "firmware": [0, 1, 0],
            },
            session=session,
        )  # fmt: skip

    def _take(self, frame: core.Frame) -> None:
        now = time.monotonic_ns()
        ms = self.hand_us(now) // 1000 & 0xFFFFFFFF
        self.messages.append(frame.msg)
        if frame.msg == "HELLO":
            good = frame.fields["schema_hash"] == self.schema
            if good:
                self._session, self._heard, self._heard_ns = frame.session, frame.seq, now
                lib.guard_raise(self._guard, self._config, lib.GUARD_EV_SESSION, ms)
            self._hello_ack(frame.session, int(good))
            return
        if frame.session != self._session or not self._session:
            if frame.msg not in ("RELEASE", "ESTOP"):
                self._decoder.count("bad_session")
                if now - self._refused_ns > 200_000_000:
                    self._refused_ns = now
                    self._hello_ack(frame.session, 0)
                return
        elif self._heard is not None and not core.newer(frame.seq, self._heard):
            self._decoder.count("bad_sequence")
            return
        self._heard, self._heard_ns = frame.seq, now
        if frame.msg == "TIME":
            us = self.hand_us(now) & 0xFFFFFFFF
            tx = self.hand_us() & 0xFFFFFFFF
            self._say(
                "TIME", {"host_us": frame.fields["host_us"], "hand_rx_us": us, "hand_tx_us": tx}
            )
        elif frame.msg == "COMMAND":
            self._take_command(frame, now, ms)
        elif frame.msg in EVENTS:
            if not (frame.msg == "ARM" and self.deny_arm):
                lib.guard_raise(self._guard, self._config, EVENTS[frame.msg], ms)
            self._say_state(frame.seq)

    def _take_command(self, frame: core.Frame, now: int, ms: int) -> None:
        fields = frame.fields
        us = self.hand_us(now)
        age_us = (us - fields["emg_us"] + 2**31) % 2**32 - 2**31
        command = ffi.new(
            "guard_command *",
            {
                "emg_ms": (us - age_us) // 1000 & 0xFFFFFFFF, "sample": fields["sample"],
                "mode": fields["mode"], "valid_ms": fields["valid_ms"], "frozen": fields["frozen"],
                "target": [value / core.TARGET_UNIT for value in fields["target"]],
            },
        )  # fmt: skip
        verdict = lib.guard_command_take(self._guard, self._config, command, ms)
        if verdict == 0:
            self._applied = (self.hand_us() & 0xFFFFFFFF, fields["sample"])
        elif age_us < 150_000 - self.worst_gap_ms * 1000:
            self.refused += 1
        self.commands.append({**fields, "age_ms": age_us / 1000, "at_ns": now, "verdict": verdict})
