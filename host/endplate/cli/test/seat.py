# SPDX-License-Identifier: GPL-3.0-or-later
"""A test in the terminal, from the wait for what is decoded to its result: the same clinic/trials
as in the window, told hops and keys."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live

from endplate.cli.asking import Asking
from endplate.cli.keys import single_keys
from endplate.cli.run import VERBS
from endplate.cli.test import shown
from endplate.cli.test.options import Asked
from endplate.clinic.frames import Frames, Fresh
from endplate.clinic.hand_state import follows
from endplate.clinic.hand_state import hand as hand_words
from endplate.clinic.trials import settings, timed
from endplate.clinic.trials.played import Playing, Status, board_trouble, decoder_of
from endplate.clinic.trials.run import READY
from endplate.clinic.trials.timing import TimedTask
from endplate.live.feed import FeedInfo, FeedReader
from endplate.live.session import ControlProcess

FRAME_S = 1 / 15
WARM_S = 2.0  # of hops before anything is judged: the filters have settled
ENTER, TAKE_BACK = "\r\n", "\x7f\x08"
PATIENCE_S = 30.0  # for the start, where nobody can end it by a key
GIVEN_UP = "The test was ended; nothing of it is kept."


class Seat:
    """`look` at the feed, `key` by key, until `over`; then `content` is what is kept, or `said`
    why nothing is. `keyed`: there is a keyboard, so Enter starts it."""

    def __init__(self, asked: Asked, info: FeedInfo, asking: Asking, *, keyed: bool) -> None:
        self.asked, self._info, self._asking, self._keyed = asked, info, asking, keyed
        self.over, self.said, self.typed = False, "", ""
        self.content: dict[str, Any] | None = None
        self.playing: Playing | None = None
        self.task = TimedTask(asking, self._timed)
        self._status: Status = {}
        self._newest = self._from = 0
        self._ending = False  # waits for the mark of the end
        self._looks = 0  # before it began

    # ---- what comes ----

    def look(self, fresh: Fresh) -> None:
        """What the feed brought."""
        self._status = fresh.status or self._status
        self._newest = fresh.first + len(fresh.clean)
        if len(fresh.hops) and not self._from:
            self._from = int(fresh.hops[0]["sample"])
        playing = self.playing
        if playing is not None and not self._ending:
            playing.take(fresh)
            if playing.trouble:
                self.give_up(playing.trouble)
            elif playing.run.over:
                self._ending = True
                playing.finish(self._kept)
        elif self.task.on:
            self.task.frame(fresh, self._newest)
            if self.task.trouble:
                self.give_up(self.task.trouble)
        elif not self._keyed:
            self._begin()
        self._asking.deliver()

    def _begin(self) -> None:
        """By itself, as soon as it can; not at all where nothing comes."""
        if self.ready:
            self.start()
        self._looks += self.playing is None
        if self._looks * FRAME_S > PATIENCE_S:
            board = self._status.get("board") or {}
            why = board.get("sentence") or self._asking.answer
            self.give_up(f"{why} The test did not begin within {PATIENCE_S:g} s.".lstrip())

    def key(self, key: str) -> None:
        """One key of the keyboard."""
        if key in ("q", "\x03"):
            self.give_up(GIVEN_UP)
        elif self.asked.driven and key in VERBS and key != "i":  # measuring contacts disturbs
            self._asking.say(VERBS[key])
        elif self.task.typing:
            self._type(key)
        elif key and key in ENTER + " ":
            if self.task.on:
                self.task.part()
            elif self.playing is None and self.ready:
                self.start()

    def _type(self, key: str) -> None:
        """The count."""
        assert self.task.timing is not None
        most = self.task.timing.task.most
        if key.isdecimal() and key.isascii() and int(self.typed + key) <= most:
            self.typed = str(int(self.typed + key))
        elif key and key in TAKE_BACK:
            self.typed = self.typed[:-1]
        elif key and key in ENTER and self.typed:
            self._kept(self.task.content(int(self.typed)))

    # ---- from state to state ----

    @property
    def waits_for(self) -> str:
        """In words; "" once it can start."""
        if self.task.waiting:
            return READY
        if not self._status or board_trouble(self._status):
            board = self._status.get("board") or {}
            return str(board.get("sentence") or "Waiting for samples ...")
        if self.asked.decoded:
            heard_s = (self._newest - self._from) / self._info.rate_hz if self._from else 0.0
            if not self._status.get("profile") or heard_s < WARM_S:
                return "Rest; the filters settle ..."
            if self.asked.direct and not decoder_of(self._status)["direct"]:
                return "Rest; direct control takes over ..."
        if self.asked.on_hand and not follows(self._status):
            return "Relax, then press a: the hand must be armed"
        return ""

    @property
    def ready(self) -> bool:
        """To start."""
        return not self.waits_for and self.playing is None and self.task.timing is None

    def start(self) -> None:
        """From the next hop on."""
        asked = self.asked
        if asked.timed:
            task = timed.TASKS[asked.kind.key]
            self.task.start(task, self._info, self._status, asked.values["hand"])
            return
        run = settings.made(asked.kind.key, asked.dofs, asked.values, asked.seed, asked.hand,
                            str(self._status.get("grip")))  # fmt: skip
        self.playing = Playing(run, self._info, self._status, self._asking)

    def _timed(self) -> None:
        """A mark of a timed task was answered."""
        if self.task.done:
            self._kept(self.task.content(None))

    def _kept(self, content: dict[str, Any]) -> None:
        if not self.over:
            self.content, self.over, self.playing = content, True, None

    def give_up(self, sentence: str) -> None:
        """What was not finished is no result; in the recording it says so."""
        if self.over:
            return
        if self.playing is not None:
            self.playing.given_up()
        self.task.give_up()
        self.playing, self.over, self.said = None, True, sentence

    # ---- what is seen ----

    def view(self, width: int) -> RenderableType:
        """As it stands."""
        if self.playing is not None:
            middle = shown.of_run(self.playing.run, width)
        elif self.task.typing:
            middle = shown.said("Time is up. How many blocks?", self.typed or "_")
        elif self.task.timing is not None:
            middle = shown.of_clock(self.task.timing, self._newest, width)
        else:
            waits = self.waits_for
            below = "Enter starts" if self._keyed and not waits else ""
            middle = shown.said(waits or shown.hint(self.asked.kind), below)
        return shown.framed(middle, self._foot(), width)

    def _foot(self) -> list[str]:
        driven = self.asked.driven
        keys = shown.keys(driven, self.task.timing, self._keyed)
        hand = [hand_words(self._status)] if driven else []
        simulated = ["SIMULATED"] if self._info.simulated else []
        return [*simulated, *hand, keys, self._asking.answer]


def sit(console: Console, directory: Path, control: ControlProcess, asked: Asked) -> Seat:
    """Plays it in the running session, to its end or to that of the session."""
    reader = FeedReader(directory / "feed")
    frames = Frames(reader, past_s=0.0)
    with Asking(directory) as asking:
        seat = Seat(asked, reader.info, asking, keyed=sys.stdin.isatty())
        if asked.direct:
            asking.say("direct", on=True)
        try:
            with (
                single_keys() as keys,
                Live(console=console, auto_refresh=False, transient=True) as live,
            ):
                while control.alive and not seat.over:
                    seat.look(frames.look())
                    if seat.over:
                        break
                    live.update(seat.view(console.width), refresh=True)
                    for key in keys(FRAME_S):
                        seat.key(key)
        finally:
            seat.give_up(GIVEN_UP)
    return seat
