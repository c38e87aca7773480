# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand log|grips|move|info` as a person gives them, against the real firmware."""

from __future__ import annotations

import re
import signal
import time
from datetime import datetime

import pytest

from endplate.live.recording import read_recording
from endplate.sim.rig import Rig

from .driving import Driving, until
from .test_commands import command, ended
from .wire_host import connected


def test_log_prints_what_happened_with_the_time_on_the_wall(hand, tmp_path):
    with connected(hand.port) as host:
        host.activate()
        host.send("RELEASE", {"reason": 0})
        host.until_state("releasing")
        at = time.time()
        host.send("DISARM", {"reason": 0})
    said = ended(command("hand", "log", hand.port, cwd=tmp_path))
    assert re.search(r"information Started: power came on\.", said), said
    (clock,) = re.findall(r"([\d:.]+) information RELEASE: the hand opens slowly\.", said)
    told = datetime.combine(datetime.now().date(), datetime.strptime(clock, "%H:%M:%S.%f").time())
    assert abs(told.timestamp() - at) < 0.5


def test_log_follows_until_the_keyboard(hand, bus, tmp_path):
    process = command("hand", "log", hand.port, "--follow", cwd=tmp_path)
    assert process.stdout is not None
    assert "Started: power came on." in process.stdout.readline()
    bus.silent.add(4)
    assert re.search(r"error +No answer from the motor of middle\.", process.stdout.readline())
    process.send_signal(signal.SIGINT)
    ended(process)


def test_log_of_a_hand_that_keeps_none(hand, tmp_path, monkeypatch, capsys):
    from endplate.cli import hand_log, main

    monkeypatch.setattr(hand_log, "CAPABILITY", 30)
    assert main(["hand", "log", hand.port]) == 2
    assert "keeps no log: flash the firmware" in capsys.readouterr().err
    assert main(["hand", "log", "/dev/nowhere"]) == 2
    assert capsys.readouterr().err == (
        "endplate: There is no port /dev/nowhere: plug the hand in and switch it on.\n"
    )


@pytest.mark.timeout(120)
def test_the_recording_and_the_window_have_what_the_hand_told(
    pc_firmware, offline_profile, tmp_path
):
    with Rig(tmp_path / "rig") as rig:
        driving = Driving(rig, tmp_path / "s", offline_profile, recording=str(tmp_path / "kept"))
        try:
            driving.ask("release")
            before = driving.control.feed().status()["board"]["samples"]

            def newest() -> str:
                log = driving.control.feed().status()["hand"]["log"]
                return log["text"] if log else ""

            until(lambda: "RELEASE: the hand opens slowly." in newest(), 5, "the hand told it")
        finally:
            driving.control.stop()
    marks = [(at, text) for at, text in read_recording(tmp_path / "kept.bdf").annotations
             if text.startswith("Hand ")]  # fmt: skip
    assert any(text.endswith("(information): Started: power came on.") for _, text in marks)
    (at,) = [at for at, text in marks if text.endswith("RELEASE: the hand opens slowly.")]
    assert abs(at - before) < 250, "marked where it happened"
