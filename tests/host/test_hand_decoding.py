# SPDX-License-Identifier: GPL-3.0-or-later
"""EMG for a hand that decodes by itself ends when the hand was asked to stop."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from endplate import core
from endplate.hardware import load_hand
from endplate.live.hand_decoding import HandDecoding
from endplate.live.source import Block

SITES, HOP = 8, 5


def mirror():
    """Stands for a chain: nobody looks at its hops here."""
    return SimpleNamespace(
        sites=SITES, dofs=4, hop_samples=HOP, config=SimpleNamespace(rate_hz=250.0),
        reset=lambda: None, process=lambda counts, missing: [],
    )  # fmt: skip


@pytest.mark.parametrize("state", ["ACTIVE", "STALE", "OPEN_ONLY"])
def test_no_emg_leaves_for_a_moving_hand_that_was_asked_to_stop(state):
    sent = []
    link = SimpleNamespace(
        info={"capabilities": 1 << 9, "decoder_hash": 1}, phase="up", armed=True,
        state={"number": getattr(core.lib, f"GUARD_{state}")}, emg=sent.append,
        clock=SimpleNamespace(synchronised=True, to_hand_us=lambda ns: 0),
    )  # fmt: skip
    decoding = HandDecoding(link, load_hand("test-hand"))
    decoding.mirror, decoding.wanted = mirror(), 1
    first, link.armed = 0, False

    def samples() -> int:
        nonlocal first
        now, before = time.monotonic_ns(), len(sent)
        counts = np.zeros((HOP, SITES), np.int32)
        decoding.samples(Block(counts, first, now, now), 0)
        first += HOP
        return len(sent) - before

    assert samples() == 1, "its own button has armed it"
    link.armed = True
    assert samples() == 1
    link.armed = False  # HandLink.disarm, release, estop; the hand has not heard of it
    assert samples() == 0 and samples() == 0
    link.state = {"number": core.lib.GUARD_DISARMED}
    assert samples() == 1 and sent[-1]["start"] == sent[-1]["sample"], "a chain that began anew"
