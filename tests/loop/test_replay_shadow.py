# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate replay --shadow`: a recording through the host's decoder and the hand's, same bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from endplate import core
from endplate.cli import parser
from endplate.cli.replay.on_hand import _frames
from endplate.errors import EndplateError
from endplate.fit.evaluation import hold
from endplate.hardware import load_hand
from endplate.live.bdf import write_bdf
from endplate.live.hand_upload import hand_settings
from endplate.live.profile_file import load_profile
from endplate.live.recording import Recording
from endplate.sim import firmware
from endplate.sim.patient import Patient, simulate
from endplate.sim.prompts import Prompt

from .conftest import PATIENT
from .hand_link import endplate

SECONDS, FIRST = 3, 40
DOUBTED = 300, 37, 1 << 2  # rows, channels


@pytest.fixture
def recording(offline_profile):
    """A simulated patient closes the hand, and the commands that the profile makes of that."""
    profile, hand = load_profile(offline_profile), load_hand("test-hand")
    closing = {"target": {"hand": 0.8}, "rise_s": 0.3, "hold_s": 9.0, "fall_s": 0.1, "label": ""}
    patient = Patient(PATIENT, seed=1)
    uv = simulate(patient, SECONDS, [(0.2, Prompt.from_request(closing))]).uv
    counts, n = np.rint(uv / profile.uv_per_count).astype(np.int32), len(uv)
    chain = core.Chain(hand_settings(profile, hand))
    at, size, mask = DOUBTED
    cuts = [(0, at, 0), (at, at + size, mask), (at + size, n, 0)]
    hops = np.concatenate([chain.process(counts[a:b, : chain.sites], m) for a, b, m in cuts])
    dofs = [dof.name for dof in hand.dofs]
    targets = hold(hops["samples"] - 1, hops["target"][:, : len(dofs)], n).astype(np.int16)
    assert len(np.unique(targets)) > 12, "it moves"
    meta = {"rate_hz": 250.0, "full_scale_uv": 187_500.0, "mains_hz": 50, "dofs": dofs,
            "started": 1.7e9, "profile_text": offline_profile.read_text()}  # fmt: skip
    return Recording(
        counts, 250.0, profile.uv_per_count, 8, [f"Site {k}" for k in range(1, 9)], FIRST,
        np.zeros((n, len(dofs)), np.float32), targets, np.ones(n, bool), [], meta, None,
        [(FIRST + at, size, mask)],
    )  # fmt: skip


def replay(*words) -> int:
    chosen = parser("replay").parse_args(["replay", *map(str, words)])
    return chosen.run(chosen)


@pytest.mark.timeout(120)
def test_host_and_hand_make_the_same_bytes_of_a_recording(
    recording, pc_firmware, bus, tmp_path, capsys
):
    path, other = tmp_path / "visit.bdf", tmp_path / "other.bdf"
    write_bdf(recording, path)
    changed = recording.targets.copy()
    changed[401:, 0] ^= 1
    write_bdf(replace(recording, targets=changed), other)
    flash = tmp_path / "flash"
    with firmware.start("pc", bus.port, tmp_path, flash=flash) as hand:
        shadow = "--hand-port", hand.port, "--shadow"
        with pytest.raises(EndplateError, match="keeps another decoder .* add --upload"):
            replay(path, *shadow)
        assert replay(path, *shadow, "--upload") == 0
        said = " ".join(capsys.readouterr().out.split())
        hops = SECONDS * 250 // 5
        assert f"{hops} hops; the hand told {hops} of them, and {hops} have the bytes" in said
        assert f"{hops} of {hops} commands are the recorded ones" in said
        assert "Host and hand: identical bytes." in said
        assert replay(other, *shadow) == 1
        said = " ".join(capsys.readouterr().out.split())
        assert f"and {hops} have the bytes" in said and "Host and hand DIFFER" in said
        assert endplate("get", hand.port, "decode") == 0
        assert capsys.readouterr().out.split()[0] == "0", "who decodes is as it was before"
        assert endplate("set", hand.port, "emg_source", "1") == 0
        with pytest.raises(EndplateError, match="reads its own electrodes and takes no signals"):
            replay(path, *shadow)


def test_what_cannot_be_compared_is_said(recording, offline_profile, tmp_path):
    path = tmp_path / "visit.bdf"
    write_bdf(recording, path)
    for words in (("--shadow",), ("--upload", "--hand-port", "none")):
        with pytest.raises(EndplateError, match="--shadow needs a hand that decodes"):
            replay(path, *words)


def test_frames_end_with_hops_and_where_a_doubt_begins():
    counts, masks = np.arange(46).reshape(23, 2), np.zeros(23, np.uint64)
    masks[7:9] = 4
    cut = [(at, len(part), mask) for at, part, mask in _frames(counts, masks, 5, 2)]
    assert cut == [(0, 5, 0), (5, 2, 0), (7, 2, 4), (9, 1, 0), (10, 5, 0), (15, 5, 0), (20, 3, 0)]
    parts = [part for _, part, _ in _frames(counts, masks, 50, 16)]
    np.testing.assert_array_equal(np.concatenate(parts), counts)
    assert max(map(len, parts)) <= core.lib.WIRE_EMG_BYTES // 3 // 16
