# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated EMG meets every criterion, and what is not like a person's EMG does not."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from endplate.cli import main
from endplate.cli.simulate import figures as simulate_figures
from endplate.sim import validation
from endplate.sim.muscle import RATE_HZ
from endplate.sim.patient import Patient
from endplate.sim.validation import Bench, Contraction, Criterion


@lru_cache
def bench(tissue: str) -> Bench:
    return validation.bench(tissue, seed=1)


def found(made: Bench) -> dict[str, Criterion]:
    return {row.name: row for row in validation.criteria(made)}


@pytest.mark.parametrize("tissue", validation.TISSUES)
def test_every_criterion_of_a_muscle_is_met(tissue):
    rows = validation.criteria(bench(tissue))
    assert len(rows) == 11
    assert all(row.met and row.verdict == "as in people" for row in rows), [
        row for row in rows if not row.met
    ]


@pytest.mark.parametrize("preset", ["tmr-transhumeral", "tmr-shoulder", "difficult"])
def test_every_criterion_of_a_person_is_met(preset):
    rows = validation.person(preset, seed=2)
    assert len(rows) == (5 if preset == "tmr-shoulder" else 4)
    assert all(row.met for row in rows), [row for row in rows if not row.met]


def changed(each: Contraction, times: float) -> Contraction:
    return replace(each, uv=each.uv * times)


def test_what_is_not_a_persons_emg_is_told():
    good = bench("native")
    loud = {share: changed(each, 3.0) for share, each in good.contractions.items()}
    assert found(replace(good, contractions=loud))["amplitude at maximum"].verdict == "too high"
    same = {s: replace(good.contractions[0.5], share=s) for s in good.contractions}
    flat = {s: changed(each, 0.01 * n + 1) for n, (s, each) in enumerate(same.items())}
    flat |= {1.0: good.contractions[1.0]}
    assert found(replace(good, contractions=flat))["slope of log amplitude on log force"].met is (
        False
    )
    tone = np.sin(2 * np.pi * 30.0 * np.arange(60_000) / RATE_HZ)[:, None] * 300.0 * np.ones(4)
    hum = {s: replace(each, uv=tone) for s, each in good.contractions.items()}
    rows = found(replace(good, contractions=hum))
    assert rows["median frequency at 50 % force"].verdict == "too low"
    assert rows["CV of RMS over 200 ms"].verdict == "too low"
    clock = [np.arange(0.0, 30.0, 1 / 20.0)] * 120
    ticking = {s: replace(each, trains=clock) for s, each in good.contractions.items()}
    assert found(replace(good, contractions=ticking))["CV of intervals"].verdict == "too low"
    long = np.repeat(good.potentials, 2, axis=1)
    assert found(replace(good, potentials=long))["potentials last"].verdict == "too high"
    deaf = {d: np.random.default_rng(1).standard_normal(p.shape) for d, p in good.pairs.items()}
    assert found(replace(good, pairs=deaf))["correlation at 25 mm"].verdict == "too low"


def test_noise_is_as_large_as_the_contact_says():
    """Above 20 Hz little of the drift is left, and little of the noise is missing."""
    said = Patient("difficult", 3).electrodes._noise_uv
    assert validation.contact_noise_uv("difficult", 3) == pytest.approx(said, rel=0.12)


def test_motion_is_as_large_as_the_knob_says_and_without_steps():
    skin = Patient("transradial", 3, knobs={"motion_uv": 200.0, "mains_uv": 0.0}).electrodes
    skin._noise_uv[:] = skin._drift_uv[:] = skin._drift[:] = 0.0
    uv = np.concatenate([skin.block(np.zeros((40, 8)), 1.0) for _ in range(1500)])
    assert uv.std(axis=0).mean() == pytest.approx(200.0, rel=0.1)
    step = np.abs(np.diff(uv, axis=0))
    edges = step[39::40].mean() / step.mean()
    assert edges == pytest.approx(1.0, abs=0.1)


def test_a_plot_is_drawn(tmp_path):
    benches = [bench(tissue) for tissue in validation.TISSUES]
    path = simulate_figures.muscles(tmp_path, benches)
    assert path.stat().st_size > 20_000


def test_the_command_says_so_and_refuses_nonsense(capsys, monkeypatch):
    monkeypatch.setattr(validation, "bench", lambda tissue, seed: bench(tissue))
    assert main(["simulate", "validate", "--preset", "transradial", "--no-plots"]) == 0
    said = capsys.readouterr().out
    assert "All 26 criteria are met. Simulated: nobody's EMG." in said
    assert said.count("as in people") == 26
    assert main(["simulate", "validate", "--preset", "nobody"]) == 2
    assert "no simulated patient 'nobody'" in capsys.readouterr().err
    assert main(["simulate", "validate", "--seed", "-1"]) == 2
