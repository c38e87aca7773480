# SPDX-License-Identifier: GPL-3.0-or-later
"""BIDS folders for `endplate evaluate`: sidecars, events, names of movements, and what is said of
folders that do not fit together."""

from __future__ import annotations

import json

import edfio
import pytest
from cued_emg import DOFS, FULL_SCALE_UV, RATE_HZ, UV_PER_COUNT, counts_of, intents, started

from endplate.cli import parser
from endplate.errors import CalibrationError, RecordingError, UsageError
from endplate.fit.guided.protocol import calibration_protocol
from endplate.fit.judgement import judge
from endplate.fit.recorded import bids
from endplate.fit.recorded.movement_names import given, movement
from endplate.fit.recorded.trials import split

EVENTS = {("hand", 1.0): "fist", ("hand", -1.0): "Hand_Open", ("elbow", 1.0): "elbow flexion",
          ("elbow", -1.0): "Straighten elbow"}  # fmt: skip


def evaluate(*words) -> int:
    """The command, with the cheapest decoder."""
    given_words = ["evaluate", "--decoder", "ridge on RMS", *map(str, words)]
    chosen = parser("evaluate").parse_args(given_words)
    return chosen.run(chosen)


class Folder:
    """A BIDS folder of one person and two runs, and what can be wrong with it."""

    def __init__(self, root):
        self.root, self.emg = root, root / "sub-01" / "ses-a" / "emg"
        self.emg.mkdir(parents=True)
        (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.11.0"}')
        self.about(SamplingFrequency=RATE_HZ, PowerLineFrequency=50)
        cues = [cue for cue in calibration_protocol(DOFS, 2) if cue.kind == "trapezoid"]
        for run in (1, 2):
            counts = counts_of(intents(cues), seed=run)
            uv = counts[: len(counts) // RATE_HZ * RATE_HZ] * UV_PER_COUNT
            channels = [
                edfio.BdfSignal(uv[:, c], RATE_HZ, label=f"EMG {c + 1}", physical_dimension="uV",
                                physical_range=(-FULL_SCALE_UV, FULL_SCALE_UV))
                for c in range(4)
            ]  # fmt: skip
            edfio.Bdf(channels).write(self.path(run))
            self.events(run, [
                (start / RATE_HZ + 0.4, cue.active_s - 0.8, EVENTS[next(iter(cue.target.items()))])
                for start, cue in started(cues)
            ])  # fmt: skip
        self.channels(["EMG"] * 4)

    def path(self, run, ending="emg.bdf"):
        return self.emg / f"sub-01_ses-a_task-moves_run-{run}_{ending}"

    def about(self, **fields):
        (self.root / "task-moves_emg.json").write_text(json.dumps(fields))

    def channels(self, types, units="uV", name="EMG {}", status="good"):
        rows = [f"{name.format(n)}\t{kind}\t{units}\t{status}" for n, kind in enumerate(types, 1)]
        head = "name\ttype\tunits\tstatus"
        (self.root / "sub-01" / "sub-01_channels.tsv").write_text("\n".join([head, *rows, ""]))

    def events(self, run, rows, head="onset\tduration\ttrial_type"):
        lines = ["\t".join(map(str, row)) for row in rows]
        self.path(run, "events.tsv").write_text("\n".join([head, *lines, ""]))

    def read(self, **movements):
        (session,) = bids.sessions(self.root)
        return session.read(movements)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "set")


def test_runs_of_a_session_are_one_person_and_sidecars_are_inherited(folder):
    trials = folder.read()
    assert (trials.name, trials.dofs, trials.rate_hz) == ("sub-01_ses-a", DOFS, 250)
    assert len(trials.parts) == 2 and all(part.uv.shape[1] == 4 for part in trials.parts)
    assert split(trials).startswith("Learned from repetition 1 to 3, judged on 4")
    judged = judge(trials, ["ridge on RMS"]).chosen.figures
    assert 0.8 < judged["r2"] < 0.99 and judged["direction_accuracy"] > 0.95


def test_the_command_reads_a_bids_folder(folder, tmp_path, capsys):
    assert evaluate(folder.root, "--out", tmp_path / "out") == 0
    assert "sub-01_ses-a" in capsys.readouterr().out
    folder.events(1, [(1.0, 2.0, "salute")])
    assert evaluate(folder.root, "--out", tmp_path / "out") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "events that are no movement known here: salute; say what each moves with" in said
    assert '--movement "salute=hand+", or =none to leave it out' in said


def test_channels_that_are_marked_bad_are_left_out(folder):
    folder.channels(["EMG"] * 4)
    path = folder.root / "sub-01" / "sub-01_channels.tsv"
    path.write_text(path.read_text().replace("EMG 2\tEMG\tuV\tgood", "EMG 2\tEMG\tuV\tbad"))
    assert folder.read().parts[0].uv.shape[1] == 3


def shift_events(folder, seconds):
    for run in (1, 2):
        path = folder.path(run, "events.tsv")
        head, *rows = path.read_text().splitlines()
        rows = [row.split("\t") for row in rows]
        folder.events(run, [(float(onset) + seconds, *more) for onset, *more in rows], head)


def break_events(folder, text):
    for run in (1, 2):
        path = folder.path(run, "events.tsv")
        path.write_text(path.read_text().replace(*text, 1))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.path(1, "events.tsv").unlink(), "run-1_emg.bdf has no _events.tsv"),
        (lambda f: (f.root / "task-moves_emg.json").unlink(), "has no _emg.json beside it"),
        (lambda f: (f.root / "task-moves_emg.json").write_text("{"), "cannot be read as JSON"),
        (lambda f: f.about(SamplingFrequency=1000, PowerLineFrequency=50),
         "says 1000 samples/s, and the recording has 250"),
        (lambda f: f.about(PowerLineFrequency=50), "says None samples/s"),
        (lambda f: f.about(SamplingFrequency=250, PowerLineFrequency=16.7), "it is 50 or 60"),
        (lambda f: f.channels(["EMG"] * 5), "lists 5 EMG .*, and .* has 4, which lacks EMG 5"),
        (lambda f: f.channels(["EMG"] * 3), "lists 3 EMG channels, and .* has 4"),
        (lambda f: f.channels(["EMG"] * 4, name="M{}"), "has 4, which lacks M1"),
        (lambda f: f.channels(["EMG"] * 4, units="mV"), "channel EMG 1 in mV, and .* in uV"),
        (lambda f: f.channels(["EMG"] * 4, units="g"), "in 'g', which is no voltage"),
        (lambda f: f.channels(["EMG"] * 4, status="bad"), "marks every EMG channel as bad"),
        (lambda f: break_events(f, ("onset", "start")), "has no column 'onset'"),
        (lambda f: break_events(f, ("0.4\t", "soon\t")), "has 'fist' at 'soon' for"),
        (lambda f: break_events(f, ("0.4\t", "-1\t")), "write seconds from the first sample on"),
        (lambda f: break_events(f, ("0.4\t", "999\t")), "has 'fist' at 999 s, and the recording"),
        (lambda f: f.path(2).unlink(), "has 2 of 'Close hand', and decoders are judged on three"),
        (lambda f: shift_events(f, 3.2), "does not rise when something was meant"),
        (lambda f: f.path(1).write_bytes(f.path(1).read_bytes()[:9000]), "cut short"),
        (lambda f: [f.path(n).unlink() for n in (1, 2)], "There is no EMG recording in"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said(folder, spoil, words):
    spoil(folder)
    with pytest.raises((RecordingError, CalibrationError), match=words):
        folder.read()


@pytest.mark.parametrize(
    ("name", "found"),
    [("Hand_Close", {"hand": 1.0}), ("Turn palm up", {"wrist_rotation": -1.0}), ("REST", {}),
     ("wrist flexion + hand-open", {"wrist_flexion": 1.0, "hand": -1.0}), ("jump", None)],
)  # fmt: skip
def test_names_of_movements(name, found):
    assert movement(name) == found


def test_the_users_own_words():
    assert given(["a=b=hand+,elbow-", "Still=rest", "x=none"]) == {
        "a=b": {"hand": 1.0, "elbow": -1.0}, "still": {}, "x": None,
    }  # fmt: skip
    for option in ("fist", "=hand+", "fist=hand", "fist=", "fist=hand+elbow-"):
        with pytest.raises(UsageError, match="The movement"):
            given([option])
