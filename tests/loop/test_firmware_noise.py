# SPDX-License-Identifier: GPL-3.0-or-later
"""A link that damages frames: when the hand calls it noisy, what it does then, and when it is over.

Rates of bit errors are those of the bytes that go out; each of a COMMAND's 50 bytes has 8 bits.
"""

from __future__ import annotations

import json
import random
import time

import pytest

from endplate import core
from endplate.sim import firmware

from .wire_host import NO_DOF, STATE, connected

NOISE = core.lib.GUARD_FAULT_LINK_NOISE
NOISY, CALM = 20, 5  # link.h
BOUND = 0.5  # guard.h: noise_velocity
DAMAGED = core.encode("HEARTBEAT", {"host_us": 0}, session=21, seq=1)[:9] + b"\x01\0"


@pytest.fixture
def noisy(pc_firmware, bus, tmp_path):
    """A host of an active hand, and how to read the hand's own trace."""
    with (
        firmware.start("pc", bus.port, tmp_path, trace=True) as hand,
        connected(hand.port) as host,
    ):
        host.activate()

        def trace() -> list[dict]:
            lines = (tmp_path / "firmware.jsonl").read_text().splitlines()
            return [json.loads(line) for line in lines if line.endswith("}")]

        yield host, trace


def faults(frames) -> list[int]:
    return [f.fields["faults"] for f in frames if f.msg == "STATE"]


def until_faults(host, bits: int, *targets: float, timeout_s: float = 3.0) -> float:
    """Seconds until a STATE tells exactly these."""
    began = time.monotonic()
    while time.monotonic() < began + timeout_s:
        if bits in faults(host.drive(*targets, seconds=0.02)):
            return time.monotonic() - began
    raise AssertionError(f"faults {bits}: not within {timeout_s:g} s")


def test_more_than_twenty_damaged_frames_in_a_second_slow_the_hand(noisy):
    host, trace = noisy
    host.drive(0.8, seconds=0.1)
    for _ in range(NOISY):
        host.write(DAMAGED)
    assert not any(faults(host.drive(0.8, seconds=0.2)))
    before = len(trace())
    host.write(DAMAGED)
    took_s = until_faults(host, NOISE, 0.8)
    seen = host.drive(0.8, seconds=0.2)
    assert {f.fields["state"] for f in seen if f.msg == "STATE"} == {STATE["active"]}
    rows = [row for row in trace()[before:] if row["faults"] == NOISE]
    assert rows and max(row["velocity"][0] for row in rows) == pytest.approx(BOUND)
    slow = host.drive(0.3, seconds=0.1)
    assert NOISE in faults(slow) and trace()[-1]["velocity"][0] == pytest.approx(0.3)
    over_s = until_faults(host, 0, 0.8)
    host.drive(0.8, seconds=0.1)
    assert trace()[-1]["velocity"][0] == pytest.approx(0.8)
    print(f"\nnoise said after {took_s * 1000:.0f} ms, over after {took_s + 0.3 + over_s:.2f} s")
    assert took_s < 0.1 and 0.3 < over_s < 1.2


def test_noise_lasts_until_fewer_than_five_came_within_a_second(noisy):
    host, _ = noisy
    for _ in range(NOISY + 1):
        host.write(DAMAGED)
    until_faults(host, NOISE, 0.0)
    for _ in range(12):  # 5 to 6 a second
        host.write(DAMAGED)
        assert set(faults(host.drive(0.0, seconds=0.18))) == {NOISE}
    until_faults(host, 0, 0.0)
    for _ in range(10):  # and so many alone are none
        host.write(DAMAGED)
        assert not any(faults(host.drive(0.0, seconds=0.1)))


@pytest.mark.parametrize("rate, becomes", [(1e-5, False), (1e-4, False), (1e-3, True)], ids=str)
def test_bit_errors(noisy, bus, rate, becomes):
    """100 commands a second on a line with bit errors: never a wrong command; noise is said when
    there is noise; up to 1e-4 the hand stays active."""
    host, trace = noisy
    noise = random.Random(7)
    honest, flips, before = host.write, 0, len(trace())

    def damaging(data: bytes) -> None:
        nonlocal flips
        out = bytearray(data)
        for bit in range(8 * len(out)):
            if noise.random() < rate:
                out[bit // 8] ^= 1 << bit % 8
                flips += 1
        honest(bytes(out))

    host.write = damaging
    seen, sent = [], {host.sample: 0.0}
    end = time.monotonic() + 5.0
    while time.monotonic() < end:
        start = time.monotonic()
        target = round(0.8 * noise.random(), 4)
        host.send("COMMAND", command(host, target))
        sent[host.sample] = target
        while (left := start + 0.01 - time.monotonic()) > 0:
            seen += host.take(left)
    host.write = honest
    states = [f.fields for f in seen if f.msg == "STATE"]
    noisy_share = sum(bool(s["faults"] & NOISE) for s in states) / len(states)
    print(f"\n{rate:g}: {flips} bits, noise in {100 * noisy_share:.0f} % of {len(states)} STATE")
    rows = [row for row in trace()[before:] if row["state"] == STATE["active"]]
    for row in rows:
        target = sent[row["sample"]]
        wanted = min(target, BOUND) if row["faults"] & NOISE else target
        assert row["velocity"][0] == pytest.approx(wanted, abs=1e-6), row
    assert len({row["sample"] for row in rows}) > 100, "it was driven"
    if becomes:
        assert noisy_share > 0.5 and flips > 100
    else:
        assert noisy_share == 0 and {s["state"] for s in states} == {STATE["active"]}


def command(host, target: float) -> dict:
    host.sample += 5
    return {
        "mode": 1, "valid_ms": 100, "emg_us": (host.hand_us() - 5000) & 0xFFFFFFFF,
        "sample": host.sample, "force_cap": [255] * core.MAX_DOF,
        "target": [round(10_000 * target), *NO_DOF][: core.MAX_DOF],
    }  # fmt: skip
