# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample clock in a small world: a board, a port that holds 124 packets, a reader that stops.

The reader knows numbers and arrival times only; the world knows which sample each row really is and
when it was taken. The one property: `newest_ns` is never later than the truth (but for the jitter).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.live.samples import SampleClock

MS = 1_000_000
PORT_PACKETS = 124  # what 4096 bytes of a tty hold
JITTER_NS = 6 * MS


@dataclass
class World:
    """Time in ns from 0; `stops` are the reader's, `holes` samples that never reach the port."""

    rate_hz: float = 250.0
    ppm: float = 0.0
    lump: int = 1
    stops: list[tuple[int, int]] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)  # [first, last) true samples
    pauses: list[tuple[int, int]] = field(default_factory=list)  # board makes nothing: [ns, ns)
    corrupt: dict[int, int] = field(default_factory=dict)  # true sample -> number it shows
    rows_per_poll: int = 8
    knows_drained: bool = True

    def run(self, clock: SampleClock, seconds: float):
        """Yields (arrival, true index and time of the newest row, plan) per poll."""
        period = 1e9 / self.rate_hz / (1 + self.ppm * 1e-6)
        port: deque[tuple[int, float]] = deque()
        waiting: list[tuple[int, float]] = []
        truth: dict[int, tuple[int, float]] = {}
        made, due, now, held = 0, period, 0, None
        while now < seconds * 1e9:
            now += MS
            while due <= now:
                taken = due
                due += period
                if any(a <= taken < b for a, b in self.pauses):
                    continue
                if not any(a <= made < b for a, b in self.holes):
                    waiting.append((made, taken))
                made += 1
            # The adapter hands over when it has a lump, or when its latency timer runs out.
            if len(waiting) >= self.lump or (waiting and now - waiting[0][1] >= 16 * MS):
                port.extend(waiting[: max(0, PORT_PACKETS - len(port))])
                waiting = []
            if any(a <= now < b for a, b in self.stops):
                continue
            rows = [port.popleft() for _ in range(min(len(port), self.rows_per_poll))]
            if not rows:
                clock.idle(now, self.knows_drained)
                continue
            numbers = [self.corrupt.get(sample, sample % 256) for sample, _ in rows]
            plan = clock.accept(numbers, now, not port if self.knows_drained else None)
            if plan.steps:
                row = plan.steps[-1][0]
                truth[clock.index] = held if row == -1 else rows[row]
                yield now, *truth[clock.index], plan
            if plan.held is not None:
                held = held if plan.held == -1 else rows[plan.held]


def check(world: World, seconds: float, *, indices: bool = True, fresh_by: float | None = None):
    clock = SampleClock(world.rate_hz)
    wrong = []
    last = 0
    age = None
    for now, sample, taken, _ in world.run(clock, seconds):
        last = now
        early = clock.newest_ns(now) - taken
        age = now - clock.newest_ns(now)
        if early > JITTER_NS:
            wrong.append((now / 1e9, sample, early / 1e6))
        if indices and clock.index != sample:
            wrong.append((now / 1e9, sample, clock.index))
    assert not wrong, f"{len(wrong)} wrong, first {wrong[:3]}"
    assert last > (seconds - 0.2) * 1e9
    if fresh_by is not None:
        assert age is not None and age < fresh_by * 1e9, f"still {age / 1e6:.0f} ms old at the end"
    return clock


def test_a_quiet_stream_settles_and_is_fresh():
    clock = check(World(), 3, fresh_by=0.01)
    assert clock.settled and clock.lost == 0 and clock.rejected == 0


def test_nothing_is_fresh_before_the_clock_is_sure():
    clock = SampleClock(250)
    clock.accept(list(range(100)), 10**9)
    assert 10**9 - clock.newest_ns(10**9) >= 10**9


def test_one_second_stop_leaves_a_backlog_of_124_and_then_a_gap():
    world = World(stops=[(3_000 * MS, 4_000 * MS)])
    clock = check(world, 8, fresh_by=0.01)
    assert 120 <= clock.lost <= 130


@pytest.mark.parametrize("stop_ms", [300, 900, 1_500, 3_000, 9_300])
def test_stops_of_any_length_choose_the_right_turn_of_the_counter(stop_ms):
    world = World(stops=[(3_000 * MS, (3_000 + stop_ms) * MS)])
    clock = SampleClock(250)
    samples = [sample for _, sample, *_ in world.run(clock, 3 + stop_ms / 1e3 + 3)]
    assert clock.index == samples[-1] and clock.reanchors == 0
    expected = max(0, stop_ms // 4 - PORT_PACKETS)
    assert abs(clock.lost - expected) <= 5


def test_usb_lumps_of_four():
    clock = check(World(lump=4, stops=[(4_000 * MS, 4_700 * MS)]), 8, fresh_by=0.02)
    assert clock.settled


@pytest.mark.parametrize("ppm", [50, -50, 5_000, -5_000])
def test_drift_of_the_boards_crystal(ppm):
    clock = check(World(ppm=ppm, stops=[(20_000 * MS, 21_000 * MS)]), 30, fresh_by=0.012)
    assert clock.rate_hz == pytest.approx(250 * (1 + ppm * 1e-6), rel=8e-4)
    assert clock.reanchors == 0


@pytest.mark.parametrize("turns", [1, 3])
def test_a_gap_of_exactly_256_is_never_guessed_and_heals(turns):
    world = World(holes=[(1_000, 1_000 + 256 * turns)])
    clock = SampleClock(250)
    for now, _, taken, plan in world.run(clock, 4 + turns * 1.03 + 3):
        assert clock.newest_ns(now) - taken <= JITTER_NS
        assert all(fill == 0 for _, fill, _ in plan.steps)
    assert clock.lost == 0 and clock.reanchors == 1
    assert now - clock.newest_ns(now) < 10 * MS


def test_a_board_that_paused_keeps_its_samples_old_until_it_runs_at_pace():
    world = World(pauses=[(3_000 * MS, 3_700 * MS)])
    clock = SampleClock(250)
    ages = [(now, now - clock.newest_ns(now)) for now, *_ in world.run(clock, 7)]
    assert all(age > 600 * MS for now, age in ages if 3_700 * MS < now < 4_600 * MS)
    assert ages[-1][1] < 10 * MS


def test_a_port_that_never_empties_is_never_called_fresh():
    """A reader so slow that the port stays full: at the board's pace, but half a second old."""
    clock = SampleClock(250)
    now = 0
    for sample in range(500):
        now += 4 * MS
        clock.accept([sample % 256], now, True)
    backlog = 124
    for sample in range(500, 2_500):
        now += 4 * MS
        if sample == 500:
            now += backlog * 4 * MS
        clock.accept([sample % 256], now, False)
        assert now - clock.newest_ns(now) > 0.4e9


@pytest.mark.parametrize("shown", [203, 40, 3, 130])
def test_a_corrupt_frame_is_dropped(shown):
    world = World(corrupt={1_000: shown})
    clock = check(world, 6, fresh_by=0.01)
    assert clock.lost == 1


def test_a_corrupt_frame_between_good_ones_costs_nothing():
    clock = SampleClock(250)
    for i in range(500):
        clock.accept([i % 256], i * 4 * MS)
    clock.accept([500 % 256, 77, 501 % 256], 501 * 4 * MS)
    assert clock.index == 501 and clock.lost == 0 and clock.rejected == 1


def test_lost_packets_are_counted_and_filled_in_their_place():
    world = World(holes=[(600, 601), (700, 703), (800, 840)])
    clock = check(world, 5, fresh_by=0.01)
    assert clock.lost == 1 + 3 + 40


def test_the_board_counts_anew():
    clock = SampleClock(250)
    for i in range(500):
        clock.accept([i % 256], i * 4 * MS)
    notes = []
    for i in range(300):
        at = (500 + i) * 4 * MS
        notes += clock.accept([(90 + i) % 256], at).notes
        if i < 40:
            assert clock.newest_ns(at) <= at - (0 if i < 7 else 900 * MS)
    assert clock.restarts == 1 and any("anew" in note for note in notes)
    assert clock.index == 799


def test_reopening_fills_the_pause_and_begins_unsure():
    clock = SampleClock(250)
    for i in range(500):
        clock.accept([i % 256], i * 4 * MS)
    clock.begin_anew()
    plan = clock.accept([0], (500 + 500) * 4 * MS)
    assert clock.index == 1_000 and plan.steps == [(0, 500, False)]
    assert clock.newest_ns(4_000 * MS) <= 3_000 * MS


def test_a_pause_too_long_is_not_filled_without_end():
    clock = SampleClock(250)
    for i in range(500):
        clock.accept([i % 256], i * 4 * MS)
    clock.begin_anew()
    plan = clock.accept([0], 3_600 * 10**9)
    assert plan.steps[0][1] == 7_500 and any("not filled" in note for note in plan.notes)


def test_daisy_numbers_and_stale_halves():
    clock = SampleClock(125, step=2, paired=True)
    period = 8 * MS
    for i in range(300):
        clock.accept([2 * i % 256], i * period)
    assert clock.index == 299 and clock.lost == 0
    shown = 2 * 299 % 256
    steps = clock.accept([shown], 300 * period).steps  # its even packet was lost
    assert steps == [(0, 0, True)] and clock.index == 300
    assert clock.accept([shown], 301 * period).steps == [(0, 0, True)]
    assert clock.accept([2 * 302 % 256], 302 * period).steps == [(0, 0, False)]
    assert clock.index == 302 and clock.stale_halves == 2
    # an odd packet lost: the whole row is absent
    clock.accept([2 * 304 % 256], 304 * period)
    clock.accept([2 * 305 % 256], 305 * period)
    assert clock.index == 305 and clock.lost == 1


@pytest.mark.parametrize("lost", range(240, 272))
def test_a_daisy_whose_reader_stood_for_about_a_turn(lost):
    """A backlog of 60 rows, then packets lost; every alignment of halves and turns."""
    clock = SampleClock(125, step=2, paired=True)
    shown, rows = 0, []
    packets = [i for i in range(2 * 320 + lost + 800) if not 640 <= i < 640 + lost]
    for i in packets:  # the driver: even packets set the number, odd ones send the row
        if i % 2 == 0:
            shown = i % 256
        else:
            rows.append((i // 2, shown))
    stopped = 260 * 8 * MS
    resumed = (640 + lost) * 4 * MS
    now = 0
    for row, number in rows:
        taken = (row + 1) * 8 * MS
        now = max(now, resumed if taken > stopped and row < 320 else taken)
        empty = not 260 <= row < 320
        for look in range(7):
            clock.idle(now - (7 - look) * MS, empty)
        clock.accept([number], now, empty)
        assert clock.newest_ns(now) - taken <= JITTER_NS
    if lost == 256:  # not one number is missing
        assert clock.reanchors == 1
    else:
        # A half row at the edge of the gap may count as a row of its own.
        assert clock.reanchors == 0 and abs(clock.index - rows[-1][0]) <= 1
    assert now - clock.newest_ns(now) < 10 * MS


def test_boards_without_a_counter():
    clock = SampleClock(200, modulo=0)
    for i in range(400):
        clock.accept([float("nan")], i * 5 * MS)
    assert clock.index == 399 and clock.settled and clock.lost == 0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    ppm=st.integers(-200, 200),
    lump=st.sampled_from([1, 4]),
    stops=st.lists(
        st.tuples(st.integers(1_500, 9_000), st.integers(20, 2_500)), max_size=3
    ),
    holes=st.lists(st.tuples(st.integers(400, 2_300), st.integers(1, 255)), max_size=3),
    rows=st.sampled_from([1, 2, 8, 60]),
    knows=st.booleans(),
)
def test_never_fresher_than_the_truth(ppm, lump, stops, holes, rows, knows):
    world = World(
        ppm=ppm, lump=lump, rows_per_poll=rows, knows_drained=knows,
        stops=[(a * MS, (a + n) * MS) for a, n in stops],
        holes=[(a, a + n) for a, n in holes],
    )
    clock = SampleClock(250)
    for now, sample, taken, _ in world.run(clock, 12):
        early = clock.newest_ns(now) - taken
        assert early <= JITTER_NS + (16 * MS if lump > 1 else 0), (now / 1e9, sample, early / 1e6)
