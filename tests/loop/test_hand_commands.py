# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand log|grips|move|info` as a person gives them, against the real firmware."""

from __future__ import annotations

import re
import signal
import time
from datetime import datetime

import pytest

from endplate import core
from endplate.cli import main
from endplate.live.recording import read_recording
from endplate.sim import firmware
from endplate.sim.rig import Rig

from .driving import Driving, until
from .test_commands import command, ended
from .wire_host import connected


def endplate_says(*words: str) -> int:
    return main(["hand", *words])


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
    said = process.stdout.readline()
    if "fingertip" in said:  # this bus has no force sensors, which is said a second after the start
        said = process.stdout.readline()
    assert re.search(r"error +No answer from the motor of middle\.", said)
    process.send_signal(signal.SIGINT)
    ended(process)


def test_log_of_a_hand_that_keeps_none(hand, tmp_path, monkeypatch, capsys):
    from endplate.cli.hand import log as hand_log

    monkeypatch.setattr(hand_log, "CAPABILITY", 30)
    assert endplate_says("log", hand.port) == 2
    assert "keeps no log: flash the firmware" in capsys.readouterr().err
    assert endplate_says("log", "/dev/nowhere") == 2
    assert capsys.readouterr().err == (
        "endplate: There is no port /dev/nowhere: plug the hand in and switch it on.\n"
    )


def test_grips_shows_each_and_which_is_in_force(hand, tmp_path):
    process = command("hand", "grips", hand.port, cwd=tmp_path)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    ended(process)
    title = " ".join(" ".join(lines[:3]).split())  # a long name of the port wraps it
    assert title.startswith(f"Hand on {hand.port}: Test hand with wrist and elbow, 6 grips.")
    titles = [line for line in lines if re.match(r"\w+( \(in force\))?  [\d.]+ s  ", line)]
    assert len(titles) == 6 and titles[0].startswith("power (in force)  0.8 s  around a bottle")
    key = lines[next(i for i, line in enumerate(lines) if line.startswith("key  1 s")) :]
    assert re.search(r"thumb flexion +○━+●┈+ +0 to 45 +·{10}▇{6} *$", key[1]), key[1]
    assert re.search(r"thumb rotation +┈+●┈+ +stays at 10 *$", key[2]), key[2]
    assert re.search(r"index +┈+○━+●┈+ +10 to 75 +▇{10}·{6} *$", key[3]), key[3]
    assert endplate_says("set", hand.port, "rest_grip", "key") == 0
    assert "key (in force)" in ended(command("hand", "grips", hand.port, cwd=tmp_path))


def test_grips_of_a_hand_that_was_built_for_another_file(hand, tmp_path, monkeypatch, capsys):
    assert endplate_says("grips", hand.port, "--hand", "transradial") == 2
    assert re.fullmatch(
        r"endplate: The hand on \S+ was built for another hand file \(test-hand, \w{8}\) than "
        r"transradial \(\w{8}\): choose its own with --hand, or flash it for this one\.\n",
        capsys.readouterr().err,
    )
    monkeypatch.setattr("endplate.cli.hand.session.hand_names", lambda: ["transradial"])
    assert endplate_says("grips", hand.port) == 2
    said = capsys.readouterr()
    assert "that is none of those here (transradial" in said.err and not said.out
    assert endplate_says("grips", hand.port, "--hand", "none.toml") == 2
    assert "There is no hand file none.toml" in capsys.readouterr().err


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


@pytest.mark.timeout(90)
def test_info_shows_clock_and_line(pc_firmware, bus, tmp_path):
    with firmware.start(
        "pc", bus.port, tmp_path, clock_offset_us=2_500_000, clock_ppm=80.0
    ) as running:
        with connected(running.port) as host:
            host.activate()
            frame = core.encode("HEARTBEAT", {"host_us": 0}, session=host.session, seq=900)
            for _ in range(3):
                host.write(frame[:-3] + bytes([frame[-3] ^ 1]) + frame[-2:])
            host.command(0, age_ms=400)
            host.drive(0, seconds=0.1)
        said = ended(command("hand", "info", running.port, "--seconds", "16", cwd=tmp_path))
    offset = float(re.search(r"clock offset │ ([+-][\d.]+) s, hand against", said)[1])
    within = float(re.search(r"clock wrong by │ at most ([\d.]+) ms", said)[1])
    assert 0 < offset - 2.5 < 0.02 and 0 < within < 20, "80 ppm of the seconds since it started"
    assert re.search(r"clock round trip │ [\d.]+ ms, the shortest", said)
    drift = re.search(r"clock drift │ runs (\d+) ppm fast", said)
    assert drift and abs(int(drift[1]) - 80) < 1000 * within / 8
    assert re.search(r"refused by it │ 3 damaged \(CRC\) │ │ │ 1 COMMANDs with EMG too old", said)
    assert re.search(r"motor bus │ \d+ cycles \(\d{2,3} a second\)", said)
    assert re.search(r"motor bus errors │ \d+ bad or missing replies", said)


def test_info_says_what_seconds_may_be(hand, capsys):
    for seconds in ("2", "nan", "601"):
        assert endplate_says("info", hand.port, "--seconds", seconds) == 2
        assert capsys.readouterr().err == "endplate: --seconds may be from 3 to 600.\n"
