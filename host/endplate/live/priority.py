# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the system for timely running, and says in one sentence what was granted.

A sleeping process wakes up to 22 ms late on a busy two-core machine; with real-time scheduling it
wakes within a millisecond. Only the thread that calls `raise_priority` becomes real-time: threads
made later by libraries (a board's reader that spins after an unplug) do not inherit it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

FIFO_PRIORITY = 20  # above every normal process, below the kernel's own interrupt threads (50)
NICE = -15
_TIMER_SLACK_NS = 1000  # instead of 50 us: how much later than asked a sleep may end
_SWITCH_INTERVAL_S = 0.0005  # instead of 5 ms: how long another of our threads may keep the GIL
_PR_SET_PDEATHSIG, _PR_SET_TIMERSLACK = 1, 29
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4

_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent(signal_number: int, parent: int) -> bool:
    """Has the system signal this process when its parent dies; False when `parent` is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    return os.getppid() == parent or os.path.exists(f"/proc/{parent}")


@contextmanager
def preferred(wanted: bool = True) -> Iterator[None]:
    """Threads that are made inside come before normal processes, if the system allows it.

    For the board's reader. Only for as long as needed: what works hard inside, starves others.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)
    raised = wanted and _nice(NICE)
    try:
        yield
    finally:
        if raised:
            _nice(before)


def _nice(nice: int) -> bool:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError:
        return False
    return True


def raise_priority(realtime: bool = True) -> str:
    """Makes the calling thread as timely as the system allows; returns the sentence to show.

    Also switches the garbage collector off (call `collect` now and then), keeps the memory
    resident and makes sleeps end on time.
    """
    _libc.prctl(_PR_SET_TIMERSLACK, _TIMER_SLACK_NS, 0, 0, 0)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.disable()
    if not realtime:
        return "Normal scheduling, as asked for."
    scheduling = _schedule()
    resident = _libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0
    memory = "memory kept resident" if resident else "memory may be swapped out"
    return f"{scheduling}, {memory}."


def _schedule() -> str:
    try:
        os.sched_setscheduler(
            0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(FIFO_PRIORITY)
        )
        return f"Real-time scheduling (FIFO {FIFO_PRIORITY})"
    except (OSError, AttributeError):
        pass
    if _nice(NICE):
        return f"Preferred scheduling (nice {NICE}); real-time was not allowed"
    return (
        "Normal scheduling: the system allows no more; add a line `@audio - rtprio 30` for your "
        "group to /etc/security/limits.conf for steadier timing"
    )


def normal() -> None:
    """Takes all of it back, for work that lasts: finishing a recording must not starve others."""
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    _libc.munlockall()
    gc.unfreeze()
    gc.enable()


def collect() -> None:
    """Frees what the loop left behind since the last call; tens of microseconds."""
    gc.collect(0)
