# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand verify` on builds of the firmware with one change: each defect is found by its
requirement, and what a hand does not claim to have is skipped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endplate.conformance.run import verify
from endplate.conformance.verdict import Verdict
from endplate.live import hand_blobs
from endplate.live.hand_blobs import GRIPS
from endplate.sim import firmware
from slips import one_in

from . import params_asking
from .blobs_asking import HAND, OK, upload
from .conformance_case import bad_build, found, moving_hand, not_passed
from .params_asking import at_rest, index_of, set_named
from .wire_host import connected

MEDDLED = "if (msg == WIRE_HELLO && session == 0u)"  # where link.c looks at every frame
ARMS = """) {
        return refuse(&link->decoder.counters.bad_value);
    }
    app_event(app, GUARD_EV_ARM)"""
DEFECTS = {
    "link lost never latches": (
        "core/guard.c",
        "GUARD_EV_LINK_LOST, GUARD_LINK_LOST}",
        "GUARD_EV_LINK_LOST, GUARD_ARMED}",
        ["HV-22", "HV-01"],
    ),
    "stale is never entered": (
        "core/guard.c",
        "elapsed(now_ms, state->fresh_ms) >= good_ms",
        "elapsed(now_ms, state->fresh_ms) >= 10u * good_ms",
        ["HV-20", "HV-01"],
    ),
    "any session is obeyed": (
        "app/link.c",
        "!link->open || link->frame.session != link->session",
        "!link->open",
        ["HV-34", "HV-01"],
    ),
    "any boot id arms": (
        "app/link.c",
        f"message.boot_id != link_boot_id(link){ARMS}",
        f"message.boot_id == 0u{ARMS}",
        ["HV-04", "HV-02"],
    ),
    "release needs a session": (
        "app/link.c",
        "always = msg == WIRE_RELEASE || msg == WIRE_ESTOP",
        "always = msg == WIRE_ESTOP",
        ["HV-40", "HV-01"],
    ),
    "armed for ever": (
        "core/guard.c",
        "elapsed(now_ms, state->entered_ms) >= config->armed_ms",
        "elapsed(now_ms, state->entered_ms) >= 100u * config->armed_ms",
        ["HV-15", "HV-01"],
    ),
    "a restart is obeyed while armed": (
        "app/app_asked.c",
        "return app->guard.state == GUARD_DISARMED || app->guard.state == GUARD_FAULT;",
        "return app->guard.state != GUARD_ESTOP;",
        ["HV-16", "HV-39"],
    ),
    "a bad site moves its joint": (
        "core/guard_drive.c",
        "if ((state->lost >> dof & 1u) != 0) {\n        return 0.0f;",
        "if ((state->senses.absent >> dof & 1u) != 0) {\n        return 0.0f;",
        ["HV-17", "HV-01"],
    ),
    "a site that is good again moves its joint": (
        "core/guard.c",
        "(state->lost | (command->frozen & all))",
        "state->lost",
        ["HV-17", "HV-01"],
    ),
    "noise is not told": (
        "app/app.c",
        "if (app->link.noisy)",
        "if (app->link.noisy > 1)",
        ["HV-37", "HV-01"],
    ),
    "an upload opens the hand": (
        "app/link.c",
        MEDDLED,
        "if (msg == WIRE_BLOB_COMMIT) { app_event(app, GUARD_EV_RELEASE); }\n    " + MEDDLED,
        ["HV-38", "HV-39"],
    ),
    "EMG disarms the hand": (
        "app/link.c",
        MEDDLED,
        "if (msg == WIRE_EMG) { app_event(app, GUARD_EV_DISARM); }\n    " + MEDDLED,
        ["HV-39", "HV-38"],
    ),
    "every place counts as the hand's own": (
        "app/app.c",
        "NEAR = 0.05f",
        "NEAR = 1.0f",
        ["HV-60", "HV-61"],
    ),
    "a place is fled from": (
        "core/hand.c",
        "(left < 0.0f) !=",
        "(left > 0.0f) !=",
        ["HV-61", "HV-60"],
    ),
    "a place is gone to without commands": (
        "app/app.c",
        "    const float dt_s = (float)dt_us * 1.0e-6f;",
        """    const float dt_s = (float)dt_us * 1.0e-6f;
    float on[CORE_MAX_DOF];
    if (app->hand.aimed != 0u) {
        (void)hand_toward(&app->hand, &app->table, app->hand.aim, 0.5f, 0.0f, 0u, on);
        app->output.velocity[0] = on[0];
    }""",
        ["HV-62", "HV-63"],
    ),
    "less than open is a place": (
        "core/hand.c",
        "grips ? 0.0f : -1.0f",
        "-1.0f",
        ["HV-63", "HV-61"],
    ),
    "TOUCH comes half as often": (
        "app/link.h",
        "LINK_TOUCH_US = 40000",
        "LINK_TOUCH_US = 80000",
        ["HV-70", "HV-71"],
    ),
    "the log is not told again": (
        "app/link.c",
        "log_told = log_oldest(&app->log)",
        "log_told = app->log.next",
        ["HV-71", "HV-70"],
    ),
    "a grip changes in the movement": (
        "app/app.c",
        "app->output.velocity[d] != 0.0f",
        "app->output.velocity[d] > 2.0f",
        ["HV-80", "HV-10"],
    ),
}


@pytest.mark.parametrize("defect", one_in(5, DEFECTS))
def test_a_defect_is_found_by_its_requirement(defect, pc_firmware, bus, tmp_path):
    source, right, wrong, (catches, still_passes) = DEFECTS[defect]
    program = bad_build(tmp_path, source, right, wrong)
    with firmware.start("pc", bus.port, tmp_path, program=program) as hand:
        report = verify(hand.port, only=[catches, still_passes])
    assert found(report) == {catches: Verdict.FAILED, still_passes: Verdict.PASSED}, not_passed(
        report
    )
    assert not report.passed


def test_a_cap_that_is_not_heeded_is_found(pc_firmware, tmp_path):
    program = bad_build(tmp_path, "core/caps.c", "least(share, host[d])", "host[d] > 0 ? share : 0")
    with moving_hand(tmp_path, program=program) as port:
        report = verify(port, only=["HV-10", "HV-81"])
    assert found(report) == {"HV-10": Verdict.PASSED, "HV-81": Verdict.FAILED}, not_passed(report)


def test_what_a_hand_does_not_claim_is_skipped(pc_firmware, bus, tmp_path):
    program = bad_build(
        tmp_path, "app/link_send.c", "HAS_POSITION_MODE = 8192", "HAS_POSITION_MODE = 0"
    )
    with firmware.start("pc", bus.port, tmp_path, program=program) as hand:
        report = verify(hand.port, only=["HV-01", "HV-61"])
    assert report.passed and found(report) == {"HV-01": Verdict.PASSED, "HV-61": Verdict.SKIPPED}
    assert "position mode" in report.findings[-1][1].note


def test_places_are_not_judged_by_grips_that_were_replaced(pc_firmware, bus, tmp_path):
    fewer = hand_blobs.grips_blob(replace(HAND, grips=HAND.grips[:4]), HAND.hash32)
    with firmware.start("pc", bus.port, tmp_path, flash=tmp_path / "flash") as hand:
        with connected(hand.port) as host:
            assert upload(at_rest(host), GRIPS, fewer)["status"] == OK
        report = verify(hand.port, only=["HV-10", "HV-61"])
    assert found(report) == {"HV-10": Verdict.PASSED, "HV-61": Verdict.SKIPPED}, not_passed(report)


def test_a_time_that_cannot_be_made_short_is_skipped(pc_firmware, bus, tmp_path):
    program = bad_build(tmp_path, "app/params.c", '"armed_ms"', '"armed"')
    with firmware.start("pc", bus.port, tmp_path, program=program) as hand:
        report = verify(hand.port, only=["HV-15"])
    assert found(report) == {"HV-15": Verdict.SKIPPED} and "--long" in report.findings[0][1].note


def test_a_parameter_is_left_as_it_was(hand):
    with connected(hand.port) as host:
        assert set_named(at_rest(host), "armed_ms", 40_000)["value"] == 40_000
    assert not not_passed(verify(hand.port, only=["HV-15"]))
    with connected(hand.port) as host:
        at_rest(host)
        index = index_of(host, "armed_ms")["index"]
        assert params_asking.ask(host, "PARAM_GET", index=index)["value"] == 40_000
