# SPDX-License-Identifier: GPL-3.0-or-later
"""The host dies, freezes, or decodes no more while the link stays up: the hand stops by itself, in
a bounded time.

Time zero is the hand-over of the last COMMAND to the port. ENDPLATE_RUNS=20 repeats each fault 20
times.
"""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

from endplate.sim.rig import Rig

from .driving import STATE, STOPPED_MS, Driving, pause_until, until

LINK_LOST_MS = 350.0
EMG_AGE_MS = 150.0


@pytest.fixture
def driving(pc_firmware, offline_profile, tmp_path):
    with Rig(tmp_path / "rig", trace=True) as rig:
        made = Driving(rig, tmp_path / "session", offline_profile)
        try:
            yield made
        finally:
            made.control.stop()


def report(name: str, stopped: list[float], lost: list[float]) -> None:
    print(
        f"\n{name}: n {len(stopped)}, fingers still after {np.median(stopped):.0f} ms "
        f"(max {max(stopped):.0f}), "
        f"LINK LOST after {np.median(lost):.0f} ms (max {max(lost):.0f})"
    )


def measure(driving: Driving) -> tuple[float, float]:
    """Waits for LINK LOST and a moment more; returns after how long the fingers were still, and
    it."""
    until(lambda: driving.state() == STATE["link lost"], 3, "LINK LOST")
    pause_until(time.monotonic_ns() + 300_000_000)
    last_ns = driving.last_fresh_ns()
    stopped, lost = driving.still_ms(last_ns), driving.lost_ms(last_ns)
    assert lost is not None
    assert stopped <= STOPPED_MS, f"fingers moved for {stopped:.0f} ms after the last command"
    assert lost <= LINK_LOST_MS, f"LINK LOST only after {lost:.0f} ms"
    return stopped, lost


@pytest.mark.timeout(600)
def test_kill_minus_nine(driving, runs):
    stopped, lost = [], []
    for run in range(runs):
        if run:
            driving.start()
        driving.arm()
        driving.open_hand()
        driving.close_hand()
        os.kill(driving.control.pid, signal.SIGKILL)
        driving.control.process.wait()
        driving.control.stop()
        a, b = measure(driving)
        stopped.append(a)
        lost.append(b)
    report("kill -9", stopped, lost)


@pytest.mark.timeout(600)
def test_sigstop_and_no_old_command_moves_anything_after_sigcont(driving, runs):
    stopped, lost = [], []
    for _ in range(runs):
        driving.arm()
        driving.open_hand()
        driving.close_hand()
        os.kill(driving.control.pid, signal.SIGSTOP)
        try:
            a, b = measure(driving)
        finally:
            continued_ns = time.monotonic_ns()
            os.kill(driving.control.pid, signal.SIGCONT)
        stopped.append(a)
        lost.append(b)
        pause_until(continued_ns + 600_000_000)
        assert driving.still_ms(continued_ns) == 0.0, "something moved after SIGCONT without ARM"
        assert driving.state() == STATE["link lost"]
    report("SIGSTOP", stopped, lost)


@pytest.mark.timeout(600)
def test_short_freeze_sends_no_command_from_old_samples(driving, runs):
    """200 ms frozen: stale, not lost. What is sent afterwards was decoded from samples younger
    than 150 ms."""
    driving.arm()
    for _ in range(runs):
        driving.open_hand()
        driving.close_hand()
        os.kill(driving.control.pid, signal.SIGSTOP)
        frozen_ns = time.monotonic_ns()
        pause_until(frozen_ns + 200_000_000)
        continued_ns = time.monotonic_ns()
        os.kill(driving.control.pid, signal.SIGCONT)
        pause_until(continued_ns + 400_000_000)
        sent = driving.commands()
        sent = sent[sent["sent_ns"] >= continued_ns]
        truth = driving.rig.truth()
        _, at, of = np.intersect1d(truth["sample"], sent["sample"], return_indices=True)
        age_ms = (sent["sent_ns"][of] - truth["write_ns"][at]) / 1e6
        assert len(age_ms) > 5
        assert age_ms.max() <= EMG_AGE_MS, (
            f"a command was decoded from samples {age_ms.max():.0f} ms old"
        )
        assert driving.state() in (STATE["active"], STATE["stale"])


@pytest.mark.timeout(600)
def test_decoder_that_hangs_while_the_link_stays_up(driving, runs):
    stopped, lost = [], []
    for _ in range(runs):
        driving.ask("fault", hang_decoder=False)
        driving.arm()
        driving.open_hand()
        driving.close_hand()
        driving.ask("fault", hang_decoder=True)
        until(lambda: driving.state() == STATE["link lost"], 3, "LINK LOST")
        status = driving.control.feed().status()["hand"]
        assert status["connected"], "the link itself must have stayed up"
        a, b = measure(driving)
        stopped.append(a)
        lost.append(b)
    report("decoder hangs", stopped, lost)
