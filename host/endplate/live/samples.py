# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample clock: package numbers to indices without holes, indices to the host's monotonic time.

A board stamps nothing but a counter of 8 bits, and the driver's time stamps are arrival times; so
the index of a sample comes from its number, and its time from the nominal rate through the lower
envelope of the arrivals: the sample that hurried most tells how late the others are. The one
promise that the hand's safety rests on: **an old sample is never made to look fresh.** After a
stall the backlog keeps its old times; the clock is set later again only once arrivals come at the
board's own pace, without bursts, with nothing waiting in the port. While the clock is not sure, it
says that samples are a second old.

Two errors of the transport are told apart by a second row: a gap is believed when the next row
agrees with it, a corrupt frame is dropped when the next row continues where the last good one
stood. Whole turns of the counter are added only after a jump, by a row that came into a port seen
empty (so that it is a live one), as many as the elapsed time has room for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

WINDOW_S = 0.5  # one look at the arrivals' pace
HOLE_NS = 100_000_000  # the poll or the stream stood still: the window says nothing
TREND_NS = 20_000_000  # lag that changes by more within a window: a backlog is being drained
SLEW = 0.005  # of the elapsed time, the most that drift may move the clock later
LOOK_NS = 20_000_000  # a row that came since a look at an empty port is no older
EMPTY_LOOKS = 4  # in a row: bytes may be on their way between the kernel's buffers
LAG_WINDOWS = 2  # so many windows at the board's own pace before the clock is set later
RATE_SPAN = 0.015  # boards run up to 1 % off their nominal rate (internal oscillators)
RATE_GAIN = 0.1  # of the seen drift goes into the period
EARLY_NS = 25_000_000  # a sample may seem this much too early (jitter); more is a corrupt number
UNSURE_NS = 1_000_000_000  # how old samples are said to be before the clock is sure
RESTART_ROWS = 8  # consistent rows that contradict the count before it is begun anew
MAX_FILL_S = 30.0  # longest gap that is filled; a longer one is said in a note


@dataclass
class Plan:
    """What to do with the rows of one poll, in order.

    Each step is (row, fill, stale): repeat the last value `fill` times, then take row `row` (-1 is
    the row held back at the poll before), whose upper half is old where `stale`. `held` is the row
    to keep for the next poll, or None.
    """

    steps: list[tuple[int, int, bool]] = field(default_factory=list)
    held: int | None = None
    notes: list[str] = field(default_factory=list)


class SampleClock:
    """Numbers the samples of one stream and says when they were taken.

    rate_hz  nominal rate
    step     by how much the package number grows from sample to sample (Daisy: 2)
    modulo   the numbers' circle; 0 when they cannot be trusted: every row is then the next sample
    paired   a number seen twice means that the second half of a Daisy row is old
    """

    def __init__(
        self, rate_hz: float, step: int = 1, modulo: int = 256, paired: bool = False
    ) -> None:
        self.nominal_ns = 1e9 / rate_hz
        self._step, self._modulo, self._paired = step, modulo, paired
        self._cycle = modulo // step if modulo else 0
        self._max_fill = int(MAX_FILL_S * rate_hz)
        self.index = -1  # of the newest accepted sample
        self.first_number: int | None = None
        self._time_ns = 0.0  # of self.index
        self.lost = self.rejected = self.stale_halves = self.restarts = self.reanchors = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forgets numbers and times but not the index: the board was reopened."""
        self._number: int | None = None
        self._raw: int | None = None
        self._pending: tuple[int, int, int] | None = None  # number, steps from the last, row
        self._empty_looks = 0  # in a row
        self._jumped = False  # a gap was seen since the clock was last up to date
        self._strange: list[int] = []
        self._resume_ns: int | None = None
        if self.index >= 0:
            self._resume_ns = int(self._time_ns)
        self._period_ns = self.nominal_ns
        self._time_ns = 0.0  # of self.index
        self._first_steps = 1
        self._seen_empty = False
        self.settled = False
        self._polled_ns: int | None = None
        self._arrived_ns: int | None = None
        self._lag_windows = 0
        self._lowered_ns = 0.0
        self._window_ns: int | None = None

    @property
    def rate_hz(self) -> float:
        """The rate as measured so far."""
        return 1e9 / self._period_ns

    def time_of(self, index: int) -> int:
        """Monotonic ns at which sample `index` was taken (meaningful near the newest one)."""
        return round(self._time_ns + (index - self.index) * self._period_ns)

    def newest_ns(self, arrival_ns: int) -> int:
        """When the newest sample was taken; said to be a second ago while unsure."""
        newest = min(round(self._time_ns), arrival_ns)
        return newest if self.settled else min(newest, arrival_ns - UNSURE_NS)

    # ---- numbers ----

    def accept(
        self, numbers: Sequence[float], arrival_ns: int, drained: bool | None = None
    ) -> Plan:
        """Takes the package numbers of the rows of one poll; `drained`: nothing waits in the port.

        `drained` is None where that cannot be known.
        """
        plan = Plan()
        since_ns = arrival_ns - (arrival_ns if self._polled_ns is None else self._polled_ns)
        live = self._empty_looks >= EMPTY_LOOKS and since_ns < LOOK_NS
        self.idle(arrival_ns, drained)
        if self._pending is not None:
            self._pending = (*self._pending[:2], -1)
        if self._number is None and len(numbers):
            self._start(plan, len(numbers), arrival_ns)
        for row, raw in enumerate(numbers):
            self._row(plan, raw, row, arrival_ns)
        if self._pending is not None:
            plan.held = self._pending[2]
        if plan.steps:
            self._add_turns(plan, arrival_ns, live)
            self._arrived(plan, arrival_ns, drained)
        return plan

    def _row(self, plan: Plan, raw: float, row: int, arrival_ns: int) -> None:
        number = int(raw) % self._modulo if self._modulo and raw == raw else -1
        if self._number is None:
            self.first_number = number if self.first_number is None else self.first_number
            self._take(plan, row, self._first_steps, number)
            return
        if not self._modulo:
            self._take(plan, row, 1, number)
            return
        room = self._room(arrival_ns)
        if number == (self._raw if self._paired else self._number) and room >= self._cycle:
            self._jumped = True  # the same number again may also be a whole turn
        if self._paired and number == self._raw:
            self.stale_halves += 1
            self._take(plan, row, 1, (self._number + self._step) % self._modulo, stale=True)
            self._raw = number
            return
        away = (number - self._number) % self._modulo
        steps = away // self._step
        if number < 0 or not away or away % self._step or steps > max(room, 1):
            self._reject(plan, number, row, arrival_ns)
            return
        if steps > 1:
            self._jump(plan, number, steps, row)
            return
        if self._pending is not None:  # that one was corrupt: the last good row goes on here
            self._pending = None
            self.rejected += 1
        self._take(plan, row, 1, number)

    def _jump(self, plan: Plan, number: int, steps: int, row: int) -> None:
        """A number further on: believed when the next row is further on still."""
        if self._pending is not None and self._number is not None:
            before, steps_before, row_before = self._pending
            self._pending = None
            ahead = (number - before) % self._modulo // self._step
            if (number - self._number) % self._modulo > (before - self._number) % self._modulo:
                self._take(plan, row_before, steps_before, before)
                if ahead == 1:
                    self._take(plan, row, 1, number)
                    return
                steps = ahead
            else:
                self.rejected += 1
        self._pending = (number, steps, row)

    def _take(self, plan: Plan, row: int, steps: int, number: int, stale: bool = False) -> None:
        fill = steps - 1
        if fill > self._max_fill:
            missing_s = (fill - self._max_fill) * self._period_ns / 1e9
            plan.notes.append(f"Another {missing_s:.1f} s of the board's pause were not filled.")
            fill = self._max_fill
            self.settled = False
        if fill:
            self.lost += fill
            self._jumped = True
        self.index += fill + 1
        self._time_ns += (fill + 1) * self._period_ns
        self._number = self._raw = number
        self._strange.clear()
        plan.steps.append((row, fill, stale))

    def _add_turns(self, plan: Plan, arrival_ns: int, live: bool) -> None:
        """After a jump, the turns of the counter that nobody saw."""
        room = self._room(arrival_ns, self._period_ns / 2) if self.settled else 0
        if live and self._cycle and room < self._cycle // 2:
            self._jumped = False
        elif live and self._jumped and room >= self._cycle:
            turns = room // self._cycle * self._cycle
            gaps = [i for i, step in enumerate(plan.steps) if step[1]]
            at = gaps[-1] if gaps else len(plan.steps) - 1
            row, fill, stale = plan.steps[at]
            turns = min(turns, self._max_fill)
            plan.steps[at] = (row, fill + turns, stale)
            self.lost += turns
            self.index += turns
            self._time_ns += turns * self._period_ns

    def _reject(self, plan: Plan, number: int, row: int, arrival_ns: int) -> None:
        """A number that cannot be: a corrupt frame, or the first row of a count begun anew."""
        self.rejected += 1
        follows = self._strange and (number - self._strange[-1]) % self._modulo == self._step
        self._strange = [*self._strange, number] if follows else [number]
        if len(self._strange) < RESTART_ROWS or number < 0:
            return
        self.restarts += 1
        self._pending = None
        steps = max(1, self._room(arrival_ns, 0.0))
        plan.notes.append("The board began to count anew; its clock settles again.")
        self._take(plan, row, steps, number)
        self.settled = False
        self._window_ns = None

    def _room(self, arrival_ns: int, early_ns: float | None = None) -> int:
        """How many samples after the last one can have been taken by now."""
        if early_ns is None:
            early_ns = EARLY_NS if self.settled else UNSURE_NS
        return int((arrival_ns + early_ns - self._time_ns) // self._period_ns)

    def _start(self, plan: Plan, rows: int, arrival_ns: int) -> None:
        """Sample 0 at the first start; after a reopening, fill what the pause lasted."""
        self._first_steps = 1
        first_ns = arrival_ns - (rows - 1) * self._period_ns
        if self._resume_ns is not None:
            self._first_steps = max(1, round((first_ns - self._resume_ns) / self._period_ns))
        taken = min(self._first_steps - 1, self._max_fill) + 1  # what _take will add
        self._time_ns = first_ns - taken * self._period_ns

    # ---- time ----

    def idle(self, now_ns: int, drained: bool | None = None) -> None:
        """Tells the clock that somebody looked; after a hole between looks no window counts."""
        self._empty_looks = self._empty_looks + 1 if drained else 0
        if self._polled_ns is not None and now_ns - self._polled_ns > HOLE_NS:
            self._window_ns = None
        self._polled_ns = now_ns

    def _arrived(self, plan: Plan, arrival_ns: int, drained: bool | None) -> None:
        stood = self._arrived_ns is not None and arrival_ns - self._arrived_ns > HOLE_NS
        self._arrived_ns = arrival_ns
        lag = arrival_ns - self._time_ns
        if lag < 0:  # earlier than thought possible: the envelope comes down at once
            self._time_ns, self._lowered_ns, lag = float(arrival_ns), self._lowered_ns - lag, 0.0
        if self._window_ns is None or stood:
            self._open_window(arrival_ns)
            return
        half = int(arrival_ns - self._window_ns > WINDOW_S * 5e8)
        self._least[half] = min(self._least[half], lag)
        self._seen_empty = self._seen_empty or drained is not False
        if arrival_ns - self._window_ns >= WINDOW_S * 1e9:
            self._close_window(plan, arrival_ns)
            self._open_window(arrival_ns)

    def _open_window(self, arrival_ns: int) -> None:
        self._window_ns, self._window_index = arrival_ns, self.index
        self._least = [float("inf"), float("inf")]
        self._lowered_ns = 0.0
        self._seen_empty = False

    def _close_window(self, plan: Plan, arrival_ns: int) -> None:
        elapsed = arrival_ns - (self._window_ns or 0)
        expected = elapsed / self._period_ns
        lump = max(3.0, 0.04 * self.rate_hz)
        paced = abs(self.index - self._window_index - expected) <= 0.02 * expected + lump
        calm = abs(self._least[0] - self._least[1]) < TREND_NS
        if not (paced and calm and self._seen_empty):
            self._lag_windows = 0
            return
        lag = min(self._least)
        if not self.settled:
            self._time_ns += lag
            self.settled = True
        elif lag > TREND_NS:
            self._lag_windows += 1
            if self._lag_windows < LAG_WINDOWS:
                return
            self._time_ns += lag
            self.reanchors += 1
            plan.notes.append(
                f"The board paused, or lost samples without a trace, for {lag / 1e9:.2f} s; "
                "the sample clock was set anew."
            )
        else:
            later = min(lag, SLEW * elapsed)
            self._time_ns += later
            wanted = self._period_ns * (1 + RATE_GAIN * (later - self._lowered_ns) / elapsed)
            low, high = self.nominal_ns * (1 - RATE_SPAN), self.nominal_ns * (1 + RATE_SPAN)
            self._period_ns = min(max(wanted, low), high)
        self._lag_windows = 0
