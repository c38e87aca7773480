# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand move`: goes where it is told, and whatever ends it leaves the hand disarmed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from endplate.cli import main
from endplate.conformance.moving import closure_of
from endplate.hardware import load_hand
from endplate.sim.rig import Rig

from .driving import STATE, until
from .test_commands import command, ended

HAND = load_hand("test-hand")
JOINTS = [joint.name for joint in HAND.joints]
BENCH = "Bench tool: these commands come from no EMG. Any key stops and disarms."


def states(trace: Path) -> list[int]:
    text = trace.read_text().splitlines(keepends=True)
    return [json.loads(line)["state"] for line in text if line.endswith("\n")]


def state_now(trace: Path) -> int:
    """By the newest whole row; a test that reads all of them in a loop is too slow."""
    with trace.open("rb") as file:
        file.seek(max(0, trace.stat().st_size - 4000))
        rows = file.read().split(b"\n")[1:-1]
    return json.loads(rows[-1])["state"] if rows else -1


def move(port: str, *words: str) -> int:
    return main(["hand", "move", port, *words])


@pytest.mark.timeout(90)
def test_it_goes_where_it_is_told_and_ends_disarmed(pc_firmware, tmp_path, capsys):
    with Rig(tmp_path / "rig", trace=True) as rig:

        def at(joint: str) -> float:
            return float(rig.motion()["position_deg"][-1][JOINTS.index(joint)])

        until(lambda: len(rig.motion()), 5, "the mechanics run")
        before = at("index")
        assert move(rig.hand_port, "elbow", "40") == 0
        said = capsys.readouterr().out
        assert said.startswith(BENCH) and "(wanted: 40.0 degrees). The hand is disarmed." in said
        assert abs(at("elbow") - 40.0) < 2.0 and abs(at("index") - before) < 2.0
        assert move(rig.hand_port, "hand", "0.5", "--speed", "0.5") == 0
        assert abs(at("index") - 45.0) < 5.0 and abs(at("elbow") - 40.0) < 2.0
        wrist = at("wrist_flexion")
        assert move(rig.hand_port, "wrist_flexion", "--velocity", "-0.2", "--seconds", "1") == 0
        assert -27.0 < at("wrist_flexion") - wrist < -10.0, "0.2 of 90 degrees/s for a second"
        seen = states(rig.firmware.trace)
        assert seen[-1] == STATE["disarmed"] and seen.count(STATE["active"]) > 100


@pytest.mark.parametrize("end", ["escape", "space", "interrupt", "terminate"])
@pytest.mark.timeout(60)
def test_any_key_and_any_signal_stops(pc_firmware, tmp_path, end):
    with Rig(tmp_path / "rig", trace=True) as rig:
        master, slave = pty.openpty()
        process = command(
            "hand", "move", rig.hand_port, "elbow", "--velocity", "0.1", "--seconds", "10",
            cwd=tmp_path, stdin=slave,
        )  # fmt: skip
        elbow, trace = JOINTS.index("elbow"), rig.firmware.trace
        until(lambda: state_now(trace) == STATE["active"], 40, "it is active")
        time.sleep(0.5)
        began = time.monotonic()
        if end in ("escape", "space"):
            os.write(master, {"escape": b"\x1b", "space": b" "}[end])
        else:
            process.send_signal({"interrupt": signal.SIGINT, "terminate": signal.SIGTERM}[end])
        until(lambda: state_now(trace) == STATE["disarmed"], 1, "it is disarmed")
        assert time.monotonic() - began < 0.5
        assert "Stopped by the keyboard: the hand is disarmed." in ended(process, status=2)
        os.close(master)
        os.close(slave)
        stood = rig.motion()["position_deg"][-1][elbow]
        time.sleep(0.5)
        assert abs(rig.motion()["position_deg"][-1][elbow] - stood) < 0.5


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("foot", "3"), 'The hand test-hand has no DoF "foot"; it has hand, wrist_rotation, '
         "wrist_flexion, elbow."),
        (("elbow", "135.1"), "elbow goes from 0 to 135 degrees, not to 135.1."),
        (("elbow", "-1"), "elbow goes from 0 to 135 degrees, not to -1."),
        (("hand", "1.01"), "hand goes from 0 (open) to 1 (closed), not to 1.01."),
        (("elbow", "nan"), 'TARGET is a number, not "nan".'),
        (("elbow", "inf"), 'TARGET is a number, not "inf".'),
        (("elbow", "far"), 'TARGET is a number, not "far".'),
        (("elbow",), "Give either a TARGET or a --velocity, and which DoF it is for."),
        (("elbow", "3", "--velocity", "0.1"),
         "Give either a TARGET or a --velocity, and which DoF it is for."),
        (("elbow", "--velocity", "nan"), '--velocity is a number from -1 to 1, not "nan".'),
        (("elbow", "--velocity", "1.1"), "--velocity may be from -1 to 1, not 1.1."),
        (("elbow", "3", "--speed", "0"), "--speed may be from 0.05 to 1, not 0."),
        (("elbow", "--velocity", "1", "--seconds", "11"), "--seconds may be from 0.1 to 10, "
         "not 11."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence_and_arms_nothing(hand, capsys, words, sentence):
    assert move(hand.port, *words) == 2
    said = capsys.readouterr()
    assert said.err == f"endplate: {sentence}\n" and not said.out
    assert STATE["armed"] not in states(hand.trace)


def test_a_hand_in_fault_or_in_emergency_stop_is_not_moved(hand, bus, capsys):
    from .wire_host import connected

    bus.silent |= set(bus.registers)
    with connected(hand.port) as host:
        host.hello()
        host.until_state("fault", 6)
    assert move(hand.port, "elbow", "3") == 2
    assert "none of its motors answers: check the battery and the motor" in capsys.readouterr().err
    with connected(hand.port) as host:
        host.send("ESTOP", {"reason": 0})
        host.hello()
        host.until_state("estop")
    assert move(hand.port, "elbow", "3") == 2
    assert "is in emergency stop: switch it off and on" in capsys.readouterr().err
    assert STATE["armed"] not in states(hand.trace)


@pytest.mark.parametrize("what", ["motors", "its motor", "cable"])
def test_what_goes_wrong_on_the_way_is_one_sentence(hand, bus, tmp_path, what):
    process = command(
        "hand", "move", hand.port, "elbow", "--velocity", "0.05", "--seconds", "5", cwd=tmp_path
    )
    until(lambda: state_now(hand.trace) == STATE["active"], 40, "it is active")
    if what == "motors":
        bus.silent |= set(bus.registers)
        said = ended(process, status=2)
        assert "The hand stopped: none of its motors answers: check the battery" in said
        assert states(hand.trace)[-1] == STATE["fault"]
    elif what == "its motor":  # then only its DoF stands, and the others could be moved
        bus.silent.add(9)
        said = ended(process)
        assert re.search(r"elbow is at [\d.]+ degrees\. What limits it: .*motor", said), said
    else:
        hand.stop()
        said = ended(process, status=2)
        assert "cable on" in said and "is out: the hand stops by itself" in said


def test_closure_is_found_on_every_grips_path():
    for grip in HAND.grips:
        for closure in np.linspace(0, 1, 21):
            posture = [0.0] * len(JOINTS)
            for name, opened in grip.open_deg.items():
                share = (closure - grip.start[name]) / (grip.stop[name] - grip.start[name])
                way = min(1.0, max(0.0, share)) * (grip.closed_deg[name] - opened)
                posture[JOINTS.index(name)] = opened + way
            assert abs(closure_of(HAND, grip, posture) - closure) < 0.011, (grip.name, closure)
