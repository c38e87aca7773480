# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording of a simulated person is read as a person's is, and says that it is simulated."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.cli import main
from endplate.cli.simulate.person import Person
from endplate.fit.guided.protocol import touch_up_protocol
from endplate.fit.recorded.cues import cues_of, recorded
from endplate.live.recording import read_recording

DOFS = ("hand", "elbow")


def test_what_is_written_is_what_the_person_did(tmp_path, capsys):
    out, truth = tmp_path / "someone.bdf", tmp_path / "meant.npz"
    asked = ["simulate", "record", "--what", "touch-up", "--rate", "1000", "--seed", "321",
             "--knob", "shift_mm=5", "--out", str(out), "--truth", str(truth)]  # fmt: skip
    assert main(asked) == 0
    assert "(simulated)" in capsys.readouterr().out
    person = Person("tmr-transhumeral", 321, 1000, DOFS)
    person.patient.turn("shift_mm", 5.0)
    person.patient.muscles.renew()
    counts, intent, started = person.follow(touch_up_protocol(DOFS))
    found = read_recording(out)
    assert found.rate_hz == 1000 and found.meta["simulated"] and found.meta["board"] == "simulated"
    assert np.array_equal(found.counts, counts)
    assert cues_of(found) == started
    assert recorded(found).full_scale_uv == pytest.approx(187_500.0)
    with np.load(truth) as meant:
        assert np.array_equal(meant["intent"], intent) and list(meant["dofs"]) == list(DOFS)
    assert np.abs(intent).max() > 0.8


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--out", "someone.txt"], "must end in .bdf"),
        (["--out", "/proc/someone.bdf", "--what", "touch-up"], "cannot be written"),
        (["--out", "a.bdf", "--knob", "sweat=2"], "between 0 and 1, not 2"),
        (["--out", "a.bdf", "--seconds", "1"], "between 5 and 3600, not 1"),
        (["--out", "a.bdf", "--preset", "nobody"], "no simulated patient 'nobody'"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(capsys, more, says):
    assert main(["simulate", "record", *more]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
