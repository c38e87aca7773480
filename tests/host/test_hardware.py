# SPDX-License-Identifier: GPL-3.0-or-later
"""hw/: what the files say, what is refused and in which words, and the C table made from them."""

import ctypes
import math
import shutil
import subprocess
import sys

import pytest

from endplate import hardware
from endplate.errors import HardwareFileError
from endplate.hardware_file import folder

HAND = (folder("hands") / "test-hand.toml").read_text()
MONTAGE = (folder("montages") / "transhumeral-4.toml").read_text()


# ---- what there is ----

def test_the_test_hand():
    hand = hardware.load_hand("test-hand")
    assert [joint.name for joint in hand.joints] == [
        "thumb_flexion", "thumb_rotation", "index", "middle", "ring", "little", "wrist_rotation",
        "wrist_flexion", "elbow"]
    assert [joint.actuator for joint in hand.joints] == list(range(1, 10))
    assert [(dof.name, dof.positive, dof.negative) for dof in hand.dofs] == [
        ("hand", "close", "open"), ("wrist_rotation", "pronation", "supination"),
        ("wrist_flexion", "flexion", "extension"), ("elbow", "flexion", "extension")]
    assert [dof.closing for dof in hand.dofs] == [1, 0, 0, 0], "RELEASE opens the hand alone"
    assert {"power", "pinch", "tripod", "key", "point", "open"} == {g.name for g in hand.grips}


def test_the_transradial_hand_is_the_test_hand_without_its_elbow():
    whole, less = hardware.load_hand("test-hand"), hardware.load_hand("transradial")
    assert less.joints == whole.joints[:-1]
    assert less.dofs == whole.dofs[:-1]
    assert less.grips == whole.grips
    assert less.hash32 != whole.hash32


@pytest.mark.parametrize("name", hardware.hand_names())
def test_every_hand_loads_under_its_own_name(name):
    hand = hardware.load_hand(name)
    assert hand.name == name
    assert hardware.load_hand(hand.path) == hand


@pytest.mark.parametrize(("name", "sites"), [
    ("transhumeral-4", 4), ("shoulder-6", 6), ("transradial-4", 4), ("transradial-8", 8),
    ("free-8", 8), ("free-1", 1), ("free-64", 64)])
def test_every_montage(name, sites):
    montage = hardware.load_montage(name)
    assert (montage.name, len(montage.sites)) == (name, sites)
    assert [site.channel for site in montage.sites] == list(range(1, sites + 1))


def test_montage_files_are_all_listed_and_load():
    assert set(hardware.montage_names()) == {
        "transhumeral-4", "shoulder-6", "transradial-4", "transradial-8", "free-8"}
    for name in hardware.montage_names():
        path = folder("montages") / f"{name}.toml"
        assert hardware.load_montage(path) == hardware.load_montage(name)


def test_the_transhumeral_sites_are_those_of_the_surgery():
    sites = hardware.load_montage("transhumeral-4").sites
    assert [(site.nerve, site.function) for site in sites] == [
        ("musculocutaneous", "elbow flexion"), ("median", "hand close"),
        ("radial", "elbow extension"), ("distal radial", "hand open")]


def test_the_hash_is_of_the_values_and_not_of_the_layout(tmp_path):
    same, other = tmp_path / "same.toml", tmp_path / "other.toml"
    same.write_text("# another remark\n\n" + HAND.replace("gear = 2.0  ", "gear=2"))
    other.write_text(HAND.replace("close_s = 0.8", "close_s = 0.9"))
    original = hardware.load_hand("test-hand").hash32
    assert hardware.load_hand(same).hash32 == original
    assert hardware.load_hand(other).hash32 != original
    assert 0 < original < 2**32


# ---- what is refused ----

def refused(load, path):
    with pytest.raises(HardwareFileError) as caught:
        load(path)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence
    return sentence


@pytest.mark.parametrize(("old", "new", "says"), [
    ('rest_grip = "power"\n', "", "the key rest_grip is missing"),
    ('rest_grip = "power"', 'rest_grip = "fist"', 'rest_grip is "fist"'),
    ("max_deg = 70.0 ", "max_deg = -1.0 ", "thumb_flexion: min_deg 0 is not below max_deg -1"),
    ("actuator = 4\n", "actuator = 3\n", "joints index and middle both use actuator 3"),
    ("actuator = 4\n", "actuator = 300\n", "middle: actuator is 300 but must be from 1 to 252"),
    ("actuator = 4\n", "actuator = 4.5\n", "actuator is 4.5 but must be a whole number"),
    ("actuator = 4\n", 'actuator = "4"\n', "actuator must be a number"),
    ("actuator = 4\n", "actuator = true\n", "actuator must be a number"),
    ("zero_deg = 90.0", "zero_deg = 250.0", "would have to turn from 250 to 390 degrees"),
    ("max_deg = 90.0       # opp", "max_deg = nan #", "max_deg is nan"),
    ("current_ma = 400.0", "", "thumb_rotation: the key current_ma is missing"),
    ("current_ma = 400.0", "current_ma = 400\ncurent = 1", 'known of the key "curent"'),
    ('name = "ring"\nactuator', 'name = "index"\nactuator', 'joint "index" is there twice'),
    ('name = "ring"\nactuator', 'name = "Ring Finger"\nactuator', 'name "Ring Finger" must be'),
    ('name = "ring"\nactuator', 'name = "abcdefghijklmnop"\nactuator', "must be 1 to 15"),
    ('joint = "elbow"', 'joint = "knee"', 'dof elbow: joint "knee" is not one of'),
    ('joint = "elbow"', 'joint = "wrist_flexion"', "two DoF move the same joint"),
    ('kind = "grip"', 'kind = "fist"', 'kind is "fist"'),
    ("closing = 1", "closing = 0", "closing must be 1 or -1 for the grip"),
    ("index = 62, middle", "indx = 62, middle", '"indx" is not one of the hand'),
    ("index = 62, middle", "middle", "index needs an angle in both"),
    ("index = 62, middle", "index = 96, middle", "index at 96 degrees is outside"),
    ("index = 62, middle", "elbow = 62, middle", "elbow has a DoF of its own"),
    ("start = { thumb_flexion = 0.6 }", "start = { thumb_flexion = 1 }", "start < stop"),
    ("start = { thumb_flexion = 0.6 }", "start = 3", "start must be a table"),
    ("close_s = 1.0", "close_s = 0.2", "degrees/s where its speed_dps is 150: lengthen close_s"),
    ("close_s = 1.0", "close_s = inf", "close_s is inf"),
    ("force_cap = 0.4\n", "", "the key force_cap is missing"),
    ("force_cap = 0.4", "force_cap = 1.2", "force_cap is 1.2 but must be from 0.05 to 1"),
    ("supply_ma = 6000", "supply_ma = 2900", "supply_ma is 2900 but must be at least 2980: all"),
    ('name = "thumb"', 'name = "toe"', "name must be one of thumb, index"),
    ('joint = "ring"\nchannel', 'joint = "rung"\nchannel', '"rung" is not one of the hand'),
    ("channel = 1", "channel = 0", 'channel "0" is there twice'),
    ("channel = 1", "channel = 8", "channel is 8 but must be from 0 to 7"),
    ("n_per_count = 0.00806", "n_per_count = 0", "n_per_count is 0 but must be from 1e-05 to 1"),
    ("zero_counts = 620.0\n", "", "the key zero_counts is missing"),
    ('name = "pinch"', 'name = "power"', 'grip "power" is there twice'),
    ('positive = "close"', 'positive = ""', "positive is empty"),
    ("[[grip]]", "[grip]", "damaged"),
    ('title = "Test hand with wrist and elbow"', 'title = "Test', "damaged"),
])
def test_one_sentence_for_each_fault_of_a_hand_file(tmp_path, old, new, says):
    assert old in HAND, "the test's own search must match"
    path = tmp_path / "mine.toml"
    path.write_text(HAND.replace(old, new, 1))
    sentence = refused(hardware.load_hand, path)
    assert "mine.toml" in sentence
    assert says in sentence


@pytest.mark.parametrize(("old", "new", "says"), [
    ('level = "transhumeral"\n', "", "the key level is missing"),
    ("channel = 2", "channel = 1", "both use channel 1"),
    ("channel = 2", "channel = 0", "channel is 0 but must be from 1 to 64"),
    ('label = "Medial biceps"', 'label = "Lateral biceps"', "is there twice"),
    ('label = "Medial biceps"', "label = 2", "label must be a text"),
    ("[[site]]", "[[sites]]", "known of the key"),
])
def test_one_sentence_for_each_fault_of_a_montage(tmp_path, old, new, says):
    assert old in MONTAGE
    path = tmp_path / "mine.toml"
    path.write_text(MONTAGE.replace(old, new, 1))
    assert says in refused(hardware.load_montage, path)


def test_files_that_are_none(tmp_path):
    sentence = refused(hardware.load_hand, "nobody")
    assert '"nobody"' in sentence and "test-hand, transradial" in sentence
    sentence = refused(hardware.load_montage, tmp_path / "no.toml")
    assert "no.toml" in sentence and "transhumeral-4" in sentence
    assert "free-65" in refused(hardware.load_montage, "free-65")
    assert "free-0" in refused(hardware.load_montage, "free-0")
    assert "cannot be read" in refused(hardware.load_hand, tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00\x01")
    assert "not text" in refused(hardware.load_hand, tmp_path / "bytes.toml")
    (tmp_path / "empty.toml").write_text("")
    assert "name is missing" in refused(hardware.load_hand, tmp_path / "empty.toml")


def test_a_file_cut_short_anywhere_is_one_sentence(tmp_path):
    path = tmp_path / "cut.toml"
    for end in range(0, HAND.index("[[grip]]"), 97):  # a file cut between two grips is whole
        path.write_text(HAND[:end])
        refused(hardware.load_hand, path)


# ---- the C table ----

def test_the_firmware_compiles_the_same_numbers(tmp_path, root):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    core = pytest.importorskip("endplate.core")
    source, library = tmp_path / "hand_table.c", tmp_path / "hand_table.so"
    subprocess.run([sys.executable, root / "firmware" / "hand_table.py", "test-hand", source],
                   check=True)
    written = source.stat().st_mtime_ns
    subprocess.run([sys.executable, root / "firmware" / "hand_table.py", "test-hand", source],
                   check=True)
    assert source.stat().st_mtime_ns == written, "nothing new, nothing written"
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared",
                    "-fPIC", "-iquote", str(root / "firmware" / "core"), source, "-o", library],
                   check=True)
    compiled = ctypes.CDLL(str(library))
    size = core.ffi.sizeof("hand_config")
    held = (ctypes.c_char * size).in_dll(compiled, "hand_table")
    table = core.ffi.cast("hand_config *", ctypes.addressof(held))
    hand = hardware.load_hand("test-hand")
    assert ctypes.c_uint32.in_dll(compiled, "hand_table_hash").value == hand.hash32
    assert core.lib.hand_check(table) == core.lib.CORE_OK
    assert core.ffi.string(table.name).decode() == hand.name
    for index, joint in enumerate(hand.joints):
        there = table.joint[index]
        assert core.ffi.string(there.name).decode() == joint.name
        assert (there.actuator, there.direction) == (joint.actuator, joint.direction)
        assert (there.min_deg, there.max_deg) == (joint.min_deg, joint.max_deg)
    for index, grip in enumerate(hand.grips):
        for place, joint in enumerate(hand.joints):
            opened = table.grip[index].open_deg[place]
            if joint.name in grip.open_deg:
                assert opened == grip.open_deg[joint.name]
            else:
                assert math.isnan(opened)


def test_the_table_writer_says_what_is_wrong(tmp_path, root):
    done = subprocess.run(
        [sys.executable, root / "firmware" / "hand_table.py", "nobody", tmp_path / "x.c"],
        capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith('hand_table: There is no hand "nobody"')
    assert not (tmp_path / "x.c").exists()
