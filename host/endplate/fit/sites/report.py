# SPDX-License-Identifier: GPL-3.0-or-later
"""What a calibration says of its sites: noise and SNR, what each hears, advice, the best subset."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from endplate.fit import auto
from endplate.fit.guided.protocol import words
from endplate.fit.recorded import acceptance
from endplate.fit.recorded.cued import HELD, Cued
from endplate.fit.sites import advice as site_advice
from endplate.fit.sites import choice as site_choice
from endplate.fit.sites import quality as site_quality


def report(cued: Cued, data: auto.Data, row: auto.Row) -> dict[str, Any]:
    """All of it, for a profile's report; advice is added to cued.says."""
    return {
        **_quality(cued),
        "site_matrix": {
            words(dof, sign): [
                round(float(v / r), 3) for v, r in zip(uv, cued.look.reference, strict=True)
            ]
            for (dof, sign), uv in cued.matrix.items()
        },
        "sites": _choice(cued, data, row),
    }


def _quality(cued: Cued) -> dict[str, Any]:
    """Lists of rest noise, SNR, mains ratio and verdict, one per site; adds advice to cued.says."""
    hops, frames, matrix, recorded = cued.hops, cued.frames, cued.matrix, cued.recorded
    per_sample = np.repeat(np.arange(len(hops.end)), hops.hop_samples)
    resting = (frames.resting & frames.used)[per_sample]
    out: dict[str, list[Any]] = {"snr_db": [], "rest_uv": [], "mains_db": [], "verdict": []}
    advice: dict[str, list[str]] = {}
    dofs = list(dict.fromkeys(dof for dof, _ in matrix))
    for index, site in enumerate(cued.sites):
        dof, sign = max(matrix, key=lambda key: matrix[key][index])
        held = (frames.y[:, dofs.index(dof)] * sign > HELD)[per_sample]
        clean = hops.clean_uv[: len(per_sample), site.channel - 1]
        raw = recorded.counts[: len(per_sample), site.channel - 1] * recorded.uv_per_count
        found = site_quality.judge(
            clean[resting], clean[held], raw[resting], hops.rate_hz, recorded.mains_hz
        )
        out["snr_db"].append(_rounded(found.snr_db))
        out["rest_uv"].append(_rounded(found.rest_uv))
        out["mains_db"].append(_rounded(found.mains_db))
        out["verdict"].append(found.verdict)
        for sentence in found.sentences:
            advice.setdefault(sentence, []).append(site.label)
    cued.says.extend(f"{', '.join(at)}: {sentence}" for sentence, at in advice.items())
    note = site_quality.rate_sentence(hops.rate_hz)
    if note:
        cued.says.append(note)
    return out


def _choice(cued: Cued, data: auto.Data, row: auto.Row) -> dict[str, Any]:
    """Isolation, the subset that covers, the DoF that are carried; adds advice to cued.says."""
    labels, says = [site.label for site in cued.sites], cued.says
    found = site_choice.matrix(data)
    advice = site_advice.advise(
        found, labels, [acceptance.words_of(site) for site in cued.sites],
        ["flat or railed" if out else "" for out in cued.left_out],
    )  # fmt: skip
    cover, own = site_choice.cover(data), site_choice.isolate(found)
    if row.candidate.name == "direct":
        advice = site_advice.for_isolate(advice, found, own, labels)
    else:
        advice = site_advice.for_cover(advice, found, cover, labels)
    says += [one.sentence for one in advice if one.action != "keep" and one.about != "spare"]
    carried = site_choice.supported(site_choice.figures(row, data))
    if len(carried) < len(data.dofs):
        missing = [dof for dof in data.dofs if dof not in carried]
        says.append(
            f"These sites carry {len(carried)} of {len(data.dofs)} DoF; leave "
            f"{', '.join(missing)} out, or move electrodes."
        )
    return {
        "advice": [[labels[one.site], one.action, one.sentence] for one in advice],
        "isolation_db": [round(float(value), 1) for value in found.isolation_db()],
        "isolate": {words(*intent): labels[s] for intent, s in own.items()},
        "cover": {
            "errors": [round(step.error, 4) for step in cover.steps],
            "left": [labels[step.left] for step in cover.steps if step.left is not None],
            "chosen": [labels[site] for site in cover.chosen],
        },
        "supported": carried,
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None
