# SPDX-License-Identifier: GPL-3.0-or-later
"""From a cued recording to a profile: rest, references, labels, decoder, dead-bands, gains.

Refuses, in one sentence, data from which no decoder can honestly be made; what is merely poor is
said in the profile's report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from endplate.fit import acceptance, labels, shaping, site_quality
from endplate.fit.features import LEAST_UV2, Hops, activation, hops_of
from endplate.fit.guide import Guided
from endplate.fit.labels import StartedCue
from endplate.fit.protocol import words
from endplate.fit.selection import Frames, choose, fit_decoder, held_out
from endplate.live.feed import FeedInfo
from endplate.live.profile import FORMS, Profile

SETTLE_S = 0.5  # after the start of the recording and after a contraction
BEFORE_S = 0.2  # before a contraction
REFERENCE_PERCENTILE = 90
HELD = 0.95  # a label above it is a hold
MOTION_QUANTILE = 0.75  # of the power in arm motion: what no intent means, at this site
MOST_CALM = 0.10  # of the power of contractions: more than that is not taken for motion


def calibrate(
    counts: np.ndarray,
    rate_hz: float,
    uv_per_count: float,
    full_scale_uv: float,
    cues: Sequence[StartedCue],
    *,
    montage: Any,
    hand: Any,
    board: str,
    mains_hz: float = 50,
    dofs: Sequence[str] | None = None,
    name: str = "",
    simulated: bool = False,
    window_hops: int | None = None,
) -> Profile:
    """Makes a profile from counts int32 [samples, channels] and cues with their start samples.

    `montage` and `hand` are those of hardware.py (of the hand the name is enough when `dofs` are
    given); `dofs` defaults to those of the hand that the cues move. Raises CalibrationError.
    """
    sites = tuple(montage.sites)
    counts = acceptance.as_counts(counts, sites)
    cues = sorted((item for item in cues if _inside(item, len(counts), rate_hz)), key=_start)
    dofs = acceptance.moved_dofs(dofs, hand, cues)
    hops = hops_of(
        counts, rate_hz, uv_per_count, full_scale_uv, mains_hz, window_hops=window_hops
    )
    columns = [site.channel - 1 for site in sites]
    power, bad = hops.power[:, columns], hops.bad[:, columns]
    settled = hops.time_s > SETTLE_S
    says: list[str] = []
    left_out = acceptance.left_out_sites(bad[settled], sites, says)
    power = np.where(left_out, 0.0, power)
    acceptance.check_enough(cues, dofs)

    rest = np.maximum(np.median(power[_rest_cue(hops, cues) & settled], axis=0), LEAST_UV2)
    contraction = _contractions(hops, cues)
    calm = _calm(power, rest, hops, cues, contraction)
    above = np.sqrt(np.maximum(0.0, power - calm))
    reference = np.percentile(above[contraction], REFERENCE_PERCENTILE, axis=0)
    reference = np.where(left_out, 1.0, np.maximum(reference, np.sqrt(calm)))
    floor = calm.copy()

    total = (above / reference).sum(1)
    reactions = labels.reaction_s(total, hops.time_s, hops.window_s, cues, rate_hz)
    y = labels.targets(cues, reactions, hops.time_s, hops.window_s, dofs, rate_hz)
    frames = _frames(y, hops, cues, settled & ~bad[:, ~left_out].any(1))
    matrix = _site_matrix(power, rest, frames, dofs)
    acceptance.check_signal(matrix, rest, sites, dofs)

    u = {form: activation(power, form, calm, reference, floor) for form in FORMS}
    form, lambda_, table = choose(u, frames)
    decoder = fit_decoder(u[form], frames, lambda_)
    intent = decoder(u[form])
    unseen = held_out(u[form], frames, lambda_)
    reference_hops = _references(hops, cues, y)
    shape, shape_says = shaping.shapes(intent, unseen, frames, reference_hops, dofs)
    says += shape_says
    unseen = shaping.command(unseen, shape, dofs, hops.step_s)
    report = {
        "chosen": {"form": form, "lambda": lambda_, "window_ms": round(1000 * hops.window_s)},
        **shaping.figures(unseen, frames, dofs, says),
        "reaction_s": _reactions(reactions, cues),
        **_sites(counts, uv_per_count, hops, sites, frames, matrix, mains_hz, says),
        "site_matrix": {
            words(dof, sign): [round(float(v / r), 3) for v, r in zip(row, reference, strict=True)]
            for (dof, sign), row in matrix.items()
        },
        "cross_validation": table,
        "sentences": says,
    }
    stamp = datetime.now(UTC)
    return Profile(
        name=name or f"{montage.name} {stamp:%Y-%m-%d %H.%M}",
        created=stamp.isoformat(timespec="seconds"),
        montage=montage.name,
        hand=hand if isinstance(hand, str) else hand.name,
        board=board,
        rate_hz=rate_hz,
        mains_hz=mains_hz,
        uv_per_count=uv_per_count,
        full_scale_uv=full_scale_uv,
        channels=tuple(site.channel for site in sites),
        site_labels=tuple(site.label for site in sites),
        dofs=tuple(dofs),
        hop_samples=hops.hop_samples,
        window_hops=hops.window_hops,
        form=form,
        rest_uv2=calm.tolist(),
        reference_uv=reference.tolist(),
        floor_uv2=floor.tolist(),
        weights=decoder.weights.tolist(),
        bias=decoder.bias.tolist(),
        needs=[np.flatnonzero(row).tolist() for row in decoder.weights],
        shape=shape,
        lambda_=lambda_,
        report=report,
        simulated=simulated,
    )


def from_guided(
    guided: Guided, info: FeedInfo, *, montage: Any, hand: Any, board: str, mains_hz: float
) -> Profile:
    """`calibrate` with what guide() brought back from the session that `info` describes."""
    return calibrate(
        guided.counts, info.rate_hz, info.uv_per_count, info.full_scale_uv, guided.cues,
        montage=montage, hand=hand, board=board, mains_hz=mains_hz, simulated=info.simulated,
    )  # fmt: skip


def _start(item: StartedCue) -> int:
    return item[0]


def _inside(item: StartedCue, samples: int, rate_hz: float) -> bool:
    start, cue = item
    return start >= 0 and start + cue.active_s * rate_hz <= samples


def _rest_cue(hops: Hops, cues: Sequence[StartedCue]) -> np.ndarray:
    """Hops whose whole window lies in a rest cue."""
    mask = np.zeros(len(hops.end), bool)
    window = hops.hop_samples * hops.window_hops
    for start, cue in cues:
        if cue.kind == "rest":
            stop = start + cue.active_s * hops.rate_hz
            mask |= (hops.end - window >= start) & (hops.end <= stop)
    return mask


def _contractions(hops: Hops, cues: Sequence[StartedCue]) -> np.ndarray:
    """Hops of the cues that ask for something, taking the usual reaction time."""
    mask = np.zeros(len(hops.end), bool)
    for start, cue in cues:
        if cue.target:
            since = hops.time_s - start / hops.rate_hz - labels.USUAL_REACTION_S
            mask |= (since > 0) & (since <= cue.active_s)
    return mask


def _calm(
    power: np.ndarray, rest: np.ndarray, hops: Hops, cues: Sequence[StartedCue],
    contraction: np.ndarray,
) -> np.ndarray:
    """Power per site that means nothing: of rest, or of arm motion without intent where that is
    more.

    Taken off before the root it costs a real effort little; a dead-band wide enough for the motion
    costs every effort its share. Eight simulated patients (seeds 101 to 108, 150 uV of motion) were
    followed with R^2 0.928 instead of 0.896, eight of the preset "difficult" with 0.862 instead of
    0.843.
    """
    window = hops.hop_samples * hops.window_hops
    begin = window + labels.USUAL_REACTION_S * hops.rate_hz
    moving = np.zeros(len(hops.end), bool)
    for start, cue in cues:
        if cue.kind == "motion":
            since = hops.end - start
            moving |= (since >= begin) & (since <= cue.active_s * hops.rate_hz)
    if not moving.any():
        return rest
    most = MOST_CALM * np.quantile(power[contraction], REFERENCE_PERCENTILE / 100, axis=0)
    return np.maximum(rest, np.minimum(np.quantile(power[moving], MOTION_QUANTILE, axis=0), most))


def _references(hops: Hops, cues: Sequence[StartedCue], y: np.ndarray) -> np.ndarray:
    """Hops of the holds of the reference contractions (of all contractions if there are none)."""
    which = labels.cue_of_hop(cues, hops.end)
    is_reference = np.array([cue.kind == "reference" for _, cue in cues] + [False])
    held = (np.abs(y) > HELD).any(1)
    chosen = held & is_reference[which]
    return chosen if chosen.any() else held


def _frames(
    y: np.ndarray, hops: Hops, cues: Sequence[StartedCue], used: np.ndarray
) -> Frames:
    """Which hops are rest, and which repetition each belongs to (its pause included)."""
    active = np.abs(y).max(1) > 0
    resting = ~active
    after, before = math.ceil(SETTLE_S / hops.step_s), math.ceil(BEFORE_S / hops.step_s)
    for edge in np.flatnonzero(active):
        resting[max(0, edge - before) : edge + after] = False
    which = labels.cue_of_hop(cues, hops.end)
    repetition = np.append(labels.repetitions(cues), -1)[which]
    arm = np.array([cue.kind == "motion" for _, cue in cues] + [False])[which] & resting
    return Frames(y, resting, arm, used & (which >= 0), repetition)


def _site_matrix(
    power: np.ndarray, rest: np.ndarray, frames: Frames, dofs: Sequence[str]
) -> dict[tuple[str, float], np.ndarray]:
    """RMS above rest in microvolt per direction held alone: (dof, sign) -> [sites]."""
    matrix = {}
    for d, dof in enumerate(dofs):
        others = np.abs(np.delete(frames.y, d, 1)).sum(1) == 0
        for sign in (1.0, -1.0):
            held = (frames.y[:, d] * sign > HELD) & others & frames.used
            mean = power[held].mean(0) if held.any() else rest
            matrix[dof, sign] = np.sqrt(np.maximum(0.0, mean - rest))
    return matrix


def _reactions(reactions: np.ndarray, cues: Sequence[StartedCue]) -> dict[str, float]:
    found = [r for r, (_, cue) in zip(reactions, cues, strict=True) if cue.target]
    return {
        "median": round(float(np.median(found)), 3),
        "least": round(float(np.min(found)), 3),
        "most": round(float(np.max(found)), 3),
    }


def _sites(
    counts: np.ndarray, uv_per_count: float, hops: Hops, sites: Sequence[Any], frames: Frames,
    matrix: dict[tuple[str, float], np.ndarray], mains_hz: float, says: list[str],
) -> dict[str, Any]:
    """Lists of rest noise, SNR, mains ratio and verdict, one per site; adds advice to `says`."""
    per_sample = np.repeat(np.arange(len(hops.end)), hops.hop_samples)
    resting = (frames.resting & frames.used)[per_sample]
    out: dict[str, list[Any]] = {"snr_db": [], "rest_uv": [], "mains_db": [], "verdict": []}
    advice: dict[str, list[str]] = {}
    dofs = list(dict.fromkeys(dof for dof, _ in matrix))
    for index, site in enumerate(sites):
        dof, sign = max(matrix, key=lambda key: matrix[key][index])
        held = (frames.y[:, dofs.index(dof)] * sign > HELD)[per_sample]
        clean = hops.clean_uv[: len(per_sample), site.channel - 1]
        raw = counts[: len(per_sample), site.channel - 1] * uv_per_count
        found = site_quality.judge(
            clean[resting], clean[held], raw[resting], hops.rate_hz, mains_hz
        )
        out["snr_db"].append(_rounded(found.snr_db))
        out["rest_uv"].append(_rounded(found.rest_uv))
        out["mains_db"].append(_rounded(found.mains_db))
        out["verdict"].append(found.snr_verdict)
        for sentence in found.sentences:
            advice.setdefault(sentence, []).append(site.label)
    says += [f"{', '.join(at)}: {sentence}" for sentence, at in advice.items()]
    note = site_quality.rate_sentence(hops.rate_hz)
    if note:
        says.append(note)
    return out


def _rounded(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None
