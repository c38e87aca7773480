# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate test` on the whole rig: the simulated patient plays, the result stands in today's visit
and comes out of the recording again to the same figures."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest

pytest.importorskip("brainflow")

from endplate.cli import main
from endplate.cli.simulated_patient import SimulatedPatient
from endplate.cli.test.letters import lettered
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.visits import Visit, Visits
from endplate.clinic.rerun import rerun
from endplate.hardware import load_montage
from endplate.live.recording import read_recording
from endplate.sim.rig import Rig

from .driving import until

TARGETS = 4


@pytest.fixture(scope="module")
def rig(pc_firmware, tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("rig")) as running:
        yield running


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Records with one patient who wears the rig's montage."""
    folder = tmp_path_factory.mktemp("records") / "data"
    with Database(folder) as database:
        sites = sites_of(load_montage("free-8"))
        Patients(database).add(
            Patient("A17", "left", "transhumeral", "free-8", sites), datetime.now()
        )
    return folder


@pytest.fixture
def at_rig(rig, data, offline_profile, tmp_path, monkeypatch):
    """Arguments of a test with the patient."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    return [
        "--board", "cyton", "--port", rig.board_port, "--board-param", "simulated=1",
        "--profile", str(offline_profile), "--patient", "A17", "--data", str(data),
    ]  # fmt: skip


@pytest.fixture
def looking(rig, tmp_path):
    """The simulated patient is in the room, as in `endplate clinic --simulated`."""
    over = threading.Event()

    def look() -> None:
        patient = SimulatedPatient(rig)
        while not over.wait(0.02):
            patient(next((feed.parent for feed in tmp_path.glob("endplate/test-*/feed")), None))

    eyes = threading.Thread(target=look)
    eyes.start()
    yield
    over.set()
    eyes.join()
    rig.play(None)


@contextmanager
def typing(*arguments: str):
    """A command on a terminal of its own: (what types, what stands there so far, the process)."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "endplate", *arguments],
        stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "LINES": "40"},
    )  # fmt: skip
    os.close(slave)
    read: list[str] = []

    def listen() -> None:
        with suppress(OSError):  # the other end is closed
            while data := os.read(master, 65536):
                read.append(data.decode(errors="ignore"))

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        yield lambda keys: os.write(master, keys), lambda: "".join(read), process
    finally:
        process.kill()
        process.wait()
        listener.join()
        os.close(master)


@pytest.fixture
def today(data):
    """Visits, and the patient's of today."""
    with Database(data) as database:
        visits = Visits(database)
        yield visits, visits.today(Patients(database).find("A17"), datetime.now())


def same_again(visits: Visits, visit: Visit, kind: str) -> bool:
    """What the report computes again of the visit, among it the figures of that kind."""
    found = rerun(visits, visit, lambda _: None)
    (result,) = visits.results(visit, kind)
    whole = f"{found.figures} of {found.figures} figures are the same when computed again"
    assert found.good and not found.left and whole in found.said()[0], found.said()
    return found.figures >= len(result.content["figures"]) > 0


@pytest.mark.timeout(120)
def test_a_fitts_test_is_played_by_a_patient_who_looks(at_rig, looking, today, capsys):
    typed = "test", "fitts", *at_rig, "--targets", str(TARGETS), "--dofs", "hand"
    assert main(typed) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "SIMULATED Fitts test: " in said and f"% of {TARGETS} completed" in said
    assert "(decoder). Fitts test: this patient so far visit control DoF done" in said
    assert "Kept with the visit of" in said and "Recorded: " in said
    visits, visit = today
    (fitts,) = visits.results(visit, "fitts")
    content = fitts.content
    assert fitts.kind == "fitts" and content["dofs"] == ["hand"] and content["simulated"]
    assert content["figures"]["completion"] >= 0.75 and content["figures"]["trials"] == TARGETS
    assert (visit.folder / content["recording"]).exists()
    marks = [text for _, text in read_recording(visit.folder / content["recording"]).annotations
             if text.startswith("test fitts")]  # fmt: skip
    assert len(marks) == 2 + 2 * TARGETS and marks[-1] == "test fitts ends"
    assert same_again(visits, visit, "fitts")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("kind", "more"), [("tac", ("--targets", str(TARGETS))), ("motion", ("--repetitions", "1"))]
)
def test_postures_and_movements_as_well(kind, more, at_rig, looking, today, capsys):
    assert main(["test", kind, *at_rig, *more, "--dofs", "hand"]) == 0
    visits, visit = today
    (result,) = visits.results(visit, kind)
    assert result.content["figures"]["completion"] >= 0.75, capsys.readouterr().out
    assert same_again(visits, visit, kind)


@pytest.mark.timeout(120)
def test_a_watch_on_a_terminal_by_direct_control(at_rig, today):
    more = "--rest-s", "5", "--arm-motion-s", "0", "--direct"
    with typing("test", "activations", *at_rig, *more) as (keys, seen, process):
        until(lambda: "Enter starts" in seen(), 40, "it is ready")
        keys(b"\n")
        until(lambda: lettered("movement", 100)[0] in seen(), 5, "what to do stands there")
        process.wait(timeout=30)
    assert process.returncode == 0 and "Traceback" not in seen(), seen()[-2000:]
    said = " ".join(seen().split())
    assert "False activations: at rest: " in said and "(direct)." in said
    visits, visit = today
    (watched,) = visits.results(visit, "activations")
    assert watched.content["direct"] and watched.content["figures"]["rest"]["seconds"] == 5.0
    assert same_again(visits, visit, "activations")


@pytest.mark.timeout(120)
def test_ctrl_c_keeps_nothing_of_a_test_and_finishes_its_recording(at_rig, today):
    visits, visit = today
    before = len(visits.results(visit)), set(visit.recordings())
    with typing("test", "motion", *at_rig) as (keys, seen, process):
        until(lambda: "Enter starts" in seen(), 40, "it is ready")
        keys(b"\n")
        until(lambda: "1 of 12" in seen(), 10, "it is on")
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert process.returncode == 130 and "Traceback" not in seen(), seen()[-2000:]
    assert len(visits.results(visit)) == before[0]
    (made,) = set(visit.recordings()) - before[1]
    texts = [text for _, text in read_recording(made).annotations]
    assert "test motion given up" in texts
