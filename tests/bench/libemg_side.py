# SPDX-License-Identifier: GPL-3.0-or-later
"""LibEMG's side of the comparison; runs in a virtual environment of its own (beside.py starts it).

    python libemg_side.py judge IN.npz OUT.npz     its regressors on our windows and targets
    python libemg_side.py stream IN.npz            CPU time of its online steps, microseconds, JSON

IN.npz, judge: windows [n, channels, samples] microvolt, y [n, dofs], train bool [n]; OUT.npz: the
output [n, dofs] of each regressor. IN.npz, stream: signal [samples, channels], rate_hz, hop,
window.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from libemg.emg_predictor import EMGRegressor
from libemg.feature_extractor import FeatureExtractor
from libemg.filtering import Filter

REGRESSORS = ("LR", "MLP", "RF", "GB")
GROUP = "HTD"  # Hudgins' time domain features
STEPS = 60


def features(windows: np.ndarray) -> np.ndarray:
    """[n, features]."""
    found = FeatureExtractor().extract_feature_group(GROUP, windows)
    return np.hstack([found[name] for name in found])


def output_of(regressor: EMGRegressor, x: np.ndarray) -> np.ndarray:
    """What it says, [n, dofs]."""
    found = regressor.run(x)
    return np.asarray(found[0] if isinstance(found, tuple) else found)


def judge(source: str, target: str) -> None:
    """Trains and runs each regressor."""
    with np.load(source) as file:
        windows, y, train = file["windows"], file["y"], file["train"]
    x, made = features(windows), {}
    x = (x - x[train].mean(0)) / np.maximum(x[train].std(0), 1e-9)
    for name in REGRESSORS:
        regressor = EMGRegressor(name, random_seed=0)
        regressor.fit({"training_features": x[train], "training_labels": y[train]})
        made[name] = output_of(regressor, x)
    np.savez(target, **made)


def stream(source: str) -> None:
    """A step as its online predictor does one: filter the window, extract, predict."""
    with np.load(source) as file:
        signal, rate, hop, window = (file[k] for k in ("signal", "rate_hz", "hop", "window"))
    rate, hop, window = int(rate), int(hop), int(window)
    filters = Filter(rate)
    filters.install_filters({"name": "bandpass", "cutoff": [20, min(450, 0.45 * rate)], "order": 4})
    filters.install_filters({"name": "notch", "cutoff": 50, "bandwidth": 3})
    extractor = FeatureExtractor()
    names = extractor.get_feature_groups()[GROUP]
    starts = range(0, len(signal) - window, hop)
    windows = np.stack([signal[s : s + window].T for s in starts])
    x, y = features(windows), np.random.default_rng(1).normal(0, 1, (len(windows), 2))
    regressor = EMGRegressor("LR")
    regressor.fit({"training_features": x, "training_labels": y})
    took = []
    for step in range(STEPS + 5):
        part = signal[step * hop : step * hop + window]
        began = time.process_time_ns()
        clean = filters.filter(part)
        found = extractor.extract_features(names, clean.T[None])
        output_of(regressor, np.hstack([found[name] for name in names]))
        took.append((time.process_time_ns() - began) / 1e3)
    print(json.dumps(took[5:]))


if __name__ == "__main__":
    {"judge": judge, "stream": stream}[sys.argv[1]](*sys.argv[2:])
