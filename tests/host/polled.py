# SPDX-License-Identifier: GPL-3.0-or-later
"""Polls a source for a while, as the control loop does, and checks what every source promises."""

import time


def collect(source, seconds: float, until=lambda source, blocks: False):
    """Blocks of some seconds; checks that indices are contiguous."""
    blocks, slowest = [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until(source, blocks):
        began = time.thread_time_ns()
        block = source.poll()
        slowest = max(slowest, time.thread_time_ns() - began)
        if block is not None:
            if blocks:
                assert block.first == blocks[-1].first + len(blocks[-1].counts)
            blocks.append(block)
        time.sleep(0.001)
    # The driver's spin lock may cost a time slice on a busy machine; opening a board takes 1 s.
    assert slowest < 500_000_000, "a poll took long"
    return blocks


def has(n: int):
    return lambda s, blocks: sum(len(b.counts) for b in blocks) >= n
