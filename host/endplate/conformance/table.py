# SPDX-License-Identifier: GPL-3.0-or-later
"""The requirements, in the order in which they are run. An id never changes its meaning; a
requirement that goes takes its id with it."""

from __future__ import annotations

from endplate.conformance import (
    arming,
    gripping,
    identity,
    placing,
    refusing,
    silence,
    stopping,
    telling,
    unmoved,
)
from endplate.conformance.verdict import Requirement

#: Bits of HELLO_ACK's capabilities (SPEC.md).
_FORCE_CAP, _TOUCH, _LOG, _POSITION = 5, 10, 12, refusing.POSITION_BIT

REQUIREMENTS = (
    Requirement("HV-01", "R-12", "HELLO is answered and the session opens", identity.answers_hello),
    Requirement(
        "HV-02",
        "R-12",
        "HELLO with another schema hash is refused, and ARM after it",
        identity.refuses_another_schema,
    ),
    Requirement(
        "HV-03", "R-12", "ARM with another schema hash is refused", identity.arms_no_other_schema
    ),
    Requirement(
        "HV-04", "R-18", "ARM with another boot id is refused", identity.arms_no_other_boot
    ),
    Requirement(
        "HV-10", "R-01", "moves after ARM and one neutral command", arming.moves_after_neutral
    ),
    Requirement("HV-11", "R-01", "nothing moves while disarmed", arming.nothing_while_disarmed),
    Requirement(
        "HV-12",
        "R-01",
        "nothing moves while armed, before a neutral command",
        arming.nothing_before_neutral,
    ),
    Requirement(
        "HV-13", "R-12", "HELLO of another session disarms", arming.another_session_disarms
    ),
    Requirement(
        "HV-14", "R-02", "port closed and opened: nothing is armed or moves", arming.replug_disarms
    ),
    Requirement(
        "HV-15",
        "R-28",
        "armed and forgotten: disarms itself",
        arming.ends_when_forgotten,
    ),
    Requirement("HV-16", "R-18", "RESTART while armed or active is not obeyed", unmoved.restart),
    Requirement(
        "HV-17", "R-11", "a DoF whose site is bad stands until its own neutral", unmoved.bad_site
    ),
    Requirement("HV-20", "R-02", "commands cease: STALE", silence.goes_stale),
    Requirement("HV-21", "R-02", "commands cease: the joint stands", silence.stands),
    Requirement("HV-22", "R-02", "commands cease: LINK LOST", silence.loses_the_link),
    Requirement("HV-23", "R-02", "LINK LOST is left by ARM and neutral alone", silence.stays_lost),
    Requirement("HV-24", "R-02", "a validity of 255 ms is cut to 100 ms", silence.caps_validity),
    Requirement(
        "HV-25",
        "R-02",
        "sample counter stands: HOST FROZEN, the joint stands",
        silence.finds_a_frozen_host,
    ),
    Requirement("HV-26", "R-02", "HEARTBEAT does not replace commands", silence.beats_move_nothing),
    Requirement("HV-30", "R-03", "EMG 160 ms old is refused, moves nothing", refusing.old_emg),
    Requirement(
        "HV-31", "R-03", "EMG of the future is refused, moves nothing", refusing.future_emg
    ),
    Requirement(
        "HV-32", "R-03", "old commands in a burst after a freeze move nothing", refusing.stale_burst
    ),
    Requirement(
        "HV-33", "R-10", "a target, mode or grip out of range is refused", refusing.bad_values
    ),
    Requirement("HV-34", "R-12", "frames of another session are refused", refusing.wrong_session),
    Requirement(
        "HV-35", "R-12", "repeated and old sequence numbers are refused", refusing.old_sequence
    ),
    Requirement("HV-36", "R-14", "a flood of garbage stops the hand, no more", refusing.flood),
    Requirement(
        "HV-37", "R-27", "damaged frames are told, move nothing, end nothing", unmoved.noise
    ),
    Requirement("HV-38", "R-17", "uploads (BLOB) while active are refused", unmoved.upload),
    Requirement("HV-39", "R-12", "EMG while the host drives moves nothing", unmoved.emg),
    Requirement(
        "HV-40",
        "R-06",
        "RELEASE opens from LINK LOST without a session",
        stopping.releases_without_a_session,
    ),
    Requirement("HV-41", "R-06", "DISARM ends a release", stopping.disarm_ends_a_release),
    Requirement(
        "HV-60",
        "R-30",
        "position mode begins only where the hand is",
        placing.begins_where_it_is,
        needs=_POSITION,
    ),
    Requirement(
        "HV-61",
        "R-30",
        "position mode goes to the place and stands",
        placing.goes_there,
        needs=_POSITION,
    ),
    Requirement(
        "HV-62",
        "R-30",
        "position mode: commands cease: the joint stands",
        placing.stops_without_commands,
        needs=_POSITION,
    ),
    Requirement(
        "HV-63",
        "R-30",
        "position mode: a place out of range is refused",
        placing.refuses_no_place,
        needs=_POSITION,
    ),
    Requirement(
        "HV-70", "R-35", "TOUCH comes 25 times a second, bounded", telling.touch, needs=_TOUCH
    ),
    Requirement("HV-71", "R-50", "LOG tells a new session what happened", telling.log, needs=_LOG),
    Requirement("HV-80", "R-31", "another grip waits until it stands", gripping.waits_for_rest),
    Requirement("HV-81", "R-32", "force cap is heeded", gripping.heeds_the_cap, needs=_FORCE_CAP),
    Requirement(
        "HV-50", "R-04", "ESTOP without a session", stopping.estop_answers, power_cycle=True
    ),
    Requirement(
        "HV-51",
        "R-04",
        "ESTOP outlives CLEAR_FAULT, RELEASE, ARM and HELLO",
        stopping.estop_stays,
        power_cycle=True,
    ),
)
