# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated hand as a process, driven over its pty by ROBOTIS's own, unmodified client."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

sdk = pytest.importorskip("dynamixel_sdk", reason="dynamixel-sdk is not installed")

MOTION = np.dtype([("t_ns", "<i8"), ("goal_deg", "<f4", (10,)), ("position_deg", "<f4", (10,)),
                   ("velocity_dps", "<f4", (10,)), ("more", "<f4", (20,))])
IDS = tuple(range(1, 10))


class HandProcess:
    def __init__(self, directory, *options):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "endplate.sim.hand", "--directory", str(directory), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.ready = json.loads(self.process.stdout.readline())
        self.port = sdk.PortHandler(self.ready["bus"])
        assert self.port.openPort() and self.port.setBaudRate(1_000_000)
        self.client = sdk.PacketHandler(2.0)

    def tell(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def write(self, ident, address, value, size):
        method = {1: self.client.write1ByteTxRx, 2: self.client.write2ByteTxRx,
                  4: self.client.write4ByteTxRx}[size]
        return method(self.port, ident, address, value)

    def until(self, condition, timeout=3.0):
        """Waits for a condition, and says whether it came."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if condition():
                return True
        return False

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.port.closePort()
        if self.process.poll() is None:
            self.tell(quit=True)
        self.process.wait(5)
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def hand(tmp_path):
    process = HandProcess(tmp_path)
    yield process
    process.close()


def test_ping_and_broadcast_ping(hand):
    assert hand.client.ping(hand.port, 3) == (1200, sdk.COMM_SUCCESS, 0)
    assert hand.client.ping(hand.port, 42)[1] == sdk.COMM_RX_TIMEOUT
    found, result = hand.client.broadcastPing(hand.port)
    assert result == sdk.COMM_SUCCESS
    assert found == {ident: [1200, 52] for ident in IDS}


def test_sync_write_and_sync_read_a_hundred_times_a_second(hand, tmp_path):
    for ident in IDS:
        here, _, _ = hand.client.read4ByteTxRx(hand.port, ident, 132)
        assert hand.write(ident, 116, here, 4) == (0, 0)
        assert hand.write(ident, 112, 200, 4) == (0, 0)
        assert hand.write(ident, 64, 1, 1) == (0, 0)
    goals = sdk.GroupSyncWrite(hand.port, hand.client, 116, 4)
    present = sdk.GroupSyncRead(hand.port, hand.client, 126, 10)
    for ident in IDS:
        assert present.addParam(ident)
    began, cpu, cycles, missed = time.monotonic(), hand.cpu_s(), 200, 0
    for cycle in range(cycles):
        at = 1300 + 2 * cycle
        for ident in IDS:
            assert goals.addParam(ident, [at & 255, at >> 8, 0, 0])
        assert goals.txPacket() == sdk.COMM_SUCCESS
        goals.clearParam()
        missed += present.txRxPacket() != sdk.COMM_SUCCESS
        time.sleep(max(0.0, began + 0.01 * (cycle + 1) - time.monotonic()))
    share = (hand.cpu_s() - cpu) / (time.monotonic() - began)
    assert missed <= 4, "the client waits 35 ms, which a loaded machine may take now and then"
    print(f"hand process: {100 * share:.1f} % of a core at 100 cycles/s")
    assert share < 0.25  # 0.15 is aimed at; a loaded machine counts more
    for ident in (3, 4, 5, 6):
        assert abs(present.getData(ident, 132, 4) - at) < 40
    hand.close()
    log = np.fromfile(tmp_path / "hand.bin", MOTION)
    steps = np.diff(log["t_ns"]) / 1e6
    assert len(log) > 100 and np.median(steps) < 5.0 and steps.min() > 0
    assert abs(log["t_ns"][-1] - time.monotonic_ns()) < 5e9
    assert not log["position_deg"][:, 9].any()
    assert np.abs(log["velocity_dps"][:, 2]).max() > 5


def test_the_watchdog_trips_when_the_client_falls_silent(hand):
    hand.write(3, 112, 20, 4)
    hand.write(3, 64, 1, 1)
    assert hand.write(3, 98, 5, 1) == (0, 0)
    hand.write(3, 116, 3000, 4)
    assert hand.client.read1ByteTxRx(hand.port, 3, 98)[0] == 5
    time.sleep(0.2)  # silence is what is tested
    assert hand.client.read1ByteTxRx(hand.port, 3, 98)[0] == 255
    assert hand.write(3, 116, 3000, 4) == (0, 4)
    assert hand.write(3, 98, 0, 1) == (0, 0)
    assert hand.write(3, 116, 3000, 4) == (0, 0)


def test_faults_by_request(hand):
    def answers(ident):
        return hand.client.ping(hand.port, ident)[1] == sdk.COMM_SUCCESS

    hand.tell(fault={"missing": ["middle", 9]})
    assert hand.until(lambda: not answers(4) and not answers(9))
    assert answers(3)
    hand.tell(fault={"missing": []})
    assert hand.until(lambda: answers(4) and answers(9))
    hand.tell(fault={"silent": True})
    assert hand.until(lambda: not answers(3))
    hand.tell(fault={"silent": False})
    assert hand.until(lambda: answers(3))
    hand.tell(fault={"hardware_error": {"index": 32}})
    assert hand.until(lambda: hand.client.ping(hand.port, 3)[2] == 128)
    hand.tell(fault={"power_cycle": ["index"]})
    assert hand.until(lambda: hand.client.ping(hand.port, 3) == (1200, 0, 0))
    hand.tell(fault={"hot": {"ring": 66}})
    assert hand.until(lambda: hand.client.read1ByteTxRx(hand.port, 5, 146)[0] == 66)


def test_reboot_as_the_manual_has_it(hand):
    """Answered, then silent; RAM as at power-up, EEPROM kept, torque off, the error gone."""
    assert hand.write(3, 11, 5, 1) == (0, 0) and hand.write(3, 112, 77, 4) == (0, 0)
    assert hand.write(3, 64, 1, 1) == (0, 0)
    hand.tell(fault={"hardware_error": {"index": 32}})
    assert hand.until(lambda: hand.client.ping(hand.port, 3)[2] == 128)
    assert hand.client.read1ByteTxRx(hand.port, 3, 70)[0] == 32
    assert hand.write(3, 64, 1, 1) == (0, 129), "shut down: result fail, and the alert"
    result, error = hand.client.reboot(hand.port, 3)
    assert (result, error & 127) == (sdk.COMM_SUCCESS, 0)
    began = time.monotonic()
    assert hand.client.ping(hand.port, 3)[1] == sdk.COMM_RX_TIMEOUT
    assert hand.until(lambda: hand.client.ping(hand.port, 3) == (1200, 0, 0))
    assert 0.15 < time.monotonic() - began < 1.5
    for address, size, value in ((70, 1, 0), (64, 1, 0), (112, 4, 0), (11, 1, 5)):
        read = {1: hand.client.read1ByteTxRx, 4: hand.client.read4ByteTxRx}[size]
        assert read(hand.port, 3, address) == (value, 0, 0), address
    assert hand.client.ping(hand.port, 4) == (1200, 0, 0), "the others go on"


def test_an_encoder_that_lies_by_request(hand):
    def position(ident=3):
        return hand.client.read4ByteTxRx(hand.port, ident, 132)[0]

    here = position()
    hand.tell(fault={"jump": {"index": 20}})
    assert hand.until(lambda: position() != here)
    assert position() - here == pytest.approx(20 * 2 * 4096 / 360, abs=2)
    hand.tell(fault={"position": {"index": -1}})
    assert hand.until(lambda: position() == 2**32 - 1)
    hand.tell(fault={"position": {"index": None}, "frozen": ["index"]})
    assert hand.until(lambda: hand.client.read2ByteTxRx(hand.port, 3, 120)[0]
                      == hand.client.read2ByteTxRx(hand.port, 3, 120)[0])
    hand.tell(fault={"frozen": []})
    assert hand.until(lambda: position() - here == pytest.approx(456, abs=2))


@pytest.mark.parametrize(("request_", "says"), [
    ({"fault": {"missing": ["tail"]}}, "the hand has no joint tail"),
    ({"fault": {"lightning": 1}}, "there is no fault lightning"),
    ({"dance": True}, "there is no request dance"),
    ({"object": {"weight": 3}}, "weight"),
    ([1, 2], "cannot do"),
])
def test_a_request_that_cannot_be_met_is_one_sentence(hand, request_, says):
    hand.process.stdin.write("this is not JSON\n" + json.dumps(request_) + "\n")
    hand.process.stdin.flush()
    assert "cannot do this is not JSON" in json.loads(hand.process.stdout.readline())["error"]
    assert says in json.loads(hand.process.stdout.readline())["error"]
    assert hand.client.ping(hand.port, 1)[1] == sdk.COMM_SUCCESS


def test_it_ends_with_its_stdin_and_refuses_an_unknown_hand(tmp_path):
    command = [sys.executable, "-m", "endplate.sim.hand", "--directory", str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 0 and "bus" in json.loads(done.stdout)
    done = subprocess.run([*command, "--hand", "nobody"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"].startswith('There is no hand "nobody"')
