# SPDX-License-Identifier: GPL-3.0-or-later
"""From the journal to BDF+ and back: bits, marks, session text, and files unlike they should be."""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path

import numpy as np
import pyedflib
import pytest

from endplate.errors import RecordingError
from endplate.live import bdf as layout
from endplate.live import recording as recordings_module
from endplate.live.journal import Journal
from endplate.live.recording import finalise, read_meta, read_recording, recover

UV = 4.5 / (2**23 - 1) / 24 * 1e6
RNG = np.random.default_rng(7)
COUNTS = RNG.integers(-(2**23), 2**23, (1037, 8), dtype=np.int32)
COUNTS[3, 2], COUNTS[4, 2] = -(2**23), 2**23 - 1
META = {
    "rate_hz": 250.0, "channels": 8, "uv_per_count": UV, "full_scale_uv": 187500.0,
    "dofs": ["hand", "wrist_rotation", "wrist_flexion"], "board": "cyton", "montage": "free",
    "site_labels": [f"site {i}" for i in range(8)], "hand": "test-hand", "hop_samples": 5,
    "started": 1_750_000_000.25, "profile_text": json.dumps({"weights": list(range(3000))}),
}  # fmt: skip


def record(path: Path, counts: np.ndarray = COUNTS, first: int = 50, meta: dict = META) -> Path:
    journal = Journal(path, meta)
    for at in range(0, len(counts), 5):
        journal.samples(first + at, counts[at : at + 5])
        intents, targets = np.array([at / 1037, -2, 0.1]), np.array([at, -10_000, 7])
        journal.hop(first + at, intents, targets, at > 500)
    journal.attach(first + 90, "profile", '{"version": 2}')
    journal.mark(first + 100, "cue: hand close")
    journal.mark(first + 600, "gap: 3 samples\nlost\x14 filled · naïve")
    journal.close()
    return finalise(path)


@pytest.fixture(scope="module")
def bdf(tmp_path_factory) -> Path:
    return record(tmp_path_factory.mktemp("r") / "a")


def test_everything_comes_back(bdf):
    r = read_recording(bdf)
    np.testing.assert_array_equal(r.counts, COUNTS)
    assert (r.rate_hz, r.uv_per_count, r.channels, r.first) == (250.0, UV, 8, 50)
    assert r.labels == META["site_labels"] and r.dofs == META["dofs"]
    held = np.arange(1037) // 5 * 5
    np.testing.assert_array_equal(r.targets[:, 0], held)
    assert (r.targets[:, 1] == -10_000).all()
    np.testing.assert_allclose(r.intents[:, 0], held / 1037, atol=1e-6)
    np.testing.assert_array_equal(r.sent, held > 500)
    assert r.annotations == [
        (150, "cue: hand close"), (650, "gap: 3 samples lost filled · naïve"),
    ]  # fmt: skip
    for key in ("montage", "hand", "hop_samples", "started", "profile_text", "full_scale_uv"):
        assert r.meta[key] == META[key]
    assert r.meta["attachments"] == [{"sample": 140, "name": "profile", "text": '{"version": 2}'}]
    assert r.seconds == pytest.approx(1037 / 250)


def test_what_it_says_of_itself_is_had_without_its_samples(bdf, tmp_path, monkeypatch):
    whole = read_recording(bdf).meta
    shown = read_meta(bdf)
    assert shown == whole and shown["samples"] == len(COUNTS) and shown["first"] == 50
    journal = Journal(tmp_path / "on", META)
    assert read_meta(journal.path)["board"] == "cyton"  # while it is being written
    journal.close()
    (tmp_path / "cut.bdf").write_bytes(bdf.read_bytes()[:-20_000])
    (tmp_path / "no.bdf").write_bytes(b"no recording at all")
    for name, words in (("cut.bdf", "cut short"), ("no.bdf", "is no recording"),
                        ("none.bdf", "There is no recording")):  # fmt: skip
        with pytest.raises(RecordingError, match=words):
            read_meta(tmp_path / name)
    monkeypatch.setattr(layout, "VERSION", 2)
    with pytest.raises(RecordingError, match="another version of Endplate"):
        read_meta(bdf)


def test_a_second_reader_finds_the_same_bits(bdf):
    with pyedflib.EdfReader(str(bdf)) as reader:
        labels = reader.getSignalLabels()
        assert labels[:2] == ["EMG site 0", "EMG site 1"] and "Sample counter" in labels
        assert set(reader.getSampleFrequencies()[:-1]) == {250.0}
        for channel in range(8):
            digital = reader.readSignal(channel, digital=True)
            np.testing.assert_array_equal(digital[:1037], COUNTS[:, channel])
            uv = reader.readSignal(channel)[:1037]
            np.testing.assert_allclose(uv, COUNTS[:, channel] * UV, atol=0.05)
        counter = reader.readSignal(8, digital=True)[:1037]
        np.testing.assert_array_equal(counter, np.arange(50, 1087))
        target = reader.readSignal(labels.index("Target hand"))[:1037]
        np.testing.assert_allclose(target, np.arange(1037) // 5 * 5 / 10_000, atol=1e-9)
        intent = reader.readSignal(labels.index("Intent wrist_rot"))[:1037]
        np.testing.assert_allclose(intent, -2, atol=1e-6)
        onsets, _, texts = reader.readAnnotations()
        assert list(onsets) == [0.4, 2.4] and texts[0] == "cue: hand close"
        assert reader.getStartdatetime().timestamp() == 1_750_000_000


@pytest.mark.parametrize(("n", "rate"), [(1, 250.0), (250, 250.0), (251, 125.0), (2600, 1000.0)])
def test_lengths_and_rates(tmp_path, n, rate):
    counts = np.resize(COUNTS, (n, 16))
    meta = {**META, "rate_hz": rate, "channels": 16, "site_labels": []}
    r = read_recording(record(tmp_path / "a", counts, 0, meta))
    np.testing.assert_array_equal(r.counts, counts)
    assert r.rate_hz == rate and r.labels[15] == "ch 16"


def test_a_full_name_is_not_overwritten(tmp_path):
    first = record(tmp_path / "a")
    second = record(tmp_path / "a")
    assert (first.name, second.name) == ("a.bdf", "a-2.bdf")


def test_a_recording_without_samples_says_so(tmp_path):
    Journal(tmp_path / "a", META).close()
    with pytest.raises(RecordingError, match="holds no samples"):
        finalise(tmp_path / "a")


def test_no_room_to_finish_keeps_the_journal(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "a", META)
    journal.samples(0, COUNTS)
    journal.close()

    def full(recording, path):
        path.write_bytes(b"some")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recordings_module, "write_bdf", full)
    with pytest.raises(RecordingError, match="No space left on device\\); make room"):
        finalise(tmp_path / "a")
    assert recover(tmp_path) == []
    assert [p.name for p in tmp_path.iterdir()] == ["a.journal"]
    monkeypatch.undo()
    assert [p.name for p in recover(tmp_path)] == ["a.bdf"]


def test_a_hopeless_journal_is_put_aside(tmp_path):
    (tmp_path / "bad.journal").write_bytes(b"nothing")
    assert recover(tmp_path) == []
    assert [p.name for p in tmp_path.iterdir()] == ["bad.journal.damaged"]


def test_an_hour_is_finished_in_reasonable_time(tmp_path):
    counts = np.resize(COUNTS, (900_000, 8))
    journal = Journal(tmp_path / "a", META)
    for at in range(0, len(counts), 2000):
        journal.samples(at, counts[at : at + 2000])
    journal.close()
    began = time.monotonic()
    path = finalise(tmp_path / "a")
    assert time.monotonic() - began < 30
    assert path.stat().st_size < 900_000 * 18 * 3 * 1.05


# ---- files that are not as they should be ----


def expect(path: Path, words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RecordingError, match=words):
            read_recording(path)


def test_files_that_are_no_recording(tmp_path):
    expect(tmp_path / "none", "There is no recording")
    expect(tmp_path, "is a folder")
    expect(Path(__file__), "is no recording")
    (tmp_path / "empty").write_bytes(b"")
    expect(tmp_path / "empty", "is no recording")


@pytest.mark.parametrize("keep", [200, 300, 3000, 6000, 20_000, -1, -3000])
def test_a_recording_cut_short(bdf, tmp_path, keep):
    path = tmp_path / "cut.bdf"
    path.write_bytes(bdf.read_bytes()[:keep])
    expect(path, "is cut short")


def test_what_is_there_of_a_cut_one_can_be_had(bdf, tmp_path):
    path = tmp_path / "cut.bdf"
    path.write_bytes(bdf.read_bytes()[:-3000])
    r = read_recording(path, partial=True)
    assert 500 <= len(r.counts) <= 1037 and r.channels == 8
    np.testing.assert_array_equal(r.counts, COUNTS[: len(r.counts)])


def test_a_damaged_session_text_and_another_version(bdf, tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "VERSION", 9)
    expect(bdf, "another version of Endplate")
    monkeypatch.undo()
    data = bytearray(bdf.read_bytes())
    size = (len(data) - int(data[184:192])) // int(data[236:244])
    for i in range(2000, 2400):
        data[int(data[184:192]) + size - i] ^= 0x55
    path = tmp_path / "bad.bdf"
    path.write_bytes(data)
    expect(path, "session text|cut short|damaged")


@pytest.mark.parametrize("kind", ["bdf", "edf"])
def test_other_peoples_files(tmp_path, kind):
    path = str(tmp_path / f"other.{kind}")
    file_type = pyedflib.FILETYPE_BDFPLUS if kind == "bdf" else pyedflib.FILETYPE_EDFPLUS
    limit = 2**23 if kind == "bdf" else 2**15
    uv = RNG.normal(0, 50, (3, 2000))
    heads = [
        {
            "label": label, "dimension": unit, "sample_frequency": rate, "physical_min": -low,
            "physical_max": low, "digital_min": -limit, "digital_max": limit - 1,
            "transducer": "", "prefilter": "",
        }
        for label, unit, rate, low in [
            ("EMG biceps", "uV", 500, 1000.0), ("EMG triceps", "mV", 500, 2.0),
            ("ECG", "mV", 500, 5.0), ("Trigger", "uV", 500, 5.0), ("Temp", "C", 1, 50.0),
        ]
    ]  # fmt: skip
    with pyedflib.EdfWriter(path, 5, file_type=file_type) as writer:
        writer.setSignalHeaders(heads)
        writer.writeSamples([uv[0], uv[1] / 1e3, uv[2] / 1e3, np.zeros(2000), np.zeros(4)])
        writer.writeAnnotation(1.5, -1, "clench")
    r = read_recording(path)
    assert r.rate_hz == 500 and r.labels == ["biceps", "triceps"] and r.channels == 2
    step = 4000 / (2 * limit)
    np.testing.assert_allclose(r.counts.T * r.uv_per_count, uv[:2], atol=1.1 * step)
    assert r.annotations == [(750, "clench")] and r.targets.shape == (2000, 0)
    assert r.counts.dtype == np.int32 and r.counts.flags.c_contiguous


def test_a_file_without_emg(tmp_path):
    path = str(tmp_path / "t.edf")
    head = {
        "label": "Temp", "dimension": "C", "sample_frequency": 1, "physical_min": 0.0,
        "physical_max": 50.0, "digital_min": 0, "digital_max": 100, "transducer": "",
        "prefilter": "",
    }  # fmt: skip
    with pyedflib.EdfWriter(path, 1, file_type=pyedflib.FILETYPE_EDFPLUS) as writer:
        writer.setSignalHeaders([head])
        writer.writeSamples([np.zeros(4)])
    expect(Path(path), "has no EMG channel")
