# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand verify`: passes on the firmware as it is, on Linux and in QEMU; says in one
sentence why a port is no hand, or none that can be judged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tty

import pytest

from endplate import core
from endplate.cli import main
from endplate.conformance import frames, subject
from endplate.conformance.run import chosen, verify
from endplate.conformance.table import REQUIREMENTS
from endplate.conformance.verdict import NotMeasurableError, Reading, Verdict, in_time
from endplate.errors import UsageError
from endplate.live.hand_port import HandPort
from endplate.sim import firmware

from . import servo_standin
from .builds import built
from .conformance_case import FIRMWARE, moving_hand, not_passed
from .params_asking import OK, at_rest, set_named
from .pressure import Pressure
from .wire_host import STATE, connected, goals

NEEDS_POWER = [r.id for r in REQUIREMENTS if r.power_cycle]


# ---- the firmware as it is ----


def test_the_linux_hand_passes_all(hand, bus, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = tmp_path / "found.json"
    status = main(["hand", "verify", hand.port, "--yes", "--estop", "--json", str(out)])
    written = json.loads(out.read_text())
    rows = {row["id"]: row for row in written["requirements"]}
    assert status == 0 and written["passed"], [r for r in rows.values() if r["verdict"] != "PASSED"]
    assert list(rows) == [requirement.id for requirement in REQUIREMENTS]
    skipped = {id: row["note"] for id, row in rows.items() if row["verdict"] == "SKIPPED"}
    assert skipped.keys() == {"HV-81"}  # this bus has motors that take no current
    assert "too little to see" in skipped["HV-81"]
    assert {row["verdict"] for row in rows.values()} == {"PASSED", "SKIPPED"}
    printed = capsys.readouterr().out
    assert "It will close" in " ".join(printed.split())
    assert f"{len(rows) - 1} passed, 1 skipped" in printed
    assert max(len(line) for line in printed.splitlines()) <= 80
    assert written["hand"]["name"] == "test-hand"
    # It did drive the hand, by little, and the numbers are measured ones.
    ticks = [k for _, k in goals(bus, 3)]
    assert 50 < max(ticks) - min(ticks) < 1200
    assert 40 < float(rows["HV-20"]["measured"].split(" ms")[0]) < 100
    assert all(table[64] == 0 for table in bus.registers.values()), "e-stop: torque is off"


WITH_MECHANICS = "HV-10 HV-61 HV-62 HV-70 HV-80 HV-81".split()


def test_a_hand_with_mechanics_passes(pc_firmware, tmp_path):
    with moving_hand(tmp_path) as port:
        report = verify(port, only=WITH_MECHANICS)
    assert not not_passed(report) and len(report.findings) == len(WITH_MECHANICS)
    notes = {requirement.id: finding.note for requirement, finding in report.findings}
    assert notes["HV-70"] == "", "all sensors are there"


SURE = "HV-02 HV-10 HV-12 HV-16 HV-51 HV-60 HV-61 HV-70".split()  # however late the emulator is


@pytest.mark.alone
@pytest.mark.timeout(180)
def test_the_emulated_hand_passes_all(arm_tools, bus, tmp_path):
    built("f405")
    pressure = Pressure()
    with firmware.start("f405", bus.port, tmp_path) as hand:
        report = verify(hand.port, estop=True)
        why = pressure.none_to_spare()
    assert len(report.findings) == len(REQUIREMENTS)
    not_so = [row for row in not_passed(report) if row[0] != "HV-81"]  # motors that take no current
    assert not [row for row in not_so if row[0] in SURE]
    if not_so and why:
        pytest.skip(f"{len(report.findings) - len(not_so) - 1} passed, not {not_so}: {why}")
    assert not not_so


# ---- how it ends, and what it says ----


def test_ctrl_c_leaves_the_hand_disarmed(hand, bus):
    command = [sys.executable, "-m", "endplate", "hand", "verify", hand.port, "--only", "HV-23"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        end = time.monotonic() + 10
        while len({k for _, k in goals(bus, 3)}) < 5 and time.monotonic() < end:
            time.sleep(0.01)  # until it drives
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=10)
    assert running.returncode == 130 and "disarmed" in told and "Traceback" not in told
    time.sleep(0.4)  # a hand that was left armed would be in LINK LOST by now
    with connected(hand.port) as host:
        assert host.hello().fields["state"] == STATE["disarmed"]


def test_an_estop_or_fault_is_said_before_anything_moves(host, hand, bus, capsys):
    host.hello()
    host.until_state("disarmed")
    bus.silent.update(bus.registers)
    host.until_state("fault")
    assert main(["hand", "verify", hand.port, "--yes"]) == 2
    assert "none of its motors answers" in capsys.readouterr().err
    host.send("ESTOP", {"reason": 0}, session=0)
    host.quiet(0.1)
    assert main(["hand", "verify", hand.port, "--yes"]) == 2
    assert "emergency stop: switch it off and on" in capsys.readouterr().err
    assert len({k for _, k in goals(bus, 3)}) == 1


def test_a_motor_that_is_missing_or_in_error_is_named_before_anything_moves(hand, bus, capsys):
    with connected(hand.port) as host:
        host.hello()
        host.until_state("disarmed")
    bus.silent.add(3)
    time.sleep(0.5)
    assert main(["hand", "verify", hand.port, "--yes"]) == 2
    assert "the motor of index (id 3) does not answer: check its cable" in said(capsys)
    bus.silent.clear()
    bus.registers[9][servo_standin.ERROR] = 4  # overheated, and stays so
    bus.registers[9][146] = 80
    time.sleep(0.5)
    assert main(["hand", "verify", hand.port, "--yes"]) == 2
    assert "the motor of elbow (id 9) reports error 4: let it cool" in said(capsys)
    assert all(len({k for _, k in goals(bus, ident)}) == 1 for ident in (1, 3, 9))


def test_a_hand_that_decodes_by_itself_is_not_judged(host, hand, capsys):
    at_rest(host)
    assert set_named(host, "decode", 2)["status"] == OK
    assert main(["hand", "verify", hand.port, "--yes"]) == 2
    assert "its parameter decode to 0" in said(capsys)


@pytest.fixture
def standin():
    """A port at whose other end something answers every byte with `answer`, or nothing."""
    master, slave = os.openpty()
    tty.setraw(slave)
    answer, ends = bytearray(), threading.Event()

    def serve() -> None:
        os.set_blocking(master, False)
        while not ends.wait(0.02):
            try:
                if os.read(master, 4096) and answer:
                    os.write(master, bytes(answer))
            except BlockingIOError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield os.ttyname(slave), answer
    ends.set()
    thread.join()
    os.close(master)
    os.close(slave)


def said(capsys) -> str:
    told = capsys.readouterr().err.strip()
    assert "\n" not in told and "Traceback" not in told and told.startswith("endplate: ")
    return told


@pytest.mark.parametrize("verb", ["info", "verify"])
def test_a_port_that_is_not_there_or_in_use(verb, standin, tmp_path, capsys):
    assert main(["hand", verb, str(tmp_path / "ttyACM7")]) == 2
    assert "There is no port" in said(capsys)
    port, _ = standin
    other = HandPort(port, 1_000_000)
    other.open()
    try:
        assert main(["hand", verb, port]) == 2
        assert "in use by another program" in said(capsys)
    finally:
        other.close()


def test_a_port_that_is_silent_noisy_or_of_another_version(standin, capsys, monkeypatch):
    monkeypatch.setattr(subject, "_FIRST_S", 0.5)
    port, answer = standin
    assert main(["hand", "verify", port, "--yes"]) == 2
    assert "does not answer: is it switched on?" in said(capsys)
    beat = core.encode("HEARTBEAT", {"host_us": 1}, session=1, seq=1)
    answer += frames.with_version(beat, 2)
    assert main(["hand", "verify", port, "--yes"]) == 2
    assert "another version of the protocol" in said(capsys)
    answer[:] = b"AT+OK\r\n\0"
    assert main(["hand", "verify", port, "--yes"]) == 2
    assert "not as a hand does" in said(capsys)


def test_another_schema_is_one_sentence(pc_firmware, bus, tmp_path, capsys):
    with firmware.start("pc", bus.port, tmp_path, schema=0x0BADCAFE) as hand:
        assert main(["hand", "verify", hand.port, "--yes"]) == 2
        assert "speaks schema 0badcafe" in said(capsys)


def test_info_says_who_the_hand_is(hand, capsys):
    assert main(["hand", "info", hand.port]) == 0
    told = capsys.readouterr().out
    for words in ("test-hand", "0.1.0", f"{core.SCHEMA_HASH:08x}", "power came on",
                  "measures current", "disarmed", "clock round trip"):  # fmt: skip
        assert words in told, words
    assert f"{hand.ready['boot_id']:08x}" in told
    assert "a hardware watchdog" in told


def test_ids_are_unique_and_unknown_ones_are_refused():
    ids = [requirement.id for requirement in REQUIREMENTS]
    assert len(set(ids)) == len(ids) and ids[-len(NEEDS_POWER) :] == NEEDS_POWER, "ESTOP is last"
    with pytest.raises(UsageError, match="no requirement HV-99"):
        chosen(["HV-99"])


def test_every_requirement_belongs_to_a_hazard():
    table = (FIRMWARE / "DESIGN.md").read_text()
    for requirement in REQUIREMENTS:
        assert f"| {requirement.hazard} |" in table, requirement.id


def test_times_are_judged_kindly_to_fail_and_at_face_value_to_pass():
    assert in_time(Reading(80, 100, 1), 100).verdict is Verdict.PASSED
    assert in_time(Reading(102, 122, 1), 100).verdict is Verdict.FAILED
    for open_ in (Reading(99, 101, 0), Reading(100.5, 120, 1)):
        with pytest.raises(NotMeasurableError):
            in_time(open_, 100)
    assert in_time(Reading(20, 40, 1), 100, 50).verdict is Verdict.FAILED
    assert in_time(Reading(40, 49.5, 1), 100, 50).verdict is Verdict.PASSED
    never = in_time(Reading(430, float("inf"), 1), 350)
    assert (never.verdict, never.measured) == (Verdict.FAILED, "not within 430 ms")
