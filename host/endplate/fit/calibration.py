# SPDX-License-Identifier: GPL-3.0-or-later
"""From a cued recording to a profile: the decoder chosen, its gate, dead-bands and gains.

Refuses, in one sentence, data from which no decoder can honestly be made; what is merely poor is
said in the profile's report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from endplate import core_decoder
from endplate.fit import auto, dof_policy, fallback, gate, shaping
from endplate.fit.guided.guide import Guided
from endplate.fit.recorded.cued import Cued, Recorded, listen
from endplate.fit.recorded.labels import StartedCue
from endplate.fit.sites import report as site_report
from endplate.live import decoder as made
from endplate.live.feed import FeedInfo
from endplate.live.profile import Profile


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
    hop_samples: int | None = None,
    combined: bool = True,
    decoder: str = "auto",
    all_dofs: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Profile:
    """Makes a profile from counts int32 [samples, channels] and cues with their start samples.

    `montage` and `hand` are those of hardware.py (of the hand the name is enough when `dofs` are
    given); `dofs` defaults to those of the hand that the cues move. `combined`: several DoF shall
    move at once; combinations that were not recorded are added (frames.py). `decoder` is "auto" or
    a name of auto.CANDIDATES. Of more than two DoF those that the data do not carry stay out of the
    profile (dof_policy.py), unless `all_dofs`. `progress` hears the name of each candidate. Raises
    CalibrationError.
    """
    recorded = Recorded(counts, rate_hz, uv_per_count, full_scale_uv, mains_hz, cues)
    cued = listen(
        recorded, montage, hand, dofs, hop_samples=hop_samples, window_hops=window_hops,
        without_bad=True,
    )  # fmt: skip
    chosen = dof_policy.choose(
        cued, combined, auto.candidates(decoder), progress, all_dofs=all_dofs
    )
    cued, data, row, table = chosen.cued, chosen.data, chosen.row, chosen.table
    decoder_made = auto.train(data, row.candidate, row.options)
    real = len(cued.frames)
    intent = auto.run(decoder_made, data.seen(row.candidate), data.frames.sequence)[:real]
    shape, unusual = shaping.shapes(
        intent, row.held_out[:real], cued.frames, cued.reference, cued.dofs
    )
    cued.says.extend(unusual)
    unseen = shaping.command(row.held_out[:real], shape, cued.dofs, cued.hops.step_s)
    report = {
        "chosen": {
            "decoder": row.candidate.name, **row.options,
            "window_ms": round(1000 * cued.hops.window_s), "combined": data.combined,
        },
        **shaping.figures(unseen, cued.frames, cued.dofs, cued.says),
        "reaction_s": _reactions(cued),
        **site_report.report(cued, data, row),
        "locked": {
            dof: {"r2": round(r2, 4), "leakage": round(leak, 4)}
            for dof, (r2, leak) in chosen.locked.items()
        },
        "cross_validation": [each.told() for each in table],
        "sentences": cued.says,
    }  # fmt: skip
    return profile_of(
        cued, data, row.candidate, decoder_made, shape, report, montage=montage, hand=hand,
        board=board, name=name, simulated=simulated,
    )  # fmt: skip


def profile_of(
    cued: Cued,
    data: auto.Data,
    candidate: auto.Candidate,
    decoder: dict[str, Any],
    shape: dict[str, dict[str, Any]],
    report: dict[str, Any],
    *,
    montage: Any,
    hand: Any,
    board: str,
    name: str,
    simulated: bool,
) -> Profile:
    """The profile of a decoder that was made from `data`; its gate is made here."""
    look = cued.look.seen(candidate.statistics, candidate.form)
    pool = made.Pool.of(decoder)
    gated = gate.train(data.statistics, data.frames, look).part(pool)
    decoder = decoder | {"pool": pool.floats()}
    stamp, recorded = datetime.now(UTC), cued.recorded
    return Profile(
        name=name or name_of(montage.name, stamp.astimezone()),
        created=stamp.isoformat(timespec="seconds"),
        montage=montage.name,
        hand=hand if isinstance(hand, str) else hand.name,
        board=board,
        rate_hz=recorded.rate_hz,
        mains_hz=recorded.mains_hz,
        uv_per_count=recorded.uv_per_count,
        full_scale_uv=recorded.full_scale_uv,
        channels=tuple(site.channel for site in cued.sites),
        site_labels=tuple(site.label for site in cued.sites),
        dofs=cued.dofs,
        hop_samples=cued.hops.hop_samples,
        window_hops=cued.hops.window_hops,
        form=candidate.form,
        rest_uv2=look.rest.tolist(),
        reference_uv=look.reference.tolist(),
        floor_uv2=look.floor.tolist(),
        decoder=decoder,
        needs=core_decoder.heard(made.settings(decoder), look.settings()),
        shape=shape,
        statistics=candidate.statistics,
        difference_floor_uv2=look.difference_floor.tolist(),
        gate=gated,
        direct={} if candidate.kind == "direct" else fallback.direct(cued, data),
        report=report,
        simulated=simulated,
    )


def name_of(montage: str, when: datetime) -> str:
    """What a profile is called: the day and time of its calibration, as the clock on the wall had
    them and the visits' list has them."""
    return f"{montage} {when:%Y-%m-%d %H.%M}"


def from_guided(guided: Guided, info: FeedInfo, **more: Any) -> Profile:
    """`calibrate` with what guide() brought back from the session that `info` describes."""
    return calibrate(
        guided.counts, info.rate_hz, info.uv_per_count, info.full_scale_uv, guided.cues,
        simulated=info.simulated, **more,
    )  # fmt: skip


def _reactions(cued: Cued) -> dict[str, float]:
    found = [r for r, (_, cue) in zip(cued.reactions, cued.cues, strict=True) if cue.target]
    return {
        "median": round(float(np.median(found)), 3),
        "least": round(float(np.min(found)), 3),
        "most": round(float(np.max(found)), 3),
    }
