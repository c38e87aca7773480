# SPDX-License-Identifier: GPL-3.0-or-later
"""EMG for a hand that decodes by itself ends when the hand was asked to stop."""

from __future__ import annotations

import time
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from endplate import core
from endplate.cli.run import decoded
from endplate.hardware import load_hand
from endplate.live.hand_decoding import HandDecoding
from endplate.live.source import Block
from endplate.monitor import words

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


@pytest.mark.parametrize(
    "bits, mode, who",
    [(0, "host", "This computer decodes"), (1 << 14, "host", "This computer decodes"),
     (1 << 8, "shadow", "beside this computer"), (1 << 9, "hand", "The hand decodes by itself"),
     (1 << 8 | 1 << 14, "shadow", "its own electrodes"), (1 << 9 | 1 << 14, "hand", "electrodes")],
)  # fmt: skip
def test_who_decodes_is_said_and_own_electrodes_get_no_emg(bits, mode, who):
    sent, told = [], {"start": 1, "sample": 2, "filled": 0, "hop_hash": 3}
    told |= {"target": [10000] * 8, "host": [0] * 8}
    link = SimpleNamespace(
        info={"capabilities": bits, "decoder_hash": 1}, phase="up", armed=False, emg=sent.append,
        state={"number": core.lib.GUARD_DISARMED}, decoded=deque([told]),
        questions=SimpleNamespace(changed=False),
        clock=SimpleNamespace(synchronised=True, to_hand_us=lambda ns: 0),
    )  # fmt: skip
    decoding = HandDecoding(link, load_hand("test-hand"))
    decoding.mirror, decoding.wanted = mirror(), 1
    now = time.monotonic_ns()
    decoding.samples(Block(np.zeros((HOP, SITES), np.int32), 0, now, now), 0)
    decoding.follow()
    status = decoding.status()
    own = bool(bits >> 14 and mode != "host")
    assert len(sent) == (mode != "host" and not own)
    assert (status["mode"], status["own_electrodes"]) == (mode, own) and who in status["who"]
    assert status["not_compared"] == (not own), "what came is compared, or there is nothing to"
    assert status["hand"] == [10000] * 4, "and shown, in any case"
    shown = "\n".join(decoded(status))
    assert (who in shown and "100" in shown) == (mode != "host")
    assert (who in words.said({"decoding": status})) == (mode != "host")


def test_a_hand_whose_parameters_changed_is_not_armed_until_it_said_who_decodes():
    link = SimpleNamespace(
        info={"capabilities": 0}, questions=SimpleNamespace(changed=True), at_rest=True,
        clock=SimpleNamespace(synchronised=True),
    )  # fmt: skip
    decoding = HandDecoding(link, load_hand("test-hand"))
    assert "arm again" in decoding.refusal() and not decoding.may_arm()
    link.questions.changed = False
    assert decoding.refusal() == "" and decoding.may_arm()
