# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand runs the chain itself, on EMG that comes over the wire: the host's bits, its faults, the
same door to the motors."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from endplate import core
from endplate.live import hand_blobs
from endplate.sim import firmware

from .blobs_asking import CALIBRATION, DECODER, OK, decode_mode, emg, kinds, upload
from .chain_case import recording, settings
from .params_asking import at_rest
from .wire_host import STATE, connected

SITES, HOP = 8, 5
#: A second of the hand is a thousand of them: few in the suite, 100000 in `make soak`.
SAMPLES = int(os.environ.get("ENDPLATE_SAMPLES", "10000"))
AHEAD = 20  # samples on their way; the hand has room for 32


@pytest.fixture
def host(pc_firmware, bus, tmp_path):
    with (
        firmware.start("pc", bus.port, tmp_path, flash=tmp_path / "flash", trace=True) as running,
        connected(running.port) as talking,
    ):
        talking.hand = running
        yield ready(talking)


def ready(host, form: int = 1):
    """At rest, with a decoder."""
    at_rest(host)
    blobs = kinds(form)
    for kind in (CALIBRATION, DECODER):
        assert upload(host, kind, blobs[kind])["status"] == OK
    host.compare_clocks()
    return host


def decoded(frames) -> list[dict]:
    return [f.fields for f in frames if f.msg == "DECODED"]


def streamed(host, start: int, counts: np.ndarray) -> list[dict]:
    """Sends all of it as fast as the hand decodes (a sample a millisecond), and returns what it
    said."""
    at, heard, got = 0, start, []
    end = time.monotonic() + 30 + len(counts) / 250
    while heard < start + len(counts) - 1 and time.monotonic() < end:
        while at < len(counts) and start + at - heard <= AHEAD:
            emg(host, start, start + at, counts[at : at + HOP])
            at += HOP
        got += (new := decoded(host.take(0.05)))
        heard = max([heard, *(fields["sample"] for fields in new)])
    return got


@pytest.mark.timeout(500)
def test_same_bits_as_the_host_over_the_wire(host):
    decode_mode(host, 1)
    chain = core.Chain(settings(1))
    counts = np.tile(recording(200), (2, 1))[:SAMPLES]
    hops = {int(h["samples"]): h for h in chain.process(counts)}
    host.frames.clear()
    got = streamed(host, 7000, counts)
    print(f"\n{len(counts)} samples, {len(got)} of {len(hops)} hops heard of")
    assert len(got) > 0.99 * len(hops)
    for fields in got:
        hop = hops[fields["sample"] - 7000 + 1]
        assert fields["hop_hash"] == hand_blobs.hop_hash(hop, SITES, 4), fields
        assert list(fields["target"]) == hop["target"].tolist()
    assert not got[-1]["filled"] and not got[-1]["drives"]
    states = {f.fields["state"] for f in host.frames if f.msg == "STATE"}
    assert states <= {STATE["disarmed"], STATE["fault"]}


# ---- untethered: the hand drives itself ----

WINDOW = 8  # hops in the window of `bench_settings`


def effort(seconds: float, site: int | None, uv: float = 400.0, seed: int = 3) -> np.ndarray:
    """Counts at 250/s: noise of rest on all sites, of an effort on one."""
    n = round(seconds * 250)
    rms = np.full(SITES, 3.0)
    if site is not None:
        rms[site] = uv
    noise = np.random.default_rng(seed).normal(size=(n, SITES)) * rms
    return np.rint(noise / 0.02235174).astype(np.int32)


class Streaming:
    """EMG in real time, as a host sends it that decodes nothing."""

    def __init__(self, host) -> None:
        self.host, self.start, self.at = host, 500, 500
        self.silent: set[int] = set()  # numbers of frames that get lost

    def run(self, counts: np.ndarray, age_ms: float = 1.0, **more) -> list:
        """Sends all of it at 250/s, frame by frame; what the hand said meanwhile."""
        due, got = time.monotonic(), []
        for n, at in enumerate(range(0, len(counts), HOP)):
            due += HOP / 250
            while (left := due - time.monotonic()) > 0:
                got += self.host.take(left)
            if n not in self.silent:
                emg(self.host, self.start, self.at, counts[at : at + HOP],
                    age_us=round(age_ms * 1000), **more)  # fmt: skip
            self.at += HOP
        return got

    def activate(self) -> None:
        """Armed, relaxed, active."""
        self.run(effort(0.4, None))
        self.host.arm()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            frames = self.run(effort(0.1, None, seed=self.at))
            if STATE["active"] in states(frames):
                return
        raise AssertionError("not active within 4 s")


def states(frames) -> list[int]:
    return [f.fields["state"] for f in frames if f.msg == "STATE"]


def speeds(frames) -> list[int]:
    """Of the index finger, 0.1 degree/s, by what the motors say."""
    return [f.fields["velocity"][1] for f in frames if f.msg == "STATE"]


@pytest.fixture
def alone(host):
    decode_mode(host, 2)
    assert host.hello().fields["capabilities"] >> 9 & 1
    host.compare_clocks()
    return Streaming(host)



def test_the_hand_drives_itself_from_emg_and_heeds_no_command(alone, host, bus):
    alone.activate()
    before = host.counters()["bad_value"]
    host.command(-1.0, age_ms=1.0)
    assert host.counters()["bad_value"] == before + 1
    alone.activate() if states(alone.run(effort(0.2, None)))[-1] != STATE["active"] else None
    frames = alone.run(effort(1.0, 0))
    last = decoded(frames)[-1]
    assert last["drives"] == 1 and last["target"][0] > 3000 and not last["filled"]
    moved = [f.fields["position"][1] for f in frames if f.msg == "STATE"]
    assert moved[-1] - moved[0] > 1000, "the index finger closed by more than 10 degrees"
    assert STATE["active"] in states(frames)
    assert last["host"][0] == -10000, "what the host had commanded is told, and was not heeded"


def test_in_shadow_mode_only_commands_move_the_hand(host):
    decode_mode(host, 1)
    stream = Streaming(host)
    host.activate()
    host.frames.clear()
    began = time.monotonic()
    while time.monotonic() < began + 0.6:  # EMG says close, COMMAND says rest
        host.command(0.0)
        stream.run(effort(0.02, 0, seed=stream.at))
    host.take(0.05)
    told = decoded(host.frames)[-1]
    assert told["drives"] == 0 and told["target"][0] > 2000 and told["host"][0] == 0
    assert host.frames[-1] and max(abs(v) for v in speeds(host.frames[-20:])) < 20
    positions = [f.fields["position"][1] for f in host.frames if f.msg == "STATE"]
    assert abs(positions[-1] - positions[0]) < 100


def silence_ms(host, frames, last_us: int) -> tuple[float, float]:
    """From the last fresh hop's command to the first STATE without drive, and to LINK LOST."""
    stopped = lost = None
    for f in frames:
        if f.msg != "STATE":
            continue
        since = ((f.fields["hand_us"] - last_us) & 0xFFFFFFFF) / 1000
        if stopped is None and f.fields["limit"][0] and f.fields["state"] != STATE["active"]:
            stopped = since
        if lost is None and f.fields["state"] == STATE["link lost"]:
            lost = since
    return stopped, lost


@pytest.mark.parametrize("fault", ["host gone", "counter stands", "old EMG"])
def test_without_fresh_emg_the_hand_stops_as_without_commands(alone, host, fault):
    alone.activate()
    frames = alone.run(effort(0.5, 0))
    assert states(frames)[-1] == STATE["active"]
    last = [f.fields["command_us"] for f in host.frames if f.msg == "STATE"][-1]
    began = time.monotonic()
    if fault == "host gone":
        after = host.quiet(0.6)
    else:
        after = []
        same = effort(0.02, 0)
        while time.monotonic() < began + 0.6:
            if fault == "counter stands":
                emg(host, alone.start, alone.at - HOP, same)
                after += host.take(0.02)
            else:
                after += alone.run(same, age_ms=200.0)
    heard = [f.fields for f in after if f.msg == "STATE"]
    last = heard[-1]["command_us"]
    stopped, lost = silence_ms(host, after, last)
    print(f"\n{fault}: no drive in {stopped:.0f} ms, link lost in {lost:.0f} ms")
    assert stopped <= 150 and 250 <= lost <= 350
    assert heard[-1]["state"] == STATE["link lost"]
    alone.run(effort(0.3, 0))
    assert host.until(lambda f: f.msg == "STATE", 1.0).fields["state"] == STATE["link lost"]


def test_a_lost_frame_is_filled_and_told_and_a_long_gap_ends_the_chain(alone, host):
    alone.run(effort(0.4, None))
    alone.silent = {2}
    alone.run(effort(0.2, None))
    assert decoded(host.frames)[-1]["filled"] == HOP
    alone.silent = set()
    host.frames.clear()
    stale = host.counters()["bad_stale"]
    alone.at += 40
    alone.run(effort(0.2, None))
    assert all(f["sample"] < alone.at - 90 for f in decoded(host.frames)), "not across such a gap"
    assert host.counters()["bad_stale"] == stale + 1
    alone.start = alone.at
    alone.run(effort(0.2, None))
    last = decoded(host.frames)[-1]
    assert (last["start"], last["filled"]) == (alone.start, 0)


def test_a_chain_does_not_begin_anew_while_it_drives(alone, host):
    alone.activate()
    begun = alone.start
    host.frames.clear()
    alone.start = alone.at
    frames = alone.run(effort(0.1, 0))
    assert STATE["active"] in states(frames)
    assert all(fields["start"] == begun for fields in decoded(host.frames))
    assert host.counters()["bad_value"] >= 5


def test_none_begins_anew_either_when_a_gap_has_ended_the_one_that_drove(alone, host):
    alone.activate()
    alone.at += 40
    alone.run(effort(0.02, None))
    alone.start = alone.at
    frames = alone.run(effort(0.6, 0))
    assert states(frames)[-1] == STATE["link lost"]
    moving = (STATE["active"], STATE["stale"])
    state = STATE["active"]
    for f in frames:
        state = f.fields["state"] if f.msg == "STATE" else state
        assert f.msg != "DECODED" or f.fields["start"] != alone.start or state not in moving


@pytest.mark.parametrize(
    ("fields", "counter"),
    [({"sites": 7}, "bad_value"), ({"sites": 0}, "bad_value"), ({"count": 6}, "bad_value"),
     ({"sample": 0}, "bad_stale"), ({"start": 3}, "bad_value")],
)  # fmt: skip
def test_emg_that_does_not_fit_is_counted_and_changes_nothing(host, fields, counter):
    decode_mode(host, 1)
    stream = Streaming(host)
    stream.run(effort(0.2, None))
    before = host.counters()
    payload = {"sample": stream.at, "emg_us": host.hand_us(), "missing": 0, "start": stream.start,
               "sites": SITES, "count": HOP, "counts": [0] * 120} | fields  # fmt: skip
    try:
        host.send("EMG", payload)
    except core.CoreError:  # no host can pack it; it is sent as it would be
        return
    assert host.counters()[counter] == before[counter] + 1
    host.frames.clear()
    stream.run(effort(0.1, None))
    assert decoded(host.frames)[-1]["filled"] == 0


def test_emg_without_a_decoder_or_in_mode_host_is_refused(host):
    stream = Streaming(host)
    before = host.counters()["bad_value"]
    stream.run(effort(0.1, None))
    assert host.counters()["bad_value"] == before + 5
    assert not decoded(host.frames)
