# SPDX-License-Identifier: GPL-3.0-or-later
"""Half a minute that makes a profile fit again: after electrodes moved, or at the next donning.

One repetition of each direction and a rest, cued, on demand, and reversible: the result is a new
profile that knows its parent; nothing is ever changed silently. What is measured anew is rest,
references, the decoder's numbers, the gate; the kind of decoder and its options stay.

Linear decoders are moved on from where they are by recursive least squares with directional
forgetting (Yeung, Guerra, Barner-Rasmussen, Siponen, Farina and Vujaklija 2019; Cao and Schwartz
2000): what the new data say nothing of is not forgotten. Others are made of the new data: on eleven
people whose armband was moved that regained all that the shift had cost (myo-electrodeshift).
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit import auto, ridge, shaping
from endplate.fit.calibration import profile_of
from endplate.fit.guided.protocol import words
from endplate.fit.recorded.cued import Cued, Recorded, listen
from endplate.live import decoder as made
from endplate.live.profile import Profile

FORGETTING = 0.995
DOUBT = 10.0  # how little the old weights are believed: the size of P at the begin
PASSES = 3  # over the half minute


class Recursive:
    """Recursive least squares with directional forgetting: y = W' phi.

    `weights` [inputs, outputs]. Only the direction of a new phi is forgotten, by `forgetting`.
    """

    def __init__(self, weights: np.ndarray, doubt: float = DOUBT,
                 forgetting: float = FORGETTING) -> None:  # fmt: skip
        self.weights = np.array(weights, float)
        self._p = doubt * np.eye(len(self.weights))
        self._forgetting = forgetting

    def learn(self, phi: np.ndarray, y: np.ndarray) -> None:
        """One hop: phi [inputs], y [outputs]."""
        toward = self._p @ phi
        size = float(phi @ toward)
        gain = toward / (1.0 + size)
        self.weights += np.outer(gain, y - phi @ self.weights)
        if size <= 1e-9:
            return
        beta = self._forgetting - (1.0 - self._forgetting) / size
        if beta > 0:
            self._p -= np.outer(toward, toward) / (1.0 / beta + size)
        else:  # nothing was known in this direction
            self._p += np.outer(toward, toward) * (1 - self._forgetting) / size**2


def touch_up(
    profile: Profile, recorded: Recorded, *, montage: Any, hand: Any, name: str = ""
) -> Profile:
    """A new profile from `profile` and a short cued recording. Raises CalibrationError."""
    cued = heard(profile, recorded, montage, hand)
    return renewed(profile, cued, montage=montage, hand=hand, name=name)


def heard(profile: Profile, recorded: Recorded, montage: Any, hand: Any) -> Cued:
    """A short cued recording, listened to as the profile does. Raises CalibrationError."""
    return listen(
        recorded, in_order(montage, profile), hand, profile.dofs, hop_samples=profile.hop_samples,
        window_hops=profile.window_hops, least_repetitions=1,
    )  # fmt: skip


def in_order(montage: Any, profile: Profile) -> SimpleNamespace:
    """The montage with the profile's sites alone, in their order: after a re-map it is another one
    than the montage's. Raises CalibrationError."""
    at = {site.label: site for site in montage.sites}
    missing = [label for label in profile.site_labels if label not in at]
    if missing:
        raise CalibrationError(
            f"The montage {montage.name} has no site {missing[0]}, which the profile "
            f"{profile.name} uses: choose the montage {profile.montage}, or calibrate again."
        )
    return SimpleNamespace(
        name=montage.name, sites=tuple(at[label] for label in profile.site_labels)
    )


def renewed(
    profile: Profile, cued: Cued, *, montage: Any, hand: Any, name: str = ""
) -> Profile:
    """`touch_up` of what was heard in the profile's own order of sites."""
    chosen = profile.report.get("chosen", {})
    candidate = auto.BY_NAME.get(str(chosen.get("decoder")))
    if candidate is None:
        raise CalibrationError(
            f"The profile {profile.name} does not say how its decoder was made: calibrate anew."
        )
    options = {key: chosen[key] for key in candidate.tried[0]}
    data = cued.data(bool(chosen.get("combined")))
    decoder = adapted(profile.decoder, data, candidate, options)
    intent = auto.run(decoder, data.seen(candidate), data.frames.sequence)[: len(cued.frames)]
    known = np.where(cued.frames.used[:, None], intent, np.nan)
    shape, unusual = shaping.shapes(intent, known, cued.frames, cued.reference, cued.dofs)
    cued.says.extend(unusual)
    report = _report(profile, cued, intent, shape)
    return profile_of(
        cued, data, candidate, decoder, shape, report, montage=montage, hand=hand,
        board=profile.board, name=name or _next_name(profile.name), simulated=profile.simulated,
    )  # fmt: skip


def adapted(
    decoder: dict[str, Any], data: auto.Data, candidate: auto.Candidate, options: dict[str, Any]
) -> dict[str, Any]:
    """The decoder after the new data: moved on if it is linear, else made of them."""
    if candidate.kind == "linear":
        return _moved_on(decoder, data, candidate)
    return auto.train(data, candidate, options)


def _moved_on(
    decoder: dict[str, Any], data: auto.Data, candidate: auto.Candidate
) -> dict[str, Any]:
    """A linear decoder after the new hops, in their order, rest weighing its share."""
    part = decoder["linear"]
    before = np.array(decoder["pool"])
    stride = -(-part["outputs"] // made.LINEAR_PAD) * made.LINEAR_PAD
    size = part["inputs"] * stride
    weight = before[part["weight"] : part["weight"] + size].reshape(part["inputs"], stride)
    bias = before[part["bias"] : part["bias"] + part["outputs"]]
    running = Recursive(np.vstack([weight[:, : part["outputs"]], bias]))
    frames, vectors = data.frames, data.seen(candidate).astype(float)
    share = ridge.frame_weights(frames.resting, frames.used)
    root = np.sqrt(share / max(share.max(), 1e-12))
    for _ in range(PASSES):
        for hop in np.flatnonzero(share > 0):
            phi = np.append(vectors[hop], 1.0) * root[hop]
            running.learn(phi, frames.y[hop] * root[hop])
    weights = running.weights
    calm = frames.resting & frames.used
    offset = weights[:-1].T @ vectors[calm].mean(0) if calm.any() else -weights[-1]
    return made.plain(weights[:-1].T.tolist(), (-offset).tolist())


def _report(
    profile: Profile, cued: Cued, intent: np.ndarray, shape: dict[str, Any]
) -> dict[str, Any]:
    """The old report with what is new: how far rest and references moved, and how it follows."""
    report = copy.deepcopy(profile.report)
    old_rest = np.sqrt(np.array(profile.rest_uv2))
    old_reference = np.array(profile.reference_uv)
    command = shaping.command(intent, shape, cued.dofs, cued.hops.step_s)
    report["touch_up"] = {
        "parent": profile.name, "parent_created": profile.created,
        "rest_times": np.round(np.sqrt(cued.look.rest) / old_rest, 3).tolist(),
        "reference_times": np.round(cued.look.reference / old_reference, 3).tolist(),
        **shaping.figures(command, cued.frames, cued.dofs, cued.says),
    }  # fmt: skip
    report["site_matrix"] = {
        words(dof, sign): np.round(uv / cued.look.reference, 3).tolist()
        for (dof, sign), uv in cued.matrix.items()
    }
    report["rest_uv"] = np.round(np.sqrt(cued.rest), 2).tolist()
    report["sentences"] = cued.says
    report.pop("donning", None)
    return report


def _next_name(name: str) -> str:
    """ "Anna" -> "Anna, touched up" -> "Anna, touched up 2"."""
    base, _, number = name.partition(", touched up")
    return f"{base}, touched up{f' {int(number or 1) + 1}' if ', touched up' in name else ''}"
