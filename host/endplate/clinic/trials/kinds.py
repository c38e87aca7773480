# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of tests: what each is called, how its results read in a table and in a sentence, and
how it is run again from its recording. The page Test, the trends and the report ask here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from endplate.clinic.trials import motion, run, tac, timed, watch
from endplate.fit.guided.protocol import counted, plain, words

Content = Mapping[str, Any]
TIMED = tuple(timed.TASKS)


@dataclass(frozen=True)
class Kind:
    """`name` in full, `short` on a button; `hint` what the patient does. `columns` of a table whose
    `rows` read a result, after control and `subject`; `said` in a sentence; `rules` what it was
    played by. `again(record, velocities [hops, DoF], hop_seconds)` makes its figures."""

    key: str
    name: str
    short: str
    hint: str
    columns: tuple[str, ...]
    rows: Callable[[Content], list[list[str]]]
    said: Callable[[Content], str]
    rules: Callable[[Content], str]
    again: run.Again

    @property
    def subject(self) -> str:
        """What the second column names."""
        return "hand" if self.key in TIMED else "while" if self.key == "activations" else "DoF"


def figure(value: float | None, digits: int, unit: str = "") -> str:
    """A dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}{unit}"


def _percent(value: float | None) -> str:
    return figure(None if value is None else 100 * value, 0, " %")


def control(content: Content) -> str:
    """By what the patient controlled the prosthesis; a dash for the other hand."""
    if content.get("hand", timed.PROSTHESIS) != timed.PROSTHESIS:
        return "–"
    if content.get("direct"):
        return "direct"
    return "decoder" if content.get("profile", True) else "none"


def own(content: Content) -> bool:
    """Whether it is the patient's own control of the prosthesis: no baseline, no other hand."""
    return control(content) == "decoder"


def sentence(kind: Kind, content: Content) -> str:
    """What came of it, and by what: "19 blocks in 60.0 s with the prosthesis (decoder)."."""
    by = {"–": "", "none": " (no decoder was loaded)"}
    return f"{kind.said(content)}{by.get(control(content), f' ({control(content)})')}."


def what(content: Content) -> str:
    """The DoF of a test, or the hand of a timed task."""
    if "hand" in content and "dofs" not in content:
        return str(content["hand"])
    return ", ".join(map(plain, content["dofs"]))


def asked(dofs: Sequence[str], movement: Sequence[int]) -> str:
    """A movement in words: "Close hand + bend elbow"."""
    parts = [words(dof, sign) for dof, sign in zip(dofs, movement, strict=True) if sign]
    return " + ".join([parts[0], *(part.lower() for part in parts[1:])])


# ---- how each reads ----


def _fitts_rows(content: Content) -> list[list[str]]:
    found = content["figures"]
    return [[
        control(content), what(content),
        _percent(found["completion"]), figure(found["throughput"], 2),
        figure(found["movement_s"], 1), figure(found["path_efficiency"], 2),
        figure(found["overshoots"], 1), str(found["trials"]),
    ]]  # fmt: skip


def _fitts_said(content: Content) -> str:
    found = content["figures"]
    return (
        f"{_percent(found['completion'])} of {found['trials']} completed, "
        f"{figure(found['throughput'], 2)} bit/s, {figure(found['movement_s'], 1)} s, path "
        f"{figure(found['path_efficiency'], 2)}, {figure(found['overshoots'], 1)} overshoots"
    )


def _fitts_rules(content: Content) -> str:
    rules = content["rules"]
    return (f"within {rules['limit_s']:g} s, {rules['dwell_s']:g} s inside, full speed "
            f"{rules['speed_per_s']:g} of the half screen a second")  # fmt: skip


def _motion_rows(content: Content) -> list[list[str]]:
    found = content["figures"]
    return [[
        control(content), what(content), _percent(found["completion"]),
        figure(found["selection_s"], 2), figure(found["completion_s"], 2),
        figure(found["reaction_s"], 2), str(found["trials"]),
    ]]  # fmt: skip


def _motion_said(content: Content) -> str:
    found = content["figures"]
    return (
        f"{_percent(found['completion'])} of {found['trials']} movements completed, selected in "
        f"{figure(found['selection_s'], 2)} s, completed in {figure(found['completion_s'], 2)} s"
    )


def _motion_rules(content: Content) -> str:
    rules = content["rules"]
    pairs = ", two at once as well" if rules["pairs"] else ""
    times = counted(rules["repetitions"], "time")
    return (f"each movement {times}{pairs}, within {rules['limit_s']:g} s of "
            f"the onset, full range {rules['full_range_s']:g} s at full speed")  # fmt: skip


def _tac_rows(content: Content) -> list[list[str]]:
    found = content["figures"]
    return [[
        control(content), what(content),
        content["rules"]["on"], f"{content['rules']['tolerance_deg']:g}°",
        _percent(found["completion"]), figure(found["movement_s"], 1),
        figure(found["path_efficiency"], 2), figure(found["overshoots"], 1), str(found["trials"]),
    ]]  # fmt: skip


def _tac_said(content: Content) -> str:
    found = content["figures"]
    return (
        f"{_percent(found['completion'])} of {found['trials']} postures reached and kept on the "
        f"{content['rules']['on']}, {figure(found['movement_s'], 1)} s, path "
        f"{figure(found['path_efficiency'], 2)}, {figure(found['overshoots'], 1)} overshoots"
    )


def _tac_rules(content: Content) -> str:
    rules = content["rules"]
    return (
        f"on the {rules['on']}, within {rules['tolerance_deg']:g}° for {rules['dwell_s']:g} s, "
        f"{rules['limit_s']:g} s at most, {100 * rules['distance']:.0f} % of each way"
    )


def _watch_rows(content: Content) -> list[list[str]]:
    return [
        [control(content), "at rest" if one == watch.CONDITIONS[0] else f"in {one}",
         f"{found['activations'] or 'none'} in {found['seconds']:.0f} s",
         f"{found['low']:.0f} to {found['high']:.0f}" if found["activations"]
         else f"below {found['high']:.0f}", f"{100 * found['share']:.1f} %"]
        for one, found in content["figures"].items()
    ]  # fmt: skip


def _watch_said(content: Content) -> str:
    said = []
    for one, found in content["figures"].items():
        when = "at rest" if one == watch.CONDITIONS[0] else f"in {one}"
        said.append(f"{when}: {watch.said(found)}, moving {100 * found['share']:.1f} % of the time")
    return "; ".join(said)


def _watch_rules(content: Content) -> str:
    rules = content["rules"]
    return (f"motion from {100 * rules['moves']:g} % of full speed, anew after "
            f"{rules['still_s']:g} s without")  # fmt: skip


def _timed_rows(content: Content) -> list[list[str]]:
    found, parts = content["figures"], content["figures"]["parts_s"]
    cells = [f"{found['score']:g}", f"{found['seconds']:.1f}"]
    if content["count"] is None:
        cells = [f"{found['score']:.1f}", " / ".join(f"{seconds:.1f}" for seconds in parts)]
    return [[control(content), what(content), *cells]]


def _blocks_said(content: Content) -> str:
    found = content["figures"]
    blocks = counted(found["score"], "block")
    return f"{blocks} in {found['seconds']:.1f} s with the {content['hand']}"


def _pins_said(content: Content) -> str:
    found = content["figures"]
    return f"three pins in {found['score']:.1f} s with the {content['hand']}"


def _blocks_rules(content: Content) -> str:
    return f"{content['rules']['limit_s']:g} s by the recording's clock"


def _pins_rules(content: Content) -> str:
    return f"{len(content['rules']['parts'])} pins by the recording's clock"


TESTS = {
    one.key: one
    for one in (
        Kind("motion", "Motion test", "Motion",
             "The patient does the movement that stands there, as far as it goes.",
             ("done", "select s", "full s", "react s", "n"),
             _motion_rows, _motion_said, _motion_rules, motion.again),
        Kind("tac", "TAC test", "TAC",
             "The patient brings the filled hand onto the dashed one and keeps it there.",
             ("on", "within", "done", "s", "path", "over", "n"),
             _tac_rows, _tac_said, _tac_rules, tac.again),
        Kind("fitts", "Fitts test", "Fitts",
             "The patient moves the dot into the ball and keeps it there.",
             ("done", "bit/s", "s", "path", "over", "n"),
             _fitts_rows, _fitts_said, _fitts_rules, run.again),
        Kind("activations", "False activations", "False activations",
             "The patient wants no movement: first at rest, then moving the arm about.",
             ("counted", "an hour", "moving"), _watch_rows, _watch_said, _watch_rules, watch.again),
        Kind("box-and-blocks", timed.TASKS["box-and-blocks"].name, "Box and Blocks",
             "One block at a time over the partition, for a minute.",
             ("blocks", "s"), _timed_rows, _blocks_said, _blocks_rules, timed.again),
        Kind("clothespin", timed.TASKS["clothespin"].name, "Clothespins",
             "Three pins from one rod to the other, as quickly as it goes.",
             ("s", "pins at s"), _timed_rows, _pins_said, _pins_rules, timed.again),
    )
}  # fmt: skip


def again(kind: str, record: Content, velocities: Any, hop_seconds: float) -> dict[str, Any]:
    """The figures of a kept result, made anew: velocities [hops, DoF] in the order of its `dofs`,
    -1..1, of the hops whose newest sample lies from its `first_sample` to its `last_sample`.
    Raises KeyError for a kind that is no test."""
    return TESTS[kind].again(record, velocities, hop_seconds)
