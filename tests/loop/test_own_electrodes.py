# SPDX-License-Identifier: GPL-3.0-or-later
"""A hand by itself: its own electrodes, decoder and buttons, and nobody on its link."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from endplate.sim import firmware
from endplate.sim.patient import Patient, simulate
from endplate.sim.prompts import Prompt

from .conftest import PATIENT
from .driving import until
from .hand_link import set_up
from .test_firmware_buttons import Buttons
from .wire_host import STATE, connected

ARM = 4
INDEX = 2  # joint
SCALE_UV = 4.5e6 / (2**23 - 1) / 24
REST_S, CLOSE_S = 7.0, 3.0
POWER_UP_S = 0.5  # of the front end, generously


def patients_rows() -> np.ndarray:
    """[n, 8] int32: the patient rests, closes the hand, rests; as the simulated front end reads."""
    close = Prompt.from_request(
        {"target": {"hand": 0.6}, "rise_s": 0.2, "hold_s": CLOSE_S, "fall_s": 0.2,
         "label": "close"}
    )  # fmt: skip
    chunk = simulate(Patient(PATIENT, seed=1), REST_S + CLOSE_S + 2.0, [(REST_S, close)])
    return np.rint(chunk.uv / SCALE_UV).astype(np.int32)


@pytest.fixture(scope="module")
def emg(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("emg") / "rows"
    patients_rows().tofile(path)
    return path


@pytest.fixture
def flash(pc_firmware, bus, offline_profile, tmp_path) -> Path:
    """Of a hand that has its person's decoder and is set to do without a host."""
    kept = tmp_path / "flash"
    with firmware.start("pc", bus.port, tmp_path / "first", flash=kept) as hand:
        set_up(hand.port, offline_profile, save=True, decode=2, emg_source=1)
    return kept


class Alone:
    """The hand's trace is all that tells of it."""

    def __init__(self, hand: firmware.Firmware) -> None:
        self.hand = hand
        self._rows: list[dict] = []
        self._read = 0

    def rows(self) -> list[dict]:
        with self.hand.trace.open() as trace:
            trace.seek(self._read)
            while (line := trace.readline()).endswith("\n"):
                self._rows.append(json.loads(line))
                self._read = trace.tell()
        return self._rows

    def state(self) -> int:
        rows = self.rows()
        return rows[-1]["state"] if rows else -1

    def goal(self) -> float:
        return self.rows()[-1]["goal"][INDEX]


@pytest.fixture
def alone(flash, bus, emg, tmp_path):
    buttons = Buttons(tmp_path / "buttons")
    with firmware.start(
        "pc", bus.port, tmp_path / "second", trace=True, flash=flash, emg=emg, buttons=buttons.path
    ) as hand:
        yield Alone(hand), buttons


def test_it_arms_by_its_button_and_follows_its_person(alone):
    hand, buttons = alone
    begun = time.monotonic()
    until(lambda: hand.state() == STATE["disarmed"], 5, "disarmed")
    time.sleep(POWER_UP_S)
    open_deg = hand.goal()
    buttons.set(ARM)
    until(lambda: hand.state() == STATE["active"], 4, "armed by the button, relaxed, active")
    buttons.set(0)
    print(f"\nactive after {time.monotonic() - begun:.1f} s")
    until(lambda: hand.goal() - open_deg > 20.0, REST_S + CLOSE_S, "the finger closes")
    buttons.set(ARM)
    until(lambda: hand.state() == STATE["disarmed"], 3, "the same button ends it")
    stands = hand.goal()
    time.sleep(0.5)
    assert abs(hand.goal() - stands) < 0.5


def test_a_short_touch_of_the_button_arms_nothing(alone):
    hand, buttons = alone
    until(lambda: hand.state() == STATE["disarmed"], 5, "disarmed")
    time.sleep(POWER_UP_S)
    buttons.set(ARM)
    time.sleep(0.6)
    buttons.set(0)
    time.sleep(0.8)
    assert {row["state"] for row in hand.rows()} <= {STATE["self test"], STATE["disarmed"]}


def test_a_button_that_is_stuck_at_power_up_arms_nothing(flash, bus, emg, tmp_path):
    stuck = Buttons(tmp_path / "buttons", ARM)
    with firmware.start(
        "pc", bus.port, tmp_path / "second", trace=True, flash=flash, emg=emg, buttons=stuck.path
    ) as running:
        hand = Alone(running)
        until(lambda: hand.state() == STATE["disarmed"], 5, "disarmed")
        time.sleep(3.0)
        assert {row["state"] for row in hand.rows()} <= {STATE["self test"], STATE["disarmed"]}


def test_a_front_end_that_falls_silent_stops_it_for_good(flash, bus, emg, tmp_path):
    buttons = Buttons(tmp_path / "buttons")
    program = tmp_path / "silent"  # the knob of the simulated chip goes in by a wrapper
    image = firmware.KINDS["pc"]
    program.write_text(f'#!/bin/sh\nexec {image} --emg-fault silent-at=1500 "$@"\n')
    program.chmod(0o755)
    with firmware.start(
        "pc", bus.port, tmp_path / "second", trace=True, flash=flash, emg=emg,
        buttons=buttons.path, program=program,
    ) as running:  # fmt: skip
        hand = Alone(running)
        until(lambda: hand.state() == STATE["disarmed"], 5, "disarmed")
        time.sleep(POWER_UP_S)
        buttons.set(ARM)
        until(lambda: hand.state() == STATE["active"], 4, "active")
        buttons.set(0)
        until(lambda: hand.state() == STATE["link lost"], 8, "link lost")
        rows = hand.rows()
        lost = next(row for row in rows if row["state"] == STATE["link lost"])
        fresh = max(row["us"] for row in rows if row["sample"] != lost["sample"])
        print(f"\nlink lost {(lost['us'] - fresh) / 1000:.0f} ms after the last hop")
        assert (lost["us"] - fresh) / 1000 < 350
        time.sleep(1.5)  # the chip is tried again, and the counter goes on
        assert hand.state() == STATE["link lost"]


def test_emg_of_a_host_is_refused_while_it_has_its_own(alone):
    hand, _ = alone
    until(lambda: hand.state() == STATE["disarmed"], 5, "disarmed")
    with connected(hand.hand.port) as host:
        host.hello()
        before = host.counters()["bad_value"]
        host.send("EMG", {"sites": 8, "count": 1})
        host.quiet(0.2)
        assert host.counters()["bad_value"] == before + 1
        heard = [f.fields for f in host.quiet(0.4) if f.msg == "DECODED"]
    assert len(heard) > 10 and all(told["drives"] for told in heard), "its hops are told"
