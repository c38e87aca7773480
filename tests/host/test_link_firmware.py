# SPDX-License-Identifier: GPL-3.0-or-later
"""The link against the hand's own firmware, as a Linux program, with the mechanics on its bus."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from endplate import core
from endplate.errors import HandError
from endplate.hardware import load_hand
from endplate.live.link import HandLink
from endplate.sim import firmware

MS = 1_000_000
HAND = load_hand("test-hand")
HASH = HAND.hash32
INDEX = [joint.name for joint in HAND.joints].index("index")
if not firmware.KINDS["pc"].exists():
    pytest.skip("the hand's program is not built (make firmware)", allow_module_level=True)


def until(condition, link, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {link.sentence} {link.state}"
        link.service()
        time.sleep(0.001)


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    place = tmp_path_factory.mktemp("hand")
    process = subprocess.Popen(
        [sys.executable, "-m", "endplate.sim.hand", "--hand", "test-hand", "--directory", place],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield json.loads(process.stdout.readline())["bus"]
    process.kill()
    process.communicate()


@pytest.fixture
def run(bus, tmp_path):
    """Starts a hand and opens the link: run(knob=...) -> (firmware, link)."""
    running = []

    def begin(**knobs):
        hand = firmware.start("pc", bus, tmp_path, **knobs)
        running.append(hand)
        link = HandLink(hand.port, knobs.get("baud", 1_000_000), HASH)
        running.append(link)
        link.open()
        until(lambda: link.at_rest and link.clock.synchronised, link)
        return hand, link

    yield begin
    for part in reversed(running):
        getattr(part, "stop", getattr(part, "close", None))()


def arm(link) -> None:
    said = []
    link.arm(said.append)
    until(lambda: said, link)
    assert said == [None]


def drive(link, seconds: float, sample: int = 1, hand: int = 0) -> int:
    end, due = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        link.service()
        if time.monotonic() >= due:
            due = time.monotonic() + 0.02
            sample += 5
            link.command([hand] + [0] * 7, 0, 0, time.monotonic_ns() - 4 * MS, sample)
        time.sleep(0.001)
    return sample


# Clocks that wrap within the test, stand far off, and run fast.
@pytest.mark.parametrize(
    "knobs",
    [{}, {"clock_offset_us": 2**32 - 2_000_000, "clock_ppm": 100.0}, {"baud": 115200}],
    ids=["plain", "clock wraps", "slow line"],
)
def test_armed_it_moves_and_says_when_it_applied(run, knobs):
    _, link = run(**knobs)
    assert link.info["name"].startswith("test-hand") and link.info["dofs"] == 4
    arm(link)
    sample = drive(link, 0.3)
    assert link.state["word"] == "active"
    position = list(link.state["position_deg"])
    link.applied.clear()
    is_closed = position[INDEX] > 30.0  # by the test before: the motors stay where they are
    drive(link, 1.2, sample, hand=-6000 if is_closed else 6000)
    moved = [abs(a - b) for a, b in zip(link.state["position_deg"], position, strict=True)]
    assert max(moved) > 5 and link.state["limits"][0] in ("none", "position")
    assert len(link.applied) > 10
    until(lambda: link.full and link.stats, link)
    assert len(link.full["goal_deg"]) == 9 and not any(link.full["missing"])
    refused = {name for name in core.REFUSALS if link.stats["rx"][name]}
    assert refused <= {"bad_stale"} and link.refused == {}  # stale: this test itself was late
    assert link.clock.error_at(time.monotonic_ns()) < 20 * MS
    now = time.monotonic_ns()
    for _, applied_ns, error_ns in link.applied:
        assert now - 3000 * MS < applied_ns < now + error_ns


def test_silence_is_link_lost_and_needs_arming(run):
    _, link = run()
    arm(link)
    sample = drive(link, 0.2)
    until(lambda: link.state["word"] == "stale", link, 1.0)
    until(lambda: link.state["word"] == "link lost", link, 1.0)
    drive(link, 0.2, sample)
    assert link.state["word"] == "link lost" and not link.armed
    arm(link)
    drive(link, 0.2, sample + 1000)
    assert link.state["word"] == "active"


def test_a_restart_is_seen_by_its_boot_id(run):
    hand, link = run()
    arm(link)
    drive(link, 0.2)
    boot = link.info["boot_id"]
    hand.reset()
    until(lambda: link.info["boot_id"] != boot and link.phase == "up", link)
    assert "restarted" in link.sentence and not link.armed
    until(lambda: link.at_rest, link)
    drive(link, 0.2, 1000)
    assert link.state["word"] == "disarmed"
    arm(link)


def test_release_estop_and_disarm(run):
    _, link = run()
    arm(link)
    drive(link, 0.2)
    for ask, word in ((link.disarm, "disarmed"), (link.release, "releasing")):
        said = []
        ask(said.append)
        until(lambda said=said: said, link)
        assert said == [None] and link.state["word"] == word
    said = []
    link.estop(said.append)
    until(lambda: said, link)
    assert said == [None] and link.state["word"] == "estop"


def test_another_schema_is_refused(bus, tmp_path):
    with firmware.start("pc", bus, tmp_path, schema=core.SCHEMA_HASH ^ 1) as hand:
        link = HandLink(hand.port, hand_hash=HASH)
        with pytest.raises(HandError, match=f"{core.SCHEMA_HASH ^ 1:08x}.*flash"):
            link.open()


def test_another_hand_file_is_refused(bus, tmp_path):
    with firmware.start("pc", bus, tmp_path) as hand:
        with pytest.raises(HandError, match="another hand file"):
            HandLink(hand.port, hand_hash=HASH ^ 1).open()
