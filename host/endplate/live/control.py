# SPDX-License-Identifier: GPL-3.0-or-later
"""The control process: samples in, commands out, every millisecond.

    python -m endplate.live.control SETTINGS.json

The life of one sample, by the names of what touches it:

    BoardSource.poll -> Control._take -> core.Chain.process -> HandLink.command -> the hand
                                     \\-> Journal, FeedWriter, and then Beside: the shadow

For every block one COMMAND at most leaves: that of its newest hop, if its EMG is fresh. Older hops
of a backlog are recorded, not sent. No other thread sends, so a loop that stands still is silent,
and the hand notices. A fault of board or hand never arms anything by itself: `arm` is asked for.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from endplate import core
from endplate.errors import EndplateError, SessionError
from endplate.hardware import load_hand, load_montage
from endplate.live import description, hand_words, priority
from endplate.live import link as links
from endplate.live.board import open_board
from endplate.live.contacts import Contacts
from endplate.live.feed import FeedWriter
from endplate.live.hand_decoding import HAND, HandDecoding
from endplate.live.hand_log import Line
from endplate.live.latency import Latencies
from endplate.live.link import HandLink
from endplate.live.meters import SiteMeters
from endplate.live.profile import Profile
from endplate.live.profile_file import read_profile
from endplate.live.requests import RequestServer, refusal
from endplate.live.running import Running, start
from endplate.live.session import SessionLock, Settings
from endplate.live.shadow import Beside
from endplate.live.source import Block
from endplate.live.status import StatusMaker
from endplate.live.traces import Traces
from endplate.live.verbs import Verbs

POLL_NS = 1_000_000
STATUS_NS = 40_000_000
COLLECT_NS = 5_000_000_000
NOTES = 8
FILLED_MISSING_S = 0.1  # a gap longer than this is not believed, though it was filled
GOODBYE_S = 0.3

STAGES = ("poll", "arrival_to_wire", "emg_to_wire", "chain", "wire_to_applied", "beside")


class Control:
    """One session's board, chain, hand, recording and feed, and the loop over them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.directory = Path(settings.directory)
        self.stopping = self.hanging = False
        self.notes: deque[str] = deque(maxlen=NOTES)
        self.hand_said: Line | None = None  # the newest of the hand's log
        self.latency = Latencies(*STAGES)
        self.prompt: dict[str, Any] | None = None
        self.marked: dict[str, Any] | None = None  # the last mark that was asked for
        self.next_sample = self.lost = self.chains = 0
        self.last_status: dict[str, Any] = {}
        self.journal: Any = None
        self.recording: str | None = None  # the finished file, known when all is closed
        self.link: HandLink | None = None
        self.priority = self._said = ""  # `_said`: the link's last sentence
        self._recording_failed = False
        self._parts: list[Any] = []  # what close() closes, last made first
        self._sent_ns: deque[tuple[int, int]] = deque(maxlen=64)

    def open(self) -> None:
        """Opens everything; seconds. Raises the EndplateError of what is wrong."""
        settings = self.settings
        self._parts.append(SessionLock(self.directory).release)
        self.hand = load_hand(settings.hand)
        self.montage = load_montage(settings.montage)
        self.grip = [grip.name for grip in self.hand.grips].index(self.hand.rest_grip)
        self.source = open_board(settings.board, settings.port, **settings.board_params)
        self._parts.append(self.source.stop)
        with priority.preferred(settings.realtime):
            self.source.start()
        info = self.source.info
        self._period_ns = 1e9 / info.rate_hz
        profile, text = read_profile(settings.profile) if settings.profile else (None, "")
        if settings.hand_port:
            self.link = HandLink(settings.hand_port, settings.hand_baud, self.hand.hash32)
        self.decoding = HandDecoding(self.link, self.hand)
        self.beside = Beside(self)
        driver = start(self, profile, settings.profile, text)
        self.meters = SiteMeters(info.rate_hz, info.channels, info.uv_per_count)
        self.contacts = Contacts(self)
        self._parts.append(self.contacts.close)
        self.use(driver)
        self._clean = np.zeros((max(64, round(info.rate_hz)), info.channels), np.float32)
        if self.link is not None:
            self._parts.append(self._goodbye)
            self.link.open()
        self._open_recording()
        if settings.shadow:
            self.beside.load(settings.shadow)
        self.traces = Traces(self.directory)
        self._parts.append(self.traces.close)
        self.feed = FeedWriter(self.directory / "feed", description.feed_info(self))
        self._parts.append(self.feed.close)
        self._status = StatusMaker(self)
        self.requests = RequestServer(self.directory, Verbs(self).handle)
        self._parts.append(self.requests.close)

    def _open_recording(self) -> None:
        if not self.settings.recording:
            return
        from endplate.live.recording import Journal, finalise

        path = Path(self.settings.recording)
        self.journal = Journal(path, description.recording_meta(self))

        def close() -> None:
            self.journal.close()
            self.recording = str(finalise(path))

        self._parts.append(close)

    # ---- the profile ----

    @property
    def profile(self) -> Profile | None:
        """What decodes for the hand."""
        return self.driver.profile

    @property
    def profile_path(self) -> str | None:
        """Its file."""
        return self.driver.path

    @property
    def chain(self) -> core.Chain:
        """Its chain."""
        return self.driver.chain

    def use(self, driver: Running) -> None:
        """Decodes with this from the next sample on; only while the hand is not armed."""
        self.drive_with(driver)
        self.decoding.use(driver.profile)
        self.beside.changed()
        if driver.profile is not None:
            self.note(f"The profile {driver.name} is in use.")

    def drive_with(self, driver: Running, **more: int) -> None:
        """From the next sample on; `more` goes into the recording beside the profile."""
        self.driver: Running = driver
        self.meters.compare_with(driver.profile)
        if self.journal is not None and driver.profile is not None:
            more = {**more, "chain": driver.number}
            self.journal.attach(self.next_sample, "profile", driver.text, **more)

    # ---- the loop ----

    def run(self) -> None:
        """Until `stopping`."""
        hang_s = self.settings.faults.get("hang_decoder_after_s")
        started = last = time.monotonic_ns()
        hang_ns = started + int(hang_s * 1e9) if hang_s is not None else None
        status_ns, collect_ns = started, started + COLLECT_NS
        arm = self.settings.arm and self.profile is not None and self.link is not None
        poll, link = self.latency["poll"], self.link
        while not self.stopping:
            now = time.monotonic_ns()
            poll.add(now - last)
            last = now
            if hang_ns is not None and now >= hang_ns:
                self.hanging, hang_ns = True, None
            block = self.source.poll()
            if block is not None and not self.hanging:
                self._take(block)
            if link is not None:
                link.service()
                self._follow(link)
                if arm and self.next_sample and self.decoding.may_arm():
                    arm = False  # once, at the start; later only by request
                    link.arm(lambda no: self.note(no or "The hand is armed; relax once to begin."))
            self.requests.poll()
            self.contacts.watch()
            if now >= status_ns:
                status_ns = now + STATUS_NS
                self._watch_recording()
                self.last_status = self._status.make(now)
                self.feed.status(self.last_status)
                if now >= collect_ns:
                    collect_ns = now + COLLECT_NS
                    priority.collect()
            left = POLL_NS - (time.monotonic_ns() - now)
            if left > 0:
                time.sleep(left / 1e9)

    def _take(self, block: Block) -> None:
        """One block of samples: decode, command, then tell everybody."""
        counts, n = block.counts, len(block.counts)
        jump = block.first != self.next_sample  # the stream began elsewhere, or anew
        missing = block.missing | self.contacts.missing
        if block.filled > FILLED_MISSING_S * 1e9 / self._period_ns:
            missing = (1 << counts.shape[1]) - 1
        self.decoding.samples(block, missing)
        clean = self._clean[:n] if n <= len(self._clean) else np.zeros(counts.shape, np.float32)
        started = time.monotonic_ns()
        hops = self.driver.process(block.first, jump, counts, missing, clean)
        decoded = time.monotonic_ns()
        self.next_sample = block.first + n
        sent = False
        if len(hops):
            self.latency["chain"].add((decoded - started) // len(hops))
            sent = self._command(hops[-1], block)
        # The hand has its command; from here on nothing is urgent.
        if self.journal is not None:
            self.journal.samples(block.first, counts)
            if missing:
                self.journal.missing(block.first, n, missing)
        self.feed.samples(block.first, counts, clean)
        for i, hop in enumerate(hops):
            newest = sent and i == len(hops) - 1
            self.feed.hop(hop, decoded, newest, self.driver.sample_of(hop))
            if self.journal is not None:
                self.journal.hop(self.driver.sample_of(hop), hop["intent"], hop["target"], newest)
        if block.filled:
            self.lost += block.filled
            self.mark(f"gap: {block.filled} samples were lost and filled", block.first)
        for note in block.notes:
            self.note(note)
            self.mark(note, block.first)
        self.beside.take(block.first, jump, counts, missing, hops)
        self.meters.take(counts, clean, self.chain, missing, self.contacts.injecting)
        self.contacts.take(counts)

    def _command(self, hop: np.void, block: Block) -> bool:
        if self.link is None or self.decoding.mode == HAND:
            return False
        sample = self.driver.sample_of(hop)
        age = round((self.next_sample - 1 - sample) * self._period_ns)
        emg_ns = block.newest_ns - age
        target = hop["target"].tolist()
        sent_ns = self.link.command(
            target, self.grip, int(hop["frozen"]), emg_ns, sample, self.settings.valid_ms
        )
        if sent_ns is None:
            return False
        self.latency["arrival_to_wire"].add(sent_ns - block.arrival_ns)
        self.latency["emg_to_wire"].add(sent_ns - emg_ns)
        self.traces.command(sample, sent_ns, target)
        self._sent_ns.append((sample, sent_ns))
        return True

    def _follow(self, link: HandLink) -> None:
        """What the hand says of commands sent before, and a new sentence of its."""
        self.decoding.follow()
        while link.applied:
            counter, applied_ns, error_ns = link.applied.popleft()
            # 32 bits came back: the index is the one near the newest sample.
            behind = (self.next_sample - counter) % (1 << 32)
            sample = self.next_sample - behind
            self.traces.applied(sample, applied_ns, error_ns)
            for sent, sent_ns in reversed(self._sent_ns):
                if sent == sample:
                    self.latency["wire_to_applied"].add(applied_ns - sent_ns)
                    break
        for line in link.log.fresh(link.clock):
            behind = max(0, round((time.monotonic_ns() - line.host_ns) / self._period_ns))
            self.mark(str(line), max(0, self.next_sample - behind))
            self.hand_said = line
        said = hand_words.fault(link.state) or link.sentence
        if said != self._said:
            self._said = said
            description.hand_said(self, said)

    def _watch_recording(self) -> None:
        journal = self.journal
        if journal is not None and journal.health != "ok" and not self._recording_failed:
            self._recording_failed = True
            self.note(journal.sentence)

    def note(self, sentence: str) -> None:
        """Shows a sentence in the status, for as long as it is among the newest."""
        if not self.notes or self.notes[-1] != sentence:
            self.notes.append(sentence)

    def mark(self, text: str, sample: int | None = None) -> int:
        """Annotates the recording at `sample`, by default the next one; returns that index."""
        at = self.next_sample if sample is None else sample
        if self.journal is not None:
            self.journal.mark(at, text)
        return at

    @property
    def grip_name(self) -> str:
        """The grip that commands ask for."""
        return self.hand.grips[self.grip].name

    @property
    def mains_hz(self) -> float:
        """The mains that the notches take out: the profile's, else the settings'."""
        return self.profile.mains_hz if self.profile else self.settings.mains_hz

    # ---- the end ----

    def _goodbye(self) -> None:
        """Disarms the hand and waits a moment for its word."""
        link = self.link
        if link is None:
            return
        if link.phase == "up":
            said: list[str | None] = []
            link.disarm(said.append, links.SHUTDOWN)
            deadline = time.monotonic() + GOODBYE_S
            while not said and link.phase == "up" and time.monotonic() < deadline:
                link.service()
                time.sleep(0.001)
        link.close()

    def close(self) -> list[str]:
        """Ends every part, whatever state it is in; sentences of those that could not end well."""
        problems = []
        if self._goodbye in self._parts:  # before all else
            self._parts.remove(self._goodbye)
            self._goodbye()
        priority.normal()
        if self.journal is not None and self.journal.health != "ok":
            problems.append(self.journal.sentence)
        while self._parts:
            try:
                self._parts.pop()()
            except (EndplateError, OSError) as error:
                problems.append(str(error))
        return problems


def main(path: str) -> int:
    """Runs a session by its settings file; on stdout one line says how it began, one how it ended.

    {"ended": true, "recording": path or null, "problems": [sentences]}; 3 when there are problems.
    """
    control: Control | None = None
    problems: list[str] = []
    running = False

    def stop(*_: object) -> None:
        if control is not None:
            control.stopping = True
        if not running:
            raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        try:
            text = Path(path).read_text()
        except OSError as error:
            raise SessionError(f"{path} cannot be read ({error.strerror}): start anew.") from None
        settings = Settings.from_json(text, path)
        if settings.parent and not priority.end_with_parent(signal.SIGTERM, settings.parent):
            return 0
        control = Control(settings)
        control.open()
        control.priority = priority.raise_priority(settings.realtime)
        running = True
        _say({"ready": True, **description.ready(control)})
        control.run()
    except EndplateError as error:
        _say(refusal(error))
        return 2
    finally:
        running = True  # a second signal does not interrupt the end
        problems = control.close() if control is not None else []
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
    _say({"ended": True, "recording": control.recording, "problems": problems})
    return 3 if problems else 0


def _say(line: dict[str, Any]) -> None:
    with suppress(OSError):  # nobody listens any more
        os.write(1, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m endplate.live.control SETTINGS.json")
    sys.exit(main(sys.argv[1]))
