# SPDX-License-Identifier: GPL-3.0-or-later
"""A control process's outside for the window's tests: the real feed writer and the real request
server, in a thread."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from endplate import core
from endplate.errors import SessionError
from endplate.live.feed import FeedInfo, FeedWriter
from endplate.live.requests import Later, RequestServer

JOINTS = (
    "thumb_flexion",
    "thumb_rotation",
    "index",
    "middle",
    "ring",
    "little",
    "wrist_rotation",
    "wrist_flexion",
    "elbow",
)


def info(sites: int = 8, rate_hz: float = 250.0) -> FeedInfo:
    return FeedInfo(
        rate_hz=rate_hz,
        channels=sites,
        site_labels=tuple(f"muscle {i + 1}" for i in range(sites)),
        dofs=("hand", "elbow"),
        joints=JOINTS,
        hop_samples=max(1, int(rate_hz * 0.02)),
        simulated=True,
        board="cyton",
        montage="free-8",
        hand="test-hand",
        montage_channels=tuple(range(1, sites + 1)),
        grips=("power", "pinch"),
    )


def status(**changes: Any) -> dict[str, Any]:
    """What a healthy control process says."""
    site = {"bits": 0, "quiet_uv": 3.0, "busy_uv": 60.0, "mains_db": -22.0, "rms_uv": 9.0}
    trend = {"rest": "steady", "snr": "rising", "mains": "falling"}
    meters = {"rest_uv": 3.0, "snr_db": 26.0, "motion_uv": 12.0, "trend": trend}
    whole: dict[str, Any] = {
        "t_ns": 1,
        "board": {"health": "ok", "rate_hz": 250.0, "samples": 10, "lost": 0},
        "hand": {
            "connected": True,
            "word": "active",
            "limits": ["none", "none"],
            "position_deg": [10.0] * 9,
            "goal_deg": [12.0] * 9,
            "clock_error_us": 210.0,
            "clock_round_trip_us": 420.0,
            "clock_drift_ppm": -3.0,
        },
        "latency_ms": {
            "arrival_to_wire": {"p50": 1.1, "p95": 2.2, "p99": 4.2, "max": 9.0, "n": 100}
        },
        "quality": [dict(site) for _ in range(8)],
        "meters": [dict(meters) for _ in range(8)],
        "recording": {"path": "a.journal", "seconds": 61.0, "health": "ok"},
        "profile": {"name": "anna", "path": "anna.json"},
        "grip": "power",
        "prompt": {"label": "Close hand"},
    }
    return {**whole, **changes}


class Outside:
    """Writes the feed 50 times a second and answers every request; `asked` keeps the verbs."""

    def __init__(self, directory: Path, feed_info: FeedInfo | None = None) -> None:
        self.info = feed_info or info()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refuse: str | None = None
        self.hold: set[str] = set()  # verbs that are never answered
        self.status = status()
        self.newest = 0  # index after the newest sample, where a mark falls
        self.targets: dict[int, np.ndarray] | None = None  # by sample, as a recording has them
        self.pace_s = 0.02  # a hop; less is faster than the clock
        self.velocity: Callable[[float], tuple[float, float]] = lambda t: (math.sin(t), math.cos(t))
        self.power: Callable[[float], Any] = lambda t: 0.0  # of each channel, microvolt^2
        self._writer = FeedWriter(directory / "feed", self.info)
        self._server = RequestServer(directory, self._answer)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _answer(self, verb: str, fields: dict[str, Any], asker: Any) -> dict[str, Any]:
        self.asked.append((verb, fields))
        if verb in self.hold:
            raise Later
        if self.refuse:
            raise SessionError(self.refuse)
        return {"ok": True, "sample": self.newest, "name": fields.get("name", "anna")}

    def _run(self) -> None:
        n, chance = 0, np.random.default_rng(1)
        step = self.info.hop_samples
        while not self._stop.is_set():
            t = n / self.info.rate_hz
            clean = chance.normal(0, 30, (step, self.info.channels)).astype(np.float32)
            self._writer.samples(n, np.zeros(clean.shape, np.int32), clean)
            hop = np.zeros(1, core.HOP)[0]
            hop["intent"][:2] = hop["velocity"][:2] = self.velocity(t)
            hop["power"][: self.info.channels] = self.power(t)
            hop["target"][:2] = np.round(hop["velocity"][:2] * core.TARGET_UNIT)
            self.newest = n + step
            if self.targets is not None:
                self.targets[self.newest - 1] = hop["target"][:2].copy()
            self._writer.hop(hop, time.monotonic_ns(), True, sample=self.newest - 1)
            self._writer.status(self.status)
            self._server.poll()
            n += step
            self._stop.wait(self.pace_s)

    def close(self) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._server.close()
            self._writer.close()


def opened(qtbot, directory: Path | None, records: Path):
    """A window that is active, with the first patient of the records; the caller closes it."""
    from endplate.monitor.theme import LIGHT
    from endplate.monitor.window import Window

    made = Window(directory, LIGHT, records)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=3000)
    made.patient.list.setCurrentRow(0)
    return made


def in_visit(qtbot, directory: Path, records: Path):
    """The same, and the patient in their newest visit."""
    made = opened(qtbot, directory, records)
    made.here.visit = made.here.visits.of(made.here.patient)[0]
    return made


def on_sites(qtbot, directory: Path, records: Path):
    """The same, on the page Sites, with traces of a feed of 1000 samples a second."""
    made = in_visit(qtbot, directory, records)
    made.turn_to(1)
    qtbot.waitUntil(lambda: made.sites.traces._end > 300, timeout=8000)
    return made
