# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons at the hand itself: they work without a host, and nothing but a press is a press."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from endplate.errors import HandError
from endplate.sim import firmware

from .wire_host import STATE, connected, goals

ESTOP, RELEASE = 1, 2
INDEX = 3  # actuator id


class Buttons:
    """Presses what the pc board reads."""

    def __init__(self, path: Path, pressed: int = 0) -> None:
        path.write_bytes(bytes([pressed]))
        self.path = path

    def set(self, pressed: int) -> int:
        """Returns when, CLOCK_MONOTONIC."""
        with self.path.open("r+b", buffering=0) as file:
            at_ns = time.monotonic_ns()
            file.write(bytes([pressed]))
        return at_ns


@pytest.fixture
def buttons(tmp_path):
    return Buttons(tmp_path / "buttons")


@pytest.fixture
def hand(pc_firmware, bus, tmp_path, buttons):
    with firmware.start("pc", bus.port, tmp_path, trace=True, buttons=buttons.path) as running:
        yield running


def rows(hand) -> list[dict]:
    return [json.loads(line) for line in hand.trace.read_text().splitlines() if line.endswith("}")]


def test_estop_button_switches_torque_off_without_a_host(host, hand, bus, buttons):
    host.activate()
    host.drive(0.6, seconds=0.2)
    pressed_ns = buttons.set(ESTOP)
    host.until_state("estop", 1.0)
    host.quiet(0.1)
    began_us = next(r["us"] for r in rows(hand) if r["state"] == STATE["estop"])
    off_us = rows(hand)[-1]["stopped_us"]
    assert 0 < off_us - pressed_ns / 1000 < 10_000, "the press itself takes 2 ms; a busy machine"
    assert 0 < off_us - began_us < 5000
    assert all(table[64] == 0 for table in bus.registers.values())
    buttons.set(0)
    host.send("CLEAR_FAULT", {"reason": 0})
    host.arm()
    host.quiet(0.2)
    assert rows(hand)[-1]["state"] == STATE["estop"], "letting go ends nothing"


def test_estop_that_is_pressed_at_power_up_leaves_torque_off(pc_firmware, bus, tmp_path):
    pressed = Buttons(tmp_path / "buttons", ESTOP)
    with firmware.start("pc", bus.port, tmp_path, trace=True, buttons=pressed.path) as hand:
        with connected(hand.port) as host:
            host.hello()  # it may be heard before the contact has been closed for long enough
            host.until_state("estop", 0.5)
            host.quiet(1.2)
        assert {r["state"] for r in rows(hand)} <= {STATE["self test"], STATE["estop"]}
        assert {r["power"] for r in rows(hand)} == {0}
        assert not [e for e in bus.writes(64) if e[3][2:] != b"\0"], "torque was never on"


def test_a_contact_that_opens_for_one_look_is_no_estop(host, hand, buttons):
    host.activate()
    for _ in range(20):
        buttons.set(ESTOP)
        buttons.set(0)
        host.drive(0.1, seconds=0.04)
    assert STATE["estop"] not in {r["state"] for r in rows(hand)}


def test_release_button_opens_once_a_press(host, hand, bus, buttons):
    host.activate()
    host.drive(1.0, seconds=0.4)
    host.until_state("link lost")
    closed = goals(bus, INDEX)[-1][1]
    pressed_ns = buttons.set(RELEASE)
    host.quiet(0.6)
    releasing = next(r for r in rows(hand) if r["state"] == STATE["releasing"])
    assert 30_000 <= releasing["us"] - pressed_ns / 1000 < 60_000, "held for 30 ms"
    assert goals(bus, INDEX)[-1][1] < closed - 100
    host.send("DISARM", {"reason": 0})
    host.until_state("disarmed")
    host.quiet(0.2)
    assert rows(hand)[-1]["state"] == STATE["disarmed"], "still pressed, and told already"
    buttons.set(0)
    host.quiet(0.05)
    buttons.set(RELEASE)
    host.until_state("releasing")


def test_release_that_is_stuck_at_power_up_opens_nothing(pc_firmware, bus, tmp_path):
    stuck = Buttons(tmp_path / "buttons", RELEASE)
    with firmware.start("pc", bus.port, tmp_path, trace=True, buttons=stuck.path) as hand:
        with connected(hand.port) as host:
            host.hello()
            host.until_state("disarmed")
            host.quiet(0.3)
            assert STATE["releasing"] not in {r["state"] for r in rows(hand)}
            stuck.set(0)
            host.quiet(0.05)
            stuck.set(RELEASE)
            host.until_state("releasing")


def test_a_short_touch_releases_nothing(host, hand, buttons):
    host.activate()
    buttons.set(RELEASE)
    host.drive(0.0, seconds=0.01)
    buttons.set(0)
    host.drive(0.0, seconds=0.1)
    assert STATE["releasing"] not in {r["state"] for r in rows(hand)}


def test_both_pressed_is_an_estop(host, hand, buttons):
    host.activate()
    buttons.set(ESTOP | RELEASE)
    host.until_state("estop")
    host.quiet(0.1)
    assert rows(hand)[-1]["state"] == STATE["estop"]


def test_file_that_is_no_buttons_is_refused_in_a_sentence(pc_firmware, bus, tmp_path):
    empty = tmp_path / "nothing"
    empty.touch()
    with pytest.raises(HandError, match="no file of a byte or more for the buttons"):
        firmware.start("pc", bus.port, tmp_path, buttons=empty)
