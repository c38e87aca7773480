# SPDX-License-Identifier: GPL-3.0-or-later
"""Joint angles of the virtual hand for a movement, from the hand's file: what a prompt shows."""

from __future__ import annotations

from collections.abc import Mapping

from endplate.hardware import Hand

REST = 0.35  # of the way from open to closed: a hand that does nothing


def pose(hand: Hand, efforts: Mapping[str, float]) -> dict[str, float]:
    """Degrees by joint name for efforts -1..1 per DoF; at 0 the hand rests half open."""
    grip = next(one for one in hand.grips if one.name == hand.rest_grip)
    closure = REST
    angles = {joint.name: (joint.min_deg + joint.max_deg) / 2 for joint in hand.joints}
    driven = {dof.joint for dof in hand.dofs if dof.joint}
    for dof in hand.dofs:
        effort = max(-1.0, min(1.0, efforts.get(dof.name, 0.0)))
        if dof.kind == "grip":
            effort *= dof.closing
            closure = REST + effort * ((1 - REST) if effort > 0 else REST)
        elif dof.joint:
            joint = hand.joint(dof.joint)
            middle = (joint.min_deg + joint.max_deg) / 2
            angles[joint.name] = middle + effort * (joint.max_deg - middle) * 0.9
    for name, closed in grip.closed_deg.items():
        if name not in driven:
            start = grip.open_deg.get(name, closed)
            angles[name] = start + closure * (closed - start)
    return angles
