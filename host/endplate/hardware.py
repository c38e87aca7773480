# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads hw/: hands (joints, limits, grips, actuators) and montages (where the electrodes are).

The same hand file is read here, compiled into the firmware (`c_table`) and moved by the simulator.
Only the standard library is used, so that the firmware's build can read it on any machine. Every
error is a `HardwareFileError` of one sentence that names the file.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from endplate.hardware_file import Table, found, read_toml, refuse

MAX_JOINTS, MAX_DOF, MAX_GRIPS, MAX_SITES = 10, 8, 12, 64  # firmware/core/sizes.h
MAX_NAME = 15  # firmware/core/hand.h: HAND_NAME with its zero
MAX_CHANNEL = 64
MAX_FORCE_CHANNEL, COUNTS = 7, 4095.0  # firmware/core/sizes.h; an ADC of 12 bits
DIGITS = ("thumb", "index", "middle", "ring", "little")  # the wire's order
FINGERS_LEAST = 0.2  # of their current limits is left when all else takes its own: hand.c
ACTUATOR_DEG = 360.0  # one turn, DYNAMIXEL position control mode


@dataclass(frozen=True)
class Joint:
    """One axis, in degrees of the joint; the actuator is at zero + direction * gear * angle."""

    name: str
    actuator: int
    direction: int
    gear: float
    zero_deg: float
    min_deg: float
    max_deg: float
    speed_dps: float
    current_ma: float


@dataclass(frozen=True)
class Dof:
    """One output of the decoder: the grip, or one joint. RELEASE drives against `closing`."""

    name: str
    kind: str
    joint: str | None
    positive: str
    negative: str
    closing: int


@dataclass(frozen=True)
class Grip:
    """Postures at closure 0 and 1 by joint name; a joint not named is left where it is."""

    name: str
    title: str
    open_deg: dict[str, float]
    closed_deg: dict[str, float]
    start: dict[str, float]
    stop: dict[str, float]
    close_s: float
    force_cap: float


@dataclass(frozen=True)
class Digit:
    """A digit: the joint that presses its tip, and the force sensor there (`channel` -1: none)."""

    name: str
    joint: str
    channel: int
    zero_counts: float
    n_per_count: float


@dataclass(frozen=True)
class Hand:
    """A hand file. `hash32` names its values, whatever the layout of the file."""

    name: str
    title: str
    joints: tuple[Joint, ...]
    dofs: tuple[Dof, ...]
    grips: tuple[Grip, ...]
    digits: tuple[Digit, ...]
    rest_grip: str
    supply_ma: float
    hash32: int
    path: Path

    def joint(self, name: str) -> Joint:
        """The joint of that name."""
        return next(joint for joint in self.joints if joint.name == name)


@dataclass(frozen=True)
class Site:
    """One pair of electrodes. `channel` counts from 1 as on the board; `function` may be empty."""

    label: str
    channel: int
    nerve: str
    muscle: str
    function: str
    position: str


@dataclass(frozen=True)
class Montage:
    """Where the electrodes are: the preset of one level of amputation."""

    name: str
    title: str
    level: str
    sites: tuple[Site, ...]


def hand_names() -> list[str]:
    """Hands that come with Endplate."""
    return found("hands")


def montage_names() -> list[str]:
    """Montages that come with Endplate; free-1 to free-64 exist besides."""
    return found("montages")


def load_hand(name_or_path: str | Path) -> Hand:
    """Reads a hand by its name (`test-hand`) or path, and checks all of it."""
    path, raw = read_toml("hands", name_or_path)
    top = Table(path, "the file", raw)
    name = _short(top, top.text("name"))
    title = top.text("title", "")
    joints = tuple(_joint(table) for table in top.tables("joint", 1, MAX_JOINTS))
    _unique(path, "joint", [joint.name for joint in joints])
    dofs = tuple(_dof(table, joints) for table in top.tables("dof", 1, MAX_DOF))
    driven: set[str | None] = {dof.joint for dof in dofs if dof.joint}
    grips = tuple(_grip(table, joints, driven) for table in top.tables("grip", 1, MAX_GRIPS))
    digits = tuple(_digit(table, joints) for table in top.tables("digit", 0, len(DIGITS)))
    rest_grip = top.text("rest_grip")
    supply_ma = top.number("supply_ma", 1.0, 100000.0)
    top.finish()
    _unique(path, "DoF", [dof.name for dof in dofs])
    _unique(path, "grip", [grip.name for grip in grips])
    _unique(path, "digit", [digit.name for digit in digits])
    _unique(path, "channel", [str(digit.channel) for digit in digits if digit.channel >= 0])
    owner: dict[int, str] = {}
    for joint in joints:
        if joint.actuator in owner:
            refuse(path, f"joints {owner[joint.actuator]} and {joint.name} both use actuator "
                         f"{joint.actuator}: give each an id of its own")
        owner[joint.actuator] = joint.name
    if len([dof for dof in dofs if dof.kind == "grip"]) > 1:
        refuse(path, "more than one DoF is of the kind \"grip\": a hand has one")
    if len(driven) < len([dof for dof in dofs if dof.kind == "joint"]):
        refuse(path, "two DoF move the same joint: give each joint one DoF")
    if rest_grip not in [grip.name for grip in grips]:
        refuse(path, f"rest_grip is \"{rest_grip}\", which is none of its grips")
    least = sum(joint.current_ma * (1.0 if joint.name in driven else FINGERS_LEAST)
                for joint in joints)
    if supply_ma < least:
        refuse(path, f"supply_ma is {supply_ma:g} but must be at least {least:g}: all that joints "
                     "with a DoF of their own may take, and a fifth of what the others may")
    hand = Hand(name, title, joints, dofs, grips, digits, rest_grip, supply_ma, 0, path)
    return replace(hand, hash32=_hash32(hand))


def load_montage(name_or_path: str | Path) -> Montage:
    """Reads a montage by its name or path; `free-N` needs no file."""
    free = re.fullmatch(r"free-(\d{1,2})", str(name_or_path))
    if free and 1 <= int(free[1]) <= MAX_SITES:
        count = int(free[1])
        sites = tuple(Site(f"Site {k}", k, "", "", "", "") for k in range(1, count + 1))
        return Montage(f"free-{count}", f"Free, {count} site{'s' * (count > 1)}", "free", sites)
    path, raw = read_toml("montages", name_or_path)
    top = Table(path, "the file", raw)
    name, title, level = top.text("name"), top.text("title", ""), top.text("level")
    sites = tuple(_site(table) for table in top.tables("site", 1, MAX_SITES))
    top.finish()
    _unique(path, "site", [site.label for site in sites])
    owner: dict[int, str] = {}
    for site in sites:
        if site.channel in owner:
            refuse(path, f"sites {owner[site.channel]} and {site.label} both use channel "
                         f"{site.channel}: give each a channel of its own")
        owner[site.channel] = site.label
    return Montage(name, title, level, sites)


def core_table(hand: Hand) -> dict:
    """The hand as the fields of `hand_config` (firmware/core/hand.h), strings as bytes."""
    names = [joint.name for joint in hand.joints]
    digits = {digit.name: digit for digit in hand.digits}

    def by_joint(values: dict[str, float], default: float) -> list[float]:
        return [values.get(name, default) for name in names]

    return {
        "name": hand.name.encode(),
        "joints": len(hand.joints),
        "dofs": len(hand.dofs),
        "grips": len(hand.grips),
        "rest_grip": [grip.name for grip in hand.grips].index(hand.rest_grip),
        "joint": [{**asdict(joint), "name": joint.name.encode()} for joint in hand.joints],
        "dof": [
            {
                "name": dof.name.encode(),
                "kind": 0 if dof.kind == "grip" else 1,
                "joint": names.index(dof.joint) if dof.joint else 0,
                "closing": dof.closing,
            }
            for dof in hand.dofs
        ],
        "grip": [
            {
                "name": grip.name.encode(),
                "open_deg": by_joint(grip.open_deg, math.nan),
                "closed_deg": by_joint(grip.closed_deg, math.nan),
                "start": by_joint(grip.start, 0.0),
                "stop": by_joint(grip.stop, 1.0),
                "close_s": grip.close_s,
                "force_cap": grip.force_cap,
            }
            for grip in hand.grips
        ],
        "digit": [
            {
                "joint": names.index(digit.joint),
                "channel": digit.channel,
                "zero_counts": digit.zero_counts,
                "n_per_count": digit.n_per_count,
            }
            if (digit := digits.get(name))
            else {"joint": -1, "channel": -1, "zero_counts": 0.0, "n_per_count": 0.0}
            for name in DIGITS
        ],
        "supply_ma": hand.supply_ma,
    }


def c_table(hand: Hand) -> str:
    """C source that defines `hand_table` and `hand_table_hash` for the firmware."""
    return (
        "/* SPDX-License-Identifier: MIT\n"
        f" * Written from {hand.path.name} by hand_table.py: change that file, not this one. */\n"
        "#include <math.h>\n\n"
        '#include "hand.h"\n\n'
        "extern const hand_config hand_table;\n"
        "extern const uint32_t hand_table_hash;\n\n"
        f"const hand_config hand_table = {_c_value(core_table(hand), '')};\n\n"
        f"const uint32_t hand_table_hash = 0x{hand.hash32:08x}u;\n"
    )


def _c_value(value: object, indent: str) -> str:
    inner = indent + "    "
    if isinstance(value, dict):
        rows = "".join(f"{inner}.{key} = {_c_value(each, inner)},\n" for key, each in value.items())
        return "{\n" + rows + indent + "}"
    if isinstance(value, list):
        if isinstance(value[0], dict):
            rows = "".join(f"{inner}{_c_value(each, inner)},\n" for each in value)
            return "{\n" + rows + indent + "}"
        return "{" + ", ".join(_c_value(each, inner) for each in value) + "}"
    if isinstance(value, bytes):
        return f'"{value.decode()}"'
    if isinstance(value, float):
        return "NAN" if math.isnan(value) else f"{value!r}f"
    return str(value)


def _hash32(hand: Hand) -> int:
    values = asdict(hand)
    del values["hash32"], values["path"]
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _unique(path: Path, what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            refuse(path, f"{what} \"{name}\" is there twice: give each a name of its own")


def _short(table: Table, name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or len(name) > MAX_NAME:
        table.refuse(f"name \"{name}\" must be 1 to {MAX_NAME} of the characters a-z 0-9 _ -")
    return name


def _joint(table: Table) -> Joint:
    table.called(name := _short(table, table.text("name")))
    joint = Joint(
        name=name,
        actuator=table.integer("actuator", 1, 252),
        direction=table.integer("direction", -1, 1),
        gear=table.number("gear", 0.01, 100.0),
        zero_deg=table.number("zero_deg", -720.0, 720.0),
        min_deg=table.number("min_deg", -720.0, 720.0),
        max_deg=table.number("max_deg", -720.0, 720.0),
        speed_dps=table.number("speed_dps", 0.1, 2000.0),
        current_ma=table.number("current_ma", 1.0, 30000.0),
    )
    table.finish()
    if joint.direction == 0:
        table.refuse("direction must be 1 or -1")
    if not joint.min_deg < joint.max_deg:
        table.refuse(f"min_deg {joint.min_deg:g} is not below max_deg {joint.max_deg:g}: "
                     "swap or correct them")
    ends = [joint.zero_deg + joint.direction * joint.gear * deg
            for deg in (joint.min_deg, joint.max_deg)]
    if min(ends) < 0.0 or max(ends) > ACTUATOR_DEG:
        table.refuse(f"its actuator would have to turn from {ends[0]:g} to {ends[1]:g} degrees, "
                     "but has 0 to 360: change gear, zero_deg or the limits")
    return joint


def _dof(table: Table, joints: tuple[Joint, ...]) -> Dof:
    table.called(name := _short(table, table.text("name")))
    kind = table.text("kind")
    if kind not in ("grip", "joint"):
        table.refuse(f"kind is \"{kind}\" but must be \"grip\" or \"joint\"")
    joint = table.text("joint") if kind == "joint" else None
    if joint is not None and joint not in [each.name for each in joints]:
        table.refuse(f"joint \"{joint}\" is not one of the hand's joints")
    dof = Dof(name, kind, joint, table.text("positive"), table.text("negative"),
              table.integer("closing", -1, 1))
    table.finish()
    if kind == "grip" and dof.closing == 0:
        table.refuse("closing must be 1 or -1 for the grip: RELEASE drives the other way")
    return dof


def _grip(table: Table, joints: tuple[Joint, ...], driven: set[str | None]) -> Grip:
    table.called(name := _short(table, table.text("name")))
    title, close_s = table.text("title", ""), table.number("close_s", 0.05, 60.0)
    force_cap = table.number("force_cap", 0.05, 1.0)
    opened, closed = table.numbers("open"), table.numbers("closed")
    start, stop = table.numbers("start", {}), table.numbers("stop", {})
    table.finish()
    known = {joint.name: joint for joint in joints}
    for key in (*opened, *closed, *start, *stop):
        if key not in known:
            table.refuse(f"\"{key}\" is not one of the hand's joints")
        if key in driven:
            table.refuse(f"joint {key} has a DoF of its own and may not be in a grip")
    for key in (*opened, *closed, *start, *stop):
        if key not in opened or key not in closed:
            table.refuse(f"joint {key} needs an angle in both open and closed")
    for key in opened:
        joint = known[key]
        for deg in (opened[key], closed[key]):
            if not joint.min_deg <= deg <= joint.max_deg:
                table.refuse(f"{key} at {deg:g} degrees is outside the joint's limits "
                             f"{joint.min_deg:g} to {joint.max_deg:g}")
        begin, end = start.setdefault(key, 0.0), stop.setdefault(key, 1.0)
        if not 0.0 <= begin < end <= 1.0:
            table.refuse(f"{key} must have 0 <= start < stop <= 1, not {begin:g} and {end:g}")
        asked = abs(closed[key] - opened[key]) / ((end - begin) * close_s)
        if asked > joint.speed_dps:
            table.refuse(f"{key} would have to move at {asked:.0f} degrees/s where its speed_dps "
                         f"is {joint.speed_dps:g}: lengthen close_s")
    return Grip(name, title, opened, closed, start, stop, close_s, force_cap)


def _digit(table: Table, joints: tuple[Joint, ...]) -> Digit:
    table.called(name := _short(table, table.text("name")))
    if name not in DIGITS:
        table.refuse(f"name must be one of {', '.join(DIGITS)}")
    joint = table.text("joint")
    if joint not in [each.name for each in joints]:
        table.refuse(f"joint \"{joint}\" is not one of the hand's joints")
    channel = table.integer("channel", 0, MAX_FORCE_CHANNEL, -1)
    zero, scale = 0.0, 0.0
    if channel >= 0:
        zero = table.number("zero_counts", 0.0, COUNTS)
        scale = table.number("n_per_count", 1.0e-5, 1.0)
    table.finish()
    return Digit(name, joint, channel, zero, scale)


def _site(table: Table) -> Site:
    table.called(label := table.text("label"))
    site = Site(label, table.integer("channel", 1, MAX_CHANNEL), table.text("nerve", ""),
                table.text("muscle", ""), table.text("function", ""), table.text("position", ""))
    table.finish()
    return site
