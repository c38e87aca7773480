# SPDX-License-Identifier: GPL-3.0-or-later
"""The plots of `endplate simulate validate`: each criterion as one would look at it in a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from scipy.signal import welch

from endplate.fit.guided.protocol import words
from endplate.sim import showing, validation
from endplate.sim.muscle import CROSS_TALK_25MM, CROSS_TALK_POWER, RATE_HZ
from endplate.sim.patient import Patient, find_preset
from endplate.sim.validation import Bench

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = {"native": "#0072B2", "reinnervated": "#D55E00"}
GREY, ALLOWED = "#999999", "#009E73"
SHIFT_MM = 10.0
MEAN_OF = 10  # estimates of one second each


def draw(folder: Path, benches: Sequence[Bench], preset: str, seed: int) -> list[Path]:
    """All plots; returns their files."""
    return [
        muscles(folder, benches),
        units(folder, benches),
        signals(folder, preset, seed),
        sites(folder, preset, seed),
        tiring(folder, preset, seed),
    ]


def muscles(folder: Path, benches: Sequence[Bench]) -> Path:
    """Spectrum, amplitude against force, RMS over time, correlation of neighbours."""
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.5))
    spectrum, grows, steady, near = axes.ravel()
    for made in benches:
        colour, name = COLOURS[made.tissue], made.tissue
        uv = made.contractions[0.5].uv[:, 0]
        frequency, power = welch(uv, RATE_HZ, nperseg=1000)
        median = validation.median_hz(uv)
        spectrum.plot(frequency, power, color=colour, label=f"{name}, median {median:.0f} Hz")
        spectrum.axvline(median, color=colour, linestyle="--", linewidth=1)
        force = np.array([each.force() for each in made.contractions.values()])
        size = np.array([each.uv[:, 0].std() for each in made.contractions.values()])
        exponent = validation.slope(force, size)
        grows.loglog(
            100 * force / force[-1], size, "o-", color=colour, label=f"{name}, slope {exponent:.2f}"
        )
        window = int(validation.WINDOW_S * RATE_HZ)
        rms = np.sqrt(np.mean(uv[: len(uv) // window * window].reshape(-1, window) ** 2, axis=1))
        steady.plot(
            np.arange(len(rms)) * validation.WINDOW_S, rms, color=colour, linewidth=1,
            label=f"{name}, CV {rms.std() / rms.mean():.3f}",
        )  # fmt: skip
        found = [validation.correlation(pair) for pair in made.pairs.values()]
        near.plot(list(made.pairs), found, "o-", color=colour, label=name)
    spectrum.axvspan(*validation.MEDIAN_HZ, color=ALLOWED, alpha=0.12, label="median allowed")
    spectrum.set(xlim=(0, 400), xlabel="Hz", ylabel="power (µV²/Hz)", title="50 % force")
    grows.set(xlabel="force (% of maximum)", ylabel="RMS (µV)", title="amplitude against force")
    steady.set(xlabel="s", ylabel="RMS over 200 ms (µV)", title="50 % force, held", ylim=(0, None))
    distance = np.array(list(validation.NEIGHBOURS))
    expected = np.array(list(validation.NEIGHBOURS.values()))
    leeway = validation.NEIGHBOUR_LEEWAY
    near.fill_between(
        distance, expected - leeway, expected + leeway, color=ALLOWED, alpha=0.15, label="allowed"
    )
    near.plot(distance, expected, "k:", label="Winter 1994")
    at = np.linspace(20, 80, 50)
    near.plot(
        at, CROSS_TALK_25MM * (at / 25.0) ** -CROSS_TALK_POWER, color=GREY, linewidth=1,
        label="cross-talk m(d)",
    )  # fmt: skip
    near.set(xlabel="distance of two pairs (mm)", ylabel="correlation", ylim=(0, 0.7),
             title="a muscle under each pair, both active")  # fmt: skip
    for axis in axes.ravel():
        axis.legend(frameon=False, fontsize=8)
    return _save(figure, folder / "muscles.png", "muscles under a row of pairs")


def units(folder: Path, benches: Sequence[Bench]) -> Path:
    """Potentials and how long they last; who fires when, how fast, how evenly."""
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.5))
    shape, lasts, raster, pace = axes.ravel()
    for made in benches:
        colour = COLOURS[made.tissue]
        for number in (20, 60, 100, 115):
            potential = made.potentials[number, :, 0]
            shape.plot(
                np.arange(len(potential)) / RATE_HZ * 1000, potential / np.ptp(potential),
                color=colour, linewidth=1, label=made.tissue if number == 20 else None,
            )  # fmt: skip
        durations = [validation.duration_ms(each) for each in made.potentials[:, :, 0]]
        lasts.hist(durations, bins=np.arange(7, 19.5, 0.5), color=colour, alpha=0.5,
                   label=f"{made.tissue}, mean {np.mean(durations):.1f} ms")  # fmt: skip
        lasts.axvline(validation.MEAN_DURATION_MS[made.tissue], color=colour, linestyle="--")
    lasts.axvspan(*validation.DURATION_MS, color=ALLOWED, alpha=0.12, label="allowed")
    shape.set(xlabel="ms", title="potentials of four units, one size", yticks=[])
    lasts.set(xlabel="ms", ylabel="units", title="length of potentials; dashed: Kapelner 2016")
    held = benches[-1].contractions
    for number, train in enumerate(held[0.2].trains):
        train = train[train < 2.0]
        raster.plot(train, np.full(len(train), number), "|", color="black", markersize=3)
    raster.set(xlabel="s", ylabel="unit, small to large", title="spikes at 20 % force", xlim=(0, 2))
    for share in (0.1, 0.2, 0.5, 1.0):
        rates, irregular = validation.firing(held[share].trains)
        pace.plot(rates, irregular, ".", markersize=4, label=f"{100 * share:.0f} % force")
    pace.axhspan(*validation.INTERVAL_CV, color=ALLOWED, alpha=0.12, label="CV allowed")
    for edge in validation.FIRING_HZ:
        pace.axvline(edge, color=ALLOWED, linestyle="--", linewidth=1)
    pace.set(xlabel="firing rate (Hz)", ylabel="CV of intervals", ylim=(0.1, 0.35), xlim=(6, 38),
             title="every unit; dashed: rates allowed")  # fmt: skip
    for axis in (shape, lasts, pace):
        axis.legend(frameon=False, fontsize=8)
    return _save(figure, folder / "units.png", "motor units")


def signals(folder: Path, preset: str, seed: int) -> Path:
    """Each site of a person while the DoF's directions are held one after the other."""
    plan = find_preset(preset)
    asked = showing.directions(plan.dofs[:2])
    patient = Patient(preset, seed)
    parts = [showing.clean(patient, 1.0)]
    for dof, sign in asked:
        patient.prompt(showing.held(dof, sign, 1.4))
        parts.append(showing.clean(patient, 2.5))
    uv = np.concatenate(parts)
    count = min(uv.shape[1], 6)
    figure, axes = plt.subplots(count, 1, figsize=(11, 1.15 * count + 1.0), sharex=True)
    second = np.arange(len(uv)) / RATE_HZ
    edge = max(100.0, float(np.quantile(np.abs(uv), 0.9995)))
    for site, axis in enumerate(axes):
        axis.plot(second, uv[:, site], color="black", linewidth=0.3)
        axis.set(ylim=(-edge, edge), ylabel=f"site {site + 1}")
        for number in range(len(asked)):
            axis.axvline(1.0 + 2.5 * number, color=GREY, linewidth=0.7)
    for number, (dof, sign) in enumerate(asked):
        axes[0].text(1.05 + 2.5 * number, 0.75 * edge, words(dof, sign), fontsize=8)
    axes[-1].set_xlabel("s (µV, above 20 Hz, 2 kHz)")
    return _save(figure, folder / "signals.png", f"{preset}, seed {seed}")


def sites(folder: Path, preset: str, seed: int) -> Path:
    """What each site hears of each direction, before and after the electrodes were moved."""
    plan = find_preset(preset)
    before = showing.site_matrix(preset, seed, plan.dofs)
    after = showing.site_matrix(preset, seed, plan.dofs, {"shift_mm": SHIFT_MM})
    figure, axes = plt.subplots(1, 2, figsize=(11, 0.45 * len(before) + 1.8), sharey=True)
    labels = [words(dof, sign) for dof, sign in showing.directions(plan.dofs)]
    for axis, matrix, title in (
        (axes[0], before, "as calibrated"), (axes[1], after, f"moved {SHIFT_MM:g} mm round"),
    ):  # fmt: skip
        shown = axis.imshow(matrix, cmap="magma", vmin=0, vmax=before.max(), aspect="auto")
        for (row, column), value in np.ndenumerate(matrix):
            axis.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=7,
                      color="white" if value < 0.6 * before.max() else "black")  # fmt: skip
        axis.set_xticks(range(matrix.shape[1]), [str(n + 1) for n in range(matrix.shape[1])])
        axis.set(xlabel="site", title=title)
    axes[0].set_yticks(range(len(labels)), labels)
    figure.colorbar(shown, ax=axes, label="RMS (µV)")
    return _save(figure, folder / "sites.png", f"{preset}, seed {seed}", tight=False)


def tiring(folder: Path, preset: str, seed: int) -> Path:
    """Median frequency and amplitude of a held contraction, and in short ones while it rests."""
    made = showing.tiring(preset, seed)
    figure, axes = plt.subplots(2, 1, figsize=(11, 5), sharex=True)
    pairs = ((axes[0], made.median_hz, "median (Hz)"), (axes[1], made.rms_uv, "RMS (µV)"))
    held, rested = np.flatnonzero(made.effort), np.flatnonzero(~made.effort)
    groups = np.split(rested, np.flatnonzero(np.diff(made.second[rested]) > 1) + 1)
    smooth = np.ones(MEAN_OF) / MEAN_OF
    for axis, values, label in pairs:
        axis.plot(made.second[held], values[held], ".", color=GREY, markersize=3)
        axis.plot(
            np.convolve(made.second[held], smooth, "valid"),
            np.convolve(values[held], smooth, "valid"),
            color=COLOURS["reinnervated"], label=f"comfortable effort, held; mean of {MEAN_OF} s",
        )  # fmt: skip
        axis.plot(
            [made.second[each].mean() for each in groups],
            [values[each].mean() for each in groups],
            "o", color=COLOURS["native"], label="short contractions while it rests, mean of 4 s",
        )  # fmt: skip
        axis.set(ylabel=label, ylim=(0, 1.15 * values.max()))
    axes[0].legend(frameon=False, fontsize=8)
    axes[1].set_xlabel("s")
    return _save(figure, folder / "fatigue.png", f"{preset}, seed {seed}, site {made.site + 1}")


def _save(figure: Any, path: Path, what: str, tight: bool = True) -> Path:
    figure.suptitle(f"Simulated: {what}", x=0.01, ha="left", fontsize=11)
    if tight:
        figure.tight_layout()
    figure.savefig(path, dpi=110, bbox_inches=None if tight else "tight")
    plt.close(figure)
    return path
