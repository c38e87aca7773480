# SPDX-License-Identifier: GPL-3.0-or-later
"""A timed task as a recording has it: when it began and when each part of it ended, of the marks
that trials/timing.py made while it was done."""

from __future__ import annotations

from typing import Any

from endplate.clinic.trials.timed import Task
from endplate.errors import RecordingError
from endplate.live.bdf import Recording

BEGINS, TIME_IS_UP = "test {} begins", "time is up"


def marked(recording: Recording, task: Task, began: int) -> dict[str, Any]:
    """`rate_hz`, `first_sample` and `ends` of the task that began at the mark of sample `began`, as
    timed.again reads them. Raises RecordingError where a mark is not there.

    Of several marks of one part the last counts: one that came too soon did not end it, and the
    next part's come only after the one that did.
    """
    begins = BEGINS.format(task.kind)
    starts = [at for at, text in recording.annotations if text.startswith(begins)]
    if began not in starts:
        raise RecordingError("no mark in its recording says that it began there.")
    until = min((at for at in starts if at > began), default=recording.first + 2**62)
    ends: list[int] = []
    for part in task.parts or (TIME_IS_UP,):
        since = ends[-1] if ends else began
        found = [at for at, text in recording.annotations
                 if since <= at < until and text == f"test {task.kind} {part}"]  # fmt: skip
        if not found:
            raise RecordingError(f"no mark in its recording says when its {part} was.")
        ends.append(found[-1])
    return {"rate_hz": recording.rate_hz, "first_sample": began, "ends": ends}
