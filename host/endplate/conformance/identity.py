# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on who may open a session and arm."""

from __future__ import annotations

from endplate import core
from endplate.conformance.line import Heard
from endplate.conformance.motion import states, words_of
from endplate.conformance.subject import Subject
from endplate.conformance.verdict import Finding, holds
from endplate.live.hand_words import DRIVING

_OTHER = 0xFFFFFFFF  # turns every bit of a hash
_HELLO_MS = 500  # SPEC.md: a host that hears nothing for so long takes the link as lost
_LISTEN_S = 0.2


def answers_hello(subject: Subject) -> Finding:
    """A session with this program's schema hash opens."""
    told = subject.hello()
    took_ms = (told.ns - subject.hello_ns) / 1e6
    right = told.fields["accepted"] == 1 and told.fields["schema_hash"] == core.SCHEMA_HASH
    return holds(
        right and took_ms <= _HELLO_MS and told.fields["boot_id"] != 0,
        f"{'accepted' if right else 'refused'} after {took_ms:.0f} ms",
        f"accepted in {_HELLO_MS} ms",
    )


def refuses_another_schema(subject: Subject) -> Finding:
    """HELLO with another schema hash is refused, and ARM after it is not obeyed."""
    other = core.SCHEMA_HASH ^ _OTHER
    told = subject.hello(schema_hash=other).fields
    del subject.heard[:]
    subject.arm(schema_hash=other)
    subject.arm()
    subject.listen(_LISTEN_S)
    return holds(
        told["accepted"] == 0 and not _armed(subject.heard),
        f"{'accepted' if told['accepted'] else 'refused'}, then {_said(subject.heard)}",
        "refused, not armed",
    )


def arms_no_other_schema(subject: Subject) -> Finding:
    """In an open session too."""
    subject.begin()
    del subject.heard[:]
    subject.arm(schema_hash=core.SCHEMA_HASH ^ _OTHER)
    subject.listen(_LISTEN_S)
    return holds(not _armed(subject.heard), _said(subject.heard), "not armed")


def arms_no_other_boot(subject: Subject) -> Finding:
    """An ARM that was meant for the hand before its restart."""
    subject.begin()
    del subject.heard[:]
    subject.arm(boot_id=subject.info["boot_id"] ^ _OTHER)
    subject.listen(_LISTEN_S)
    return holds(not _armed(subject.heard), _said(subject.heard), "not armed")


def _armed(heard: list[Heard]) -> bool:
    return any(one.fields["state"] in DRIVING for one in states(heard))


def _said(heard: list[Heard]) -> str:
    return " > ".join(words_of(heard)) or "silent"
