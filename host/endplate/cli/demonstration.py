# SPDX-License-Identifier: GPL-3.0-or-later
"""A demonstration patient with three visits of history: a simulated person, really recorded,
calibrated and tested by the same code, faster than real time. Everything is marked simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from endplate.cli.simulate.person import Person
from endplate.cli.simulate.played import played
from endplate.cli.simulate.record import recorded
from endplate.clinic.desk import PROFILE
from endplate.clinic.fitting import calibrated
from endplate.clinic.made_of import of_recording
from endplate.clinic.montage_file import NAME as MONTAGE
from endplate.clinic.montage_file import write_montage
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.scores import Score, Scores
from endplate.clinic.records.visits import Visit, Visits
from endplate.clinic.trials.run import USUAL_TARGETS, FittsRun
from endplate.fit.calibration import calibrate, name_of
from endplate.fit.guided.protocol import calibration_protocol
from endplate.fit.recorded.cued import listen
from endplate.fit.recorded.cues import recorded as cues_of
from endplate.fit.sites.site_test import judge, protocol, told
from endplate.hardware import load_montage
from endplate.live.bdf import Recording, write_bdf
from endplate.live.profile import Profile
from endplate.live.profile_versions import keep

CODE, SEED, RATE_HZ = "DEMO", 1, 250
PRESET, HAND = "tmr-transhumeral", "test-hand"
MODE = "cover"
DECODER = "mean on TD2"  # one alone: choosing among all takes a minute
MONTHS_BEFORE = 9  # of the first visit was the TMR
NOTES = "A simulated person, for looking around. Nothing here is anybody's."


@dataclass(frozen=True)
class Past:
    """A visit: days ago, what could be moved, how the skin was, scores of that day."""

    days: int
    dofs: tuple[str, ...]
    knobs: Mapping[str, float]
    scores: Mapping[str, float]


PAST = (
    Past(122, ("hand",), {"sweat": 0.6, "mains_uv": 30.0},
         {"nrs-phantom": 6, "acmc": 0.1, "box-and-blocks": 8}),
    Past(61, ("hand", "elbow"), {"sweat": 0.3},
         {"nrs-phantom": 5, "acmc": 0.9, "box-and-blocks": 12}),
    Past(28, ("hand", "elbow"), {}, {"nrs-phantom": 3, "acmc": 1.2, "box-and-blocks": 19}),
)  # fmt: skip


def make(database: Database, now: datetime, say: Callable[[str], None]) -> Patient:
    """Enters the patient and plays the visits; `say` hears what goes on."""
    first = (now - timedelta(days=PAST[0].days)).date()
    tmr = first - timedelta(days=round(MONTHS_BEFORE * 30.44))
    montage = load_montage("transhumeral-4")
    patient = Patients(database).add(
        Patient(CODE, "left", "transhumeral", montage.name, sites_of(montage),
                tmr - timedelta(days=200), tmr, NOTES, simulated=True), now,
    )  # fmt: skip
    for number, past in enumerate(PAST, 1):
        say(f"Demonstration patient: visit {number} of {len(PAST)} ...")
        _visit(database, patient, past, now - timedelta(days=past.days))
    return patient


def _visit(database: Database, patient: Patient, past: Past, when: datetime) -> None:
    visits = Visits(database)
    visit = visits.begin(patient, when)
    write_montage(patient, visit.folder)
    person = Person(PRESET, SEED, RATE_HZ, past.dofs, past.knobs)
    person.montage = load_montage(str(visit.folder / MONTAGE))
    _sites(visits, visit, person, when)
    profile = _calibration(visits, visit, person, when, DECODER)
    _fitts(visits, visit, person, profile, when, direct=False)
    if past is PAST[-1]:
        baseline = person.calibrated("direct")
        _fitts(visits, visit, person, baseline, when, direct=True)
    scores = Scores(database)
    for key, value in past.scores.items():
        scores.add(patient, Score(key, when.date(), value, notes="simulated"), date.today())
    visits.end(visit, when + timedelta(minutes=25))


def _sites(visits: Visits, visit: Visit, person: Person, when: datetime) -> None:
    recording, _ = recorded(person, protocol(person.dofs))
    _write(recording, visit, f"{when:%H%M%S}-sites")
    heard, dofs = cues_of(recording), list(person.dofs)
    cued = listen(heard, person.montage, person.hand, dofs, least_repetitions=2, testing=True)
    made_of = of_recording(
        recording, person.montage, person.hand.name, heard.mains_hz, mode=MODE, dofs=dofs
    )
    visits.keep(visit, "sites", {**told(judge(cued, MODE)), **made_of.told()}, when)


def _calibration(
    visits: Visits, visit: Visit, person: Person, when: datetime, decoder: str
) -> Profile:
    recording, _ = recorded(person, calibration_protocol(person.dofs, 2))
    _write(recording, visit, f"{when:%H%M%S}-calibration")
    heard = cues_of(recording)
    made_at = when + timedelta(minutes=5)
    options: dict[str, Any] = {"decoder": decoder, "combined": True, "all_dofs": True}
    profile = calibrate(
        heard.counts, heard.rate_hz, heard.uv_per_count, heard.full_scale_uv, heard.cues,
        montage=person.montage, hand=person.hand, board="cyton", mains_hz=heard.mains_hz,
        simulated=True, name=name_of(person.montage.name, made_at), **options,
    )  # fmt: skip
    created = made_at.astimezone(UTC).isoformat(timespec="seconds")
    profile = replace(profile, created=created)  # in the visit, not when the history was made
    path = visit.folder / PROFILE
    made_of = of_recording(
        recording, person.montage, person.hand.name, heard.mains_hz, **options
    )
    made = calibrated(path, keep(profile, path, "calibrated").number, made_of)
    visits.keep(visit, "calibration", made.told(), made_at)
    return profile


def _write(recording: Recording, visit: Visit, name: str) -> None:
    recording.path = visit.folder / f"{name}.bdf"
    write_bdf(recording, recording.path)


def _fitts(
    visits: Visits, visit: Visit, person: Person, profile: Profile, when: datetime, *, direct: bool
) -> None:
    run = FittsRun(person.dofs, USUAL_TARGETS, SEED)
    recording = played(person, profile, run)
    name = f"{when:%H%M%S}-fitts{'-direct' * direct}"
    _write(recording, visit, name)
    content = run.record(
        direct=direct, profile=profile.name, recording=f"{name}.bdf", simulated=True,
        first_sample=profile.hop_samples - 1, last_sample=run.hops * profile.hop_samples - 1,
    )  # fmt: skip
    visits.keep(visit, "fitts", content, when + timedelta(minutes=15 + 5 * direct))
