# SPDX-License-Identifier: GPL-3.0-or-later
"""A demonstration patient with three visits of history: a simulated person, really recorded,
calibrated and tested by the same code, faster than real time. Everything is marked simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from endplate.cli.simulate.person import Person, play
from endplate.cli.simulate.record import recorded
from endplate.clinic.desk import PROFILE
from endplate.clinic.fitting import calibrated
from endplate.clinic.montage_file import NAME as MONTAGE
from endplate.clinic.montage_file import write_montage
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.scores import Score, Scores
from endplate.clinic.records.visits import Visit, Visits
from endplate.clinic.trials import fitts
from endplate.clinic.trials.run import USUAL_TARGETS, FittsRun
from endplate.fit.calibration import calibrate
from endplate.fit.guided.protocol import calibration_protocol
from endplate.fit.recorded.cued import listen
from endplate.fit.recorded.cues import recorded as cues_of
from endplate.fit.sites.site_test import judge, protocol, told
from endplate.hardware import load_montage
from endplate.live.bdf import write_bdf
from endplate.live.profile import Profile
from endplate.live.profile_versions import keep

CODE, SEED, RATE_HZ = "DEMO", 1, 250
PRESET, HAND = "tmr-transhumeral", "test-hand"
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
    write_bdf(recording, visit.folder / f"{when:%H%M%S}-sites.bdf")
    cued = listen(cues_of(recording), person.montage, person.hand, list(person.dofs),
                  least_repetitions=2, testing=True)  # fmt: skip
    visits.keep(visit, "sites", told(judge(cued)), when)


def _calibration(
    visits: Visits, visit: Visit, person: Person, when: datetime, decoder: str
) -> Profile:
    recording, _ = recorded(person, calibration_protocol(person.dofs, 2))
    write_bdf(recording, visit.folder / f"{when:%H%M%S}-calibration.bdf")
    heard = cues_of(recording)
    profile = calibrate(
        heard.counts, heard.rate_hz, heard.uv_per_count, heard.full_scale_uv, heard.cues,
        montage=person.montage, hand=person.hand, board="cyton", mains_hz=heard.mains_hz,
        simulated=True, decoder=decoder, all_dofs=True,
    )  # fmt: skip
    path = visit.folder / PROFILE
    made = calibrated(path, keep(profile, path, "calibrated").number)
    visits.keep(visit, "calibration", made.told(), when + timedelta(minutes=5))
    return profile


def _fitts(
    visits: Visits, visit: Visit, person: Person, profile: Profile, when: datetime, *, direct: bool
) -> None:
    run = FittsRun(person.dofs, USUAL_TARGETS, SEED)
    asked = fitts.targets(len(run.dofs), run.count, run.seed)
    run.outcomes = [played.outcome for played in play(person, profile, asked)]
    content = run.record(direct=direct, profile=profile.name)
    visits.keep(visit, "fitts", content, when + timedelta(minutes=15 + 5 * direct))
