# SPDX-License-Identifier: GPL-3.0-or-later
"""The status that the control process shows 25 times a second: everything a watcher says in words.

Figures that people read (latencies, quality) are renewed five times a second, the rest each time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from endplate.live import hand_words, tuning

if TYPE_CHECKING:
    from endplate.core import Chain
    from endplate.live.control import Control
    from endplate.live.profile import Profile

_SLOW = 5  # of 25 a second
_NO_HAND = "No hand is connected to this session."


class StatusMaker:
    """Makes the status of one Control."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._n = 0
        self._slow: dict[str, Any] = {}
        self._cpu_from = self._clocks()

    def make(self, now: int) -> dict[str, Any]:
        """The status at monotonic ns `now`."""
        control = self._control
        if self._n % _SLOW == 0:
            self._slow = self._figures()
        if self._n % 25 == 0:
            self._by_second()
        self._n += 1
        source = control.source
        profile = control.profile
        return {
            "t_ns": now,
            "board": {
                "health": source.health,
                "sentence": source.sentence,
                "samples": control.next_sample,
                "lost": control.lost,
                "rate_hz": source.info.rate_hz,
                "simulated": source.info.simulated,
            },
            "hand": self._hand(now),
            "doubted": control.chain.doubted,
            **self._slow,
            "recording": self._recording(),
            "profile": {"name": profile.name, "path": control.profile_path} if profile else None,
            "shape": tuning.shown(control.driver),
            "beside": control.beside.status(),
            "contacts": control.contacts.said,
            "grip": control.grip_name,
            "prompt": control.prompt,
            "mark": control.marked,
            "priority": control.priority,
            "sentences": list(control.notes),
        }

    def _hand(self, now: int) -> dict[str, Any]:
        link, said = self._control.link, self._control.hand_said
        if link is None:
            return {"connected": False, "sentence": _NO_HAND, "word": "", "armed": False}
        return {
            **link.state,
            **link.full,
            "touch": link.touch if link.phase == "up" else {},
            "connected": link.phase == "up",
            "armed": link.armed,
            "phase": link.phase,
            "port": link.port.name,
            "sentence": hand_words.fault(link.state) or link.sentence,
            "clock_error_us": link.clock.error_at(now) / 1000,
            "clock_round_trip_us": link.clock.round_trip_ns / 1000,
            "clock_drift_ppm": round(link.clock.drift_ppm, 1),
            "firmware": link.info.get("firmware", ""),
            "counters": link.counters,
            "refused_here": link.refused,
            "stats": link.stats,
            "log": {"level": said.level, "text": str(said)} if said else None,
            "decoding": self._control.decoding.status(),
        }

    def _figures(self) -> dict[str, Any]:
        control = self._control
        return {
            "latency_ms": control.latency.summary(),
            "latency_halves": self._slow.get("latency_halves", {}),
            "quality": quality_rows(control.chain),
            "meters": control.contacts.marked(control.meters.rows),
            "needs": _needs(control.profile),
            "cpu": self._slow.get("cpu", {}),
        }

    @staticmethod
    def _clocks() -> tuple[int, int, int]:
        return time.monotonic_ns(), time.process_time_ns(), time.thread_time_ns()

    def _by_second(self) -> None:
        """What takes too long, or changes too slowly, for five times a second."""
        self._slow["latency_halves"] = self._control.latency.halves()
        self._cpu()

    def _cpu(self) -> None:
        before, self._cpu_from = self._cpu_from, self._clocks()
        gone = max(1, self._cpu_from[0] - before[0])
        self._slow["cpu"] = {
            "process": round((self._cpu_from[1] - before[1]) / gone, 3),
            "loop": round((self._cpu_from[2] - before[2]) / gone, 3),
        }

    def _recording(self) -> dict[str, Any] | None:
        control = self._control
        journal = control.journal
        if journal is None:
            return None
        seconds = journal.recorded / control.source.info.rate_hz
        return {
            "path": control.settings.recording,
            "seconds": round(seconds, 1),
            "health": journal.health,
            "sentence": journal.sentence,
        }


def quality_rows(chain: Chain) -> list[dict[str, Any]]:
    """The chain's verdict on every site, for JSON."""
    quality = chain.quality
    names = quality.dtype.names or ()
    return [{name: _short(record[name].item()) for name in names} for record in quality]


def _needs(profile: Profile | None) -> dict[str, list[int]]:
    """Channels (from 0) without which a DoF must not move."""
    if profile is None:
        return {}
    channels = [[profile.channels[site] - 1 for site in sites] for sites in profile.needs]
    return dict(zip(profile.dofs, channels, strict=True))


def _short(value: float | int) -> float | int | None:
    if isinstance(value, int):
        return value
    return round(value, 3) if np.isfinite(value) else None
