# SPDX-License-Identifier: GPL-3.0-or-later
"""hw/*.md and the drawing say what firmware and hand file do: pins, sums of current, parts."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from endplate.hardware import load_hand

ROOT = Path(__file__).resolve().parents[2]
HW = ROOT / "hw"
BOARDS = (HW / "boards.md").read_text()
FLAT = re.sub(r"\s+", " ", BOARDS)
PARTS = (HW / "bill-of-materials.md").read_text()
FLASHING = (HW / "flashing.md").read_text()
HAND = load_hand(HW / "hands" / "test-hand.toml")
F405 = ROOT / "firmware" / "f405"
BOARD_C = "".join(
    (F405 / f"{one}_f405.c").read_text() for one in ("board", "buttons", "frontend")
)
FRONT_END_H = (F405 / "frontend_f405.h").read_text()
STANDBY_MA = 17  # ROBOTIS e-manual, XL330-M288-T
PIN = re.compile(r"P[A-D]\d+|NRST|BOOT0")


def section(text: str, title: str) -> str:
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.M | re.S)
    assert found, f"no section {title}"
    return found[2]


def rows(text: str) -> list[list[str]]:
    """Rows of the tables in a text, without heads and rules."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    rules = [i for i, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for i, row in enumerate(cells) if i not in rules and i + 1 not in rules]


USED = {  # pin: peripheral, mode, pull, to, what
    row[0]: row[2:] for row in rows(section(BOARDS, "Pins in use")) if len(row) == 7
}
CHIPS_OWN = [row for row in rows(section(BOARDS, "Pins in use")) if len(row) == 3]
PLANNED = [[row[0], *row[2:]] for row in rows(section(BOARDS, "PLANNED pins"))]
TOUCH = [[row[0], *row[2:]] for row in rows(section(BOARDS, "Force inputs and tactor"))]
TOUCH_C = (F405 / "touch_f405.c").read_text()
#: What the board leads out, by its maker (product 4382): the label beside the hole.
FEATHER = {
    "A0": "PA4", "A1": "PA5", "A2": "PA6", "A3": "PA7", "A4": "PC4", "A5": "PC5",
    "SCK": "PB13", "MO": "PB15", "MI": "PB14", "RX": "PB11", "TX": "PB10", "SDA": "PB7",
    "SCL": "PB6", "D5": "PC7", "D6": "PC6", "D9": "PB8", "D10": "PB9", "D11": "PC3",
    "D12": "PC2", "D13": "PC1",
}  # fmt: skip
CONNECTORS = {row[0].split()[0]: row for row in rows(section(BOARDS, "Connectors"))}


# ---- pins: the document against the registers ----


def written(register: str, port: str) -> int:
    """The bits set in a register: what it keeps of the old ones is left out."""
    found = re.findall(rf"^ +{register}\(PORT_{port}\) \|?= (.*);", BOARD_C, re.M)
    kept = re.compile(r"\(GPIO_.* & ~\(.*?\)+ \| ")
    value = 0
    for term in " | ".join(kept.sub("", line) for line in found).split(" | ") if found else ():
        number, shift = re.fullmatch(r"(\w+)u << \(?(2 \* \w+_PIN|\d+)\)?", term).groups()
        value |= int(number, 0) << (int(shift) if shift.isdigit() else 2 * pin_named(shift[4:]))
    return value


def pin_named(name: str) -> int:
    return int(re.search(rf"\b{name} = (\d+)", BOARD_C)[1])


def fields(value: int) -> dict[int, int]:
    """Two bits a pin, pins that are not 0."""
    return {pin: value >> 2 * pin & 3 for pin in range(16) if value >> 2 * pin & 3}


def test_modes_of_the_pins_in_use():
    names = {1: "output", 2: "alternate"}
    set_up = {
        f"P{port}{pin}": names[mode]
        for port in "ABC"
        for pin, mode in fields(written("GPIO_MODER", port)).items()
    }
    modes = {pin: row[1].split(",")[0] for pin, row in USED.items()}
    assert set_up == {pin: mode for pin, mode in modes.items() if mode != "input"}
    assert len(set_up) == 9 and len(USED) == 13


def test_pulls_and_the_open_drain():
    names = {1: "up", 2: "down"}
    pulls = {
        f"P{port}{pin}": names[pull]
        for port in "ABC"
        for pin, pull in fields(written("GPIO_PUPDR", port)).items()
    }
    assert pulls == {pin: row[2] for pin, row in USED.items() if row[2] != "none"}
    drains = {
        f"P{port}{pin}"
        for port in "ABC"
        for pin in range(16)
        if written("GPIO_OTYPER", port) >> pin & 1
    }
    assert drains == {pin for pin, row in USED.items() if "open drain" in row[1]}


def test_alternate_functions():
    """RM0090 and DS8626, table 9: 7 is USART1 to 3, 5 is SPI1 and 2."""
    functions = {
        f"P{port}{8 * high + pin}": written(f"GPIO_AFR{'LH'[high]}", port) >> 4 * pin & 15
        for port in "ABC"
        for high in (0, 1)
        for pin in range(8)
    }
    wanted = {"USART": 7, "SPI2 ": 5}
    assert {pin: number for pin, number in functions.items() if number} == {
        pin: wanted[row[0][:5]] for pin, row in USED.items() if "alternate" in row[1]
    }


def test_peripherals_and_the_comments_of_the_sources():
    named: dict[str, str] = {}
    for line in re.findall(r"^ \*   (P[A-D]\d.*)$", BOARD_C, re.M)[:3]:  # board_f405.c's
        pins = re.match(r"P[A-D]\d+(?:, P[A-D]\d+)*", line)
        assert pins
        for pin in pins[0].split(", "):
            named[pin] = line[pins.end() :].split()[0]
    for pin, what in named.items():
        assert USED[pin][0].split()[0] == what.replace("out", "GPIO"), pin
    bus = re.search(r"usart_start\(&bus_port, (\w+), \w+, \w+, 1\)", BOARD_C)
    assert bus and bus[1] == USED["PB10"][0].split()[0]
    front = set(re.findall(r"\bP[A-D]\d+", FRONT_END_H))
    assert front | named.keys() | {"PC6", "PC7", "PB11"} == USED.keys() and len(named) == 4
    for port, name, what in (
        ("B", "SELECT_PIN", "select"), ("C", "READY_PIN", "DRDY"), ("C", "RESET_PIN", "RESET"),
        ("C", "ESTOP_PIN", "e-stop"), ("C", "RELEASE_PIN", "release"), ("C", "SUPPLY_PIN", "supp"),
    ):  # fmt: skip
        assert what in USED[f"P{port}{pin_named(name)}"][4], name


def test_pins_are_led_out_under_the_name_given():
    table = [
        row
        for title in ("Pins in use", "Force inputs and tactor", "PLANNED pins")
        for row in rows(section(BOARDS, title))
    ]
    given = {row[1]: row[0] for row in table if len(row) >= 5}
    assert given == FEATHER, "all twenty, each by its label"


def test_serial_lines_are_exact_from_the_crystal():
    crystal = int(re.search(r"CRYSTAL_MHZ = (\d+)", BOARD_C)[1])
    assert f"crystal of {crystal} MHz" in FLAT
    core = crystal / crystal * 336 / 2
    assert core == 168
    for name, apb in (("LINK_DIVIDER", 2), ("BUS_DIVIDER", 4)):
        assert core / apb / int(re.search(rf"{name} = (\d+)", BOARD_C)[1]) == 1


def test_force_inputs_and_tactor_are_the_firmwares():
    found = re.search(r"INPUT\[CHANNELS\] = \{([\d, ]+)\}", TOUCH_C)[1]
    inputs = [int(number) for number in found.split(",")]
    told = {row[0]: row[1] for row in TOUCH}
    for digit, number in zip(HAND.digits, inputs, strict=True):
        assert digit.channel == inputs.index(number)
        pin = next(row[0] for row in TOUCH if row[3] == f"force sensor, {digit.name}")
        assert told[pin] == f"ADC IN{number}"
        port, bit = pin[1], int(pin[2:])
        analogue = re.search(rf"GPIO_MODER\(PORT_{port}\) \|= (.*?);", TOUCH_C)[1]
        assert f"two_bits({bit}, 3u)" in analogue, "analogue"
        assert number == {"A": 0, "C": 10}[port] + bit, "the chip's own numbering"
        assert digit.zero_counts == pytest.approx(0.5 / 3.3 * 4095, abs=1)
        assert digit.n_per_count == pytest.approx(3.3 / 4095 / 0.1, abs=1e-5)
    assert told["PB8"] == "TIM4 CH3" and "TIM4_CCR3" in TOUCH_C and "two_bits(8, 2u)" in TOUCH_C
    quantity = {row[0]: row[1] for row in rows(PARTS)}
    assert quantity["force sensor"] == str(len(HAND.digits)) and quantity["tactor"] == "1"


def test_no_pin_serves_twice():
    pins = [*USED, *(row[0] for row in CHIPS_OWN), *(row[0] for row in PLANNED + TOUCH)]
    assert all(PIN.fullmatch(pin) for pin in pins), pins
    assert len(pins) == len(set(pins))
    assert len(PLANNED + TOUCH) == 7


def test_every_pin_goes_to_a_pin_of_a_connector():
    ends = []
    wired = [[pin, row[3]] for pin, row in USED.items()] + [
        [row[0], row[2]] for row in PLANNED + TOUCH
    ]
    for row in wired + CHIPS_OWN:
        for connector, number in re.findall(r"(J\d+)\.(\d+)", row[1]):
            size = re.search(r"(\d+) pins", CONNECTORS[connector][1])
            most = int(size[1]) if size else len(CONNECTORS[connector][2].split(", "))
            assert 1 <= int(number) <= most, f"{row[0]}: {connector} has no pin {number}"
            ends.append((connector, number))
    assert len(ends) == len(set(ends))


# ---- currents: the document against the hand file ----


def test_sum_of_each_branch_and_of_all():
    table = [row for row in rows(section(BOARDS, "Supply")) if re.fullmatch(r"\d+ mA", row[-1])]
    of = {joint.actuator: joint.current_ma for joint in HAND.joints}
    seen: list[int] = []
    for connector, actuators, stated in table[:-1]:
        ids = [int(one) for one in actuators.split(", ")]
        seen += ids
        assert stated == f"{sum(of[one] for one in ids):.0f} mA", connector
        assert sum(of[one] for one in ids) <= 3000, f"{connector}: above 3 A a contact"
    assert sorted(seen) == sorted(of)
    assert table[-1] == ["all", str(len(of)), f"{sum(of.values()):.0f} mA"]


def test_sum_of_the_regulator():
    loads = {row[0]: row[1] for row in rows(section(BOARDS, "Supply"))}
    joints = sum(joint.current_ma for joint in HAND.joints)
    standby = STANDBY_MA * len(HAND.joints)
    assert float(loads["joints"]) == joints
    assert float(loads["actuators' electronics"]) == standby
    total = joints + standby + int(loads["board and sensors"])
    assert loads["**sum**"] == f"**{total:.0f}**"
    rated = re.search(r"5\.0 V, (\d+) A continuous", FLAT)
    assert rated and float(rated[1]) * 1000 > 1.3 * total
    assert f"{total:.0f} mA" in PARTS and f"{joints:.0f} mA" in PARTS
    assert f"{rated[1]} A continuous" in PARTS
    watts, volts, amperes = (
        float(one)
        for one in re.search(r"([\d.]+) W / 0\.9 / ([\d.]+) V = ([\d.]+) A", FLAT).groups()
    )
    assert watts == pytest.approx(5e-3 * total, abs=0.1)
    assert amperes == pytest.approx(watts / 0.9 / volts, abs=0.06)


def test_edge_of_the_bus():
    ohm = float(re.search(r"R1, pull-up \| (\d+) ohm", BOARDS)[1])
    farad = 1e-12 * float(re.search(r"= (\d+) pF \(estimate\)", BOARDS)[1])
    assert farad == pytest.approx(1e-12 * (15 * len(HAND.joints) + 150))
    assert 1e-6 * float(re.search(r"1\.2 R C = ([\d.]+) us", BOARDS)[1]) == pytest.approx(
        1.2 * ohm * farad, rel=0.03
    )
    assert 3.3 / ohm < 8e-3


# ---- parts, drawing, flashing ----


def test_as_many_actuators_as_the_hand_has():
    quantity = {row[0]: int(row[1]) for row in rows(PARTS) if row[1].isdigit()}
    assert quantity["actuator"] == len(HAND.joints)
    assert quantity["actuator cable"] == len(HAND.joints)
    for part in re.findall(r"\b(?:ISO77\d\d|ADS1299)", BOARDS):
        assert part in PARTS, f"{part} is wired, and not in the bill of materials"
    assert not re.search(r"https?://|[$\u20ac]|\bEUR\b|\bUSD\b", PARTS)


def test_drawing_has_a_title_and_every_connector():
    root = ElementTree.parse(HW / "wiring.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    title = root.find(f"{space}title")
    assert title is not None and title.text
    texts = {(one.text or "").strip() for one in root.iter(f"{space}text")}
    assert len(CONNECTORS) >= 8
    assert set(CONNECTORS) <= texts, set(CONNECTORS) - texts
    assert {one for one in texts if re.fullmatch(r"J\d+", one)} == set(CONNECTORS)
    said = " ".join(texts)
    for pin in USED:
        assert re.search(rf"\b{pin}\b", said), f"{pin} is not drawn"
    asked = re.search(r"\*\*sum\*\* \| \*\*(\d+)\*\*", BOARDS)[1]
    for one in ("barrier B1", "barrier B2", "barrier B3", f"{asked} mA"):
        assert one in said, one


def test_drawing_needs_no_colour():
    colours = re.findall(r'(?:fill|stroke)(?:: |=")([^;\s"]+)', (HW / "wiring.svg").read_text())
    assert set(colours) == {"#fff", "#000", "none"}


def test_texts_stay_inside_the_drawing():
    """By a rough mean width of a letter."""
    root = ElementTree.parse(HW / "wiring.svg").getroot()
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        kind = text.get("class", "")
        size = 17 if "head" in kind else 13 if "small" in kind else 15
        wide = 0.62 * size * len(text.text or "")
        x = float(text.get("x", "nan")) - (wide / 2 if "mid" in kind or "white" in kind else 0)
        assert 0 <= x and x + wide <= 1200, text.text
        assert 0 < float(text.get("y", "nan")) < 900, text.text


def test_links_of_hw_lead_somewhere():
    for path in HW.glob("*.md"):
        links = re.findall(r"\]\(([^)#]+)\)", path.read_text())
        assert links, f"{path.name} links nothing"
        for link in links:
            assert "://" in link or (path.parent / link).exists(), f"{path.name}: {link}"
    named = (HW / "README.md").read_text()
    for name in ("boards.md", "wiring.svg", "bill-of-materials.md", "flashing.md"):
        assert f"]({name})" in named


def test_flashing_writes_where_the_image_is_linked():
    script, flash = (F405 / "f405.ld").read_text(), (F405 / "flash_f405.c").read_text()
    boot = re.search(r"BOOT \(r\)\s*: ORIGIN = (0x\w+)", script)[1]
    slots = re.search(r"SLOT_ADDRESS\[2\] = \{(0x\w+)u, (0x\w+)u\}", flash).groups()
    store = re.search(r"\{10, (0x\w+)u\}, \{11, (0x\w+)u\}", flash).groups()
    named = {int(one, 16) for one in re.findall(r"0x08[0-9A-Fa-f]{6}", FLASHING)}
    assert named == {int(one, 16) for one in (boot, *slots, store[0])}
    made = (ROOT / "firmware" / "Makefile").read_text()
    assert re.findall(r"^SLOT_[AB] := (0x\w+)", made, re.M) == list(slots)
    whole = {int(one, 16) for one in re.findall(r"0x08000000[: ](0x\w+)", FLASHING)}
    assert whole == {0x100000}
    erased = re.search(r"erase_address (0x\w+) (0x\w+)", FLASHING)
    first, size = (int(one, 16) for one in erased.groups())
    assert first == int(store[0], 16) and first + size == int(boot, 16) + 0x100000
    assert "silicon" in FLASHING and "QEMU" in FLASHING


def test_commands_of_flashing_are_commands():
    from endplate.cli import parser

    made = re.findall(r"^    make (.*?)(?:   .*)?$", FLASHING, re.M)
    assert len(made) == 3
    for line in made:
        done = subprocess.run(["make", "-n", *line.split()], cwd=ROOT, capture_output=True)
        assert done.returncode == 0 or not shutil.which("arm-none-eabi-gcc"), line
    shown = re.findall(r"endplate (hand \w+ /dev/\w+(?: \S+\.epfw)?)", FLASHING)
    assert len(shown) >= 2
    for line in shown:
        assert callable(parser("hand").parse_args(line.split()).run)


def test_lines_of_the_documents():
    for path in HW.glob("*.md"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            table = line.startswith("|") or line.startswith("    ")
            assert table or len(line) <= 110, f"{path.name}:{number}"
