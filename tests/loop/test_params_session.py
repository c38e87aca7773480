# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's parameters asked through a running session, which keeps the port."""

from __future__ import annotations

import pytest

from endplate.cli import main
from endplate.errors import EndplateError, HandError
from endplate.live.hand_params import SessionParams
from endplate.live.session import default_directory
from endplate.sim.rig import Rig

from .driving import Driving, until


@pytest.fixture
def driving(pc_firmware, offline_profile, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with Rig(tmp_path / "rig", trace=True) as rig:
        running = Driving(rig, default_directory() / "run-1", offline_profile)
        try:
            until(lambda: hand_of(running).get("word") == "disarmed", 10, "the hand is at rest")
            yield running
        finally:
            running.control.stop()


def hand_of(driving: Driving) -> dict:
    return driving.control.feed().status().get("hand") or {}


@pytest.mark.timeout(120)
def test_the_command_line_goes_through_the_session(driving, capsys):
    port = driving.rig.hand_port

    def said(*words: str, status: int = 0) -> str:
        assert main(["hand", words[0], port, *words[1:]]) == status
        out, err = capsys.readouterr()
        through = f"A session runs on {port}: the hand is asked through it.\n"
        assert err.startswith(through)
        return out + err.removeprefix(through)

    firmware_before = hand_of(driving)["counters"]["reboots"]
    assert said("get", "link_lost_ms") == "300 ms\n"
    assert "is 310 ms (was 300). Until" in said("set", "link_lost_ms", "310")
    assert "is key (was power)" in said("set", "rest_grip", "key")
    assert "may be 100 to 350 ms, not 99" in said("set", "link_lost_ms", "99", status=2)
    assert "*!" in said("params") and said("get", "rest_grip") == "key\n"
    driving.arm()
    assert "only while it is disarmed: disarm it first." in said("set", "ramp_ms", "60", status=2)
    assert "only while it is disarmed: disarm it first." in said("save", status=2)
    assert said("get", "ramp_ms") == "50 ms\n" and hand_of(driving)["armed"], "and it goes on"
    driving.ask("disarm")
    assert said("reset").startswith("Every parameter is as the hand was built.")
    assert hand_of(driving)["counters"]["reboots"] == firmware_before
    assert hand_of(driving)["connected"]


@pytest.mark.timeout(120)
def test_requests_that_are_wrong_are_refused_and_end_nothing(driving):
    good = {"msg": "PARAM_SET", "index": 4, "type": 0, "value": 300}
    for wrong in ({"msg": "ESTOP"}, {"msg": None}, {"index": 256}, {"index": True}, {"index": 1.5},
                  {"index": "x"}, {"value": 1 << 31}, {"type": -1}, {"value": None}):  # fmt: skip
        with pytest.raises(EndplateError, match="one of PARAM_INFO|lacks a field, or has a wrong"):
            driving.control.ask("param", **(good | wrong))
    assert driving.control.ask("param", **good)["answer"]["status"] == 0
    params = SessionParams(driving.directory)
    with pytest.raises(HandError, match='no parameter "speed"; it has valid_max_ms, '):
        params.set("speed", "1")
    driving.control.stop()
    with pytest.raises(EndplateError, match="Nothing is running in"):
        params.get("ramp_ms")


@pytest.mark.timeout(120)
def test_a_session_notices_who_decodes_from_the_next_command_on(driving, capsys):
    port = driving.rig.hand_port

    def chosen(name: str, value: str) -> dict:
        assert main(["hand", "set", port, name, value]) == 0
        return hand_of(driving)["decoding"]

    assert hand_of(driving)["decoding"]["mode"] == "host"
    for value, mode in (("2", "hand"), ("1", "shadow"), ("2", "hand")):
        chosen("decode", value)
        until(lambda m=mode: hand_of(driving)["decoding"]["mode"] == m, 1, "the session knows it")
    with pytest.raises(HandError, match="another decoder than this profile's: upload it"):
        driving.ask("arm")
    chosen("emg_source", "1")
    until(lambda: "own electrodes" in hand_of(driving)["decoding"]["who"], 1, "its own electrodes")
    assert main(["hand", "reset", port]) == 0
    until(lambda: hand_of(driving)["decoding"]["mode"] == "host", 1, "as it was built")
    before = hand_of(driving)["counters"]["reboots"]
    driving.arm()
    driving.close_hand()
    assert hand_of(driving)["counters"]["reboots"] == before and hand_of(driving)["connected"]
