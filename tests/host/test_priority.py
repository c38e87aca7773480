# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the system's scheduler, in a process of its own; the sentence is true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress

CODE = """
import gc, json, os, sys, threading
from endplate.live import priority
{before}
with priority.preferred():
    nice_inside = os.getpriority(os.PRIO_PROCESS, 0)
nice_after = os.getpriority(os.PRIO_PROCESS, 0)
sentence = priority.raise_priority({realtime})
found = []
thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
thread.start(); thread.join()
during = [os.sched_getscheduler(0) & 0xFF, os.getpriority(os.PRIO_PROCESS, 0), gc.isenabled()]
locked = [line for line in open("/proc/self/status") if line.startswith("VmLck")][0].split()[1]
priority.collect()
priority.normal()
after = [os.sched_getscheduler(0) & 0xFF, os.getpriority(os.PRIO_PROCESS, 0), gc.isenabled()]
print(json.dumps([sentence, nice_inside, nice_after, during, int(locked), found, after]))
"""
# Takes away the rights, as for a normal user whom no limits.conf allows more.
POWERLESS = """
import resource
for limit in (resource.RLIMIT_RTPRIO, resource.RLIMIT_NICE, resource.RLIMIT_MEMLOCK):
    resource.setrlimit(limit, (0, 0))
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
"""


def _as_started() -> None:
    """Not with the politeness of the tests (run.py)."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def run(realtime: bool, before: str = "") -> list:
    code = CODE.format(realtime=realtime, before=before)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True,
        preexec_fn=_as_started,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_sentence_says_what_was_granted():
    sentence, inside, after_inside, during, locked, thread, after = run(True)
    policy, nice, collecting = during
    if "Real-time" in sentence:
        assert policy == os.SCHED_FIFO
        assert thread == [os.SCHED_OTHER]  # a library's thread that spins must not be real-time
    elif "Preferred" in sentence:
        assert nice < 0 and inside < 0
    else:
        assert nice == 0 and "limits.conf" in sentence
    assert ("resident" in sentence) == (locked > 10_000)
    assert not collecting and after_inside == 0
    assert after == [os.SCHED_OTHER, 0, True]


def test_without_rights_it_runs_and_says_what_to_do():
    sentence, inside, _, during, locked, _, after = run(True, POWERLESS)
    assert "limits.conf" in sentence and "swapped" in sentence
    assert inside == 0 and during[:2] == [os.SCHED_OTHER, 0] and locked == 0
    assert after == [os.SCHED_OTHER, 0, True]


def test_normal_when_asked_for():
    sentence, _, _, during, locked, _, _ = run(False)
    assert "as asked" in sentence and during[:2] == [os.SCHED_OTHER, 0] and locked == 0
