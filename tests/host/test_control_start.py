# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control process says when it cannot start, and that it does not outlive its parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from sessions import settings, until

from endplate import errors
from endplate.live import session
from endplate.live.control import Control
from endplate.live.requests import ask
from endplate.live.session import Settings, start_control

pytest.importorskip("brainflow", reason="brainflow is not installed")


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "session"


@pytest.mark.parametrize(
    ("more", "kind", "words"),
    [
        ({"board": "cytton"}, errors.BoardError, "did you mean"),
        ({"board": "cyton", "port": "/dev/ttyNONE"}, errors.BoardError, "no port"),
        ({"hand_port": "/dev/ttyNONE"}, errors.HandError, "no port"),
        ({"montage": "nowhere"}, errors.HardwareFileError, "nowhere"),
        ({"profile": "/nowhere.json"}, errors.ProfileError, "no profile"),
        ({"recording": "/proc/nowhere/x"}, errors.RecordingError, "cannot be made"),
        ({"valid_ms": 4000}, errors.SessionError, "valid_ms"),
    ],
)
def test_what_cannot_start_says_why_in_its_own_kind(place, more, kind, words):
    text = json.dumps({**vars(settings(place, None)), **more})
    with pytest.raises(kind, match=words):
        control = Control(Settings.from_json(text, "settings.json"))
        try:
            control.open()
        finally:
            assert control.close() == []
    assert not (place / "feed").exists() and not (place / "requests").exists()


def test_the_sentence_reaches_the_one_who_starts_it(place):
    with pytest.raises(errors.BoardError, match="did you mean"):
        start_control({"directory": str(place), "board": "cytton"})


def test_settings_that_are_none(tmp_path):
    for text in ("", "[]", '{"board": "synthetic"}', '{"directory": "x", "colour": 3}', "5"):
        with pytest.raises(errors.SessionError, match="setting"):
            Settings.from_json(text, "settings.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [("valid_ms", "a"), ("valid_ms", 50.0), ("valid_ms", True), ("mains_hz", "50"),
     ("mains_hz", [50]), ("board_params", 3), ("board", 1.5), ("port", 7), ("hand_port", {}),
     ("arm", "yes"), ("realtime", 0), ("profile", False), ("faults", []), ("meta", "x"),
     ("parent", "1"), ("hand_baud", "fast"), ("directory", 5), ("recording", 1)],
)  # fmt: skip
def test_a_setting_of_the_wrong_kind_is_a_sentence(key, value):
    text = json.dumps({"directory": "x", key: value})
    with pytest.raises(errors.SessionError, match=f"for {key}, which is "):
        Settings.from_json(text, "settings.json")


def test_every_setting_has_its_kind():
    assert set(session._KINDS) == {item.name for item in fields(Settings)}
    with pytest.raises(errors.SessionError, match="out of range"):
        Settings.from_json('{"directory": "x", "mains_hz": NaN}', "settings.json")


def test_it_ends_with_the_process_that_started_it(place, tmp_path):
    code = (
        "import os; from endplate.live.session import start_control;"
        f"c = start_control({{'directory': {str(place)!r}}}); print(c.pid, flush=True); os._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(done.stdout)
    until(lambda: not os.path.exists(f"/proc/{pid}"))
    with pytest.raises(errors.SessionError):
        ask(place, "status")


def test_a_start_without_a_word_tells_the_last_line_of_its_log(place, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys; sys.stderr.write('noise\\nno such number 7\\n'); sys.stderr.flush()\n"
        "import os; os._exit(9)\n"
    )
    place.mkdir()
    (place / "control.log").write_text("of a session before\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with pytest.raises(errors.SessionError, match="no such number 7") as told:
        start_control(settings(place, None))
    assert "control.log" not in str(told.value)
