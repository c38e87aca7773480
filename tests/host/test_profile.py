# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile is kept to the bit, and refused when anything about it is wrong."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from endplate import core, core_decoder
from endplate.errors import ProfileError
from endplate.live import profile as module
from endplate.live import profile_file as files
from endplate.live.decoder import STATISTICS, inputs, plain
from endplate.live.profile import Profile, chain_settings, timing
from endplate.live.profile_file import load_profile, save_profile


def a_profile(**changes) -> Profile:
    shape = {
        "dead_band": 0.1, "slew_per_s": 5.0,
        "positive": {"gain": 1.1, "exponent": 1.0}, "negative": {"gain": 0.9, "exponent": 1.5},
    }
    made = Profile(
        name="Anna", montage="four", hand="test-hand", board="cyton", rate_hz=250.0, mains_hz=50.0,
        uv_per_count=0.02235, full_scale_uv=187500.0, channels=(2, 5), site_labels=("a", "b"),
        dofs=("hand", "elbow"), hop_samples=5, window_hops=8, form="rms", rest_uv2=[16.1, 1 / 3],
        reference_uv=[80.0, 90.0], floor_uv2=[16.1, 1 / 3],
        decoder=plain([[1.0, -0.1], [0.2, 1.0 / 7]], [0.01, -0.02]),
        needs=[[0], [0, 1]], shape={"hand": shape, "elbow": shape},
        report={"r2": {"hand": 0.9}, "snr_db": [20.0, None]}, simulated=True,
        created="2026-01-01T00:00:00+00:00",
    )
    return replace(made, **changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "anna.json"


def rewrite(path, change, keep_hash=False):
    content = json.loads(path.read_text())
    change(content)
    if not keep_hash:
        content["sha256"] = files.digest(content)
    path.write_text(json.dumps(content))


def test_a_saved_profile_comes_back_to_the_bit(path):
    save_profile(a_profile(), path)
    assert load_profile(path) == a_profile()


def test_the_file_is_text_that_a_person_can_read(path):
    save_profile(a_profile(), path)
    lines = path.read_text().splitlines()
    assert '  "name": "Anna",' in lines
    assert '  "rest_uv2": [16.1, 0.3333333333333333],' in lines


def test_layout_does_not_matter_but_values_do(path):
    save_profile(a_profile(), path)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=7, sort_keys=True))
    assert load_profile(path) == a_profile()


def test_a_missing_file_is_named(path):
    with pytest.raises(ProfileError, match="There is no profile at .*anna.json"):
        load_profile(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_damaged(path, share):
    save_profile(a_profile(), path)
    text = path.read_text()
    path.write_text(text[: int(share * len(text))])
    with pytest.raises(ProfileError, match="damaged or cut short"):
        load_profile(path)


def test_bytes_that_are_no_text_are_damaged(path):
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ProfileError, match="damaged"):
        load_profile(path)


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"version": "one"}'])
def test_another_json_file_is_no_profile(path, text):
    path.write_text(text)
    with pytest.raises(ProfileError, match="is not an Endplate profile"):
        load_profile(path)


def test_an_edit_by_hand_is_noticed(path):
    save_profile(a_profile(), path)
    rewrite(path, lambda c: c["rest_uv2"].__setitem__(0, 1.5), keep_hash=True)
    with pytest.raises(ProfileError, match="was changed after calibration"):
        load_profile(path)


def test_a_newer_version_says_update(path):
    save_profile(a_profile(), path)
    rewrite(path, lambda c: c.update(version=module.VERSION + 1))
    with pytest.raises(ProfileError, match=f"version {module.VERSION + 1}.*update Endplate"):
        load_profile(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_even_with_a_right_hash(path, value):
    save_profile(a_profile(), path)
    text = path.read_text().replace('"norm_cap": 0.0', f'"norm_cap": {json.dumps(value)}')
    path.write_text(text)
    with pytest.raises(ProfileError, match="not finite"):
        load_profile(path)


def test_nothing_that_is_not_finite_is_ever_saved(path):
    with pytest.raises(ProfileError, match="not finite"):
        save_profile(a_profile(decoder=plain([[float("nan"), 0.0]] * 2, [0.0, 0.0])), path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(decoder=plain([[1.0], [1.0]], [0.0, 0.0])), "a decoder of 1 inputs"),
        (dict(decoder=plain([[1.0, 0.5]], [0.0])), "a decoder of kind linear for 1 DoF"),
        (dict(decoder=plain([[1.0, 0.5]] * 2, [0.0] * 2) | {"kind": "magic"}), "of kind magic"),
        (dict(decoder=plain([[1.0, 0.5]] * 2, [0.0] * 2) | {"pool": ["a"]}), "list of numbers"),
        (dict(statistics=3), "a decoder of 2 inputs"),
        (dict(difference_floor_uv2=[1.0]), "difference_floor_uv2 is not one per site"),
        (dict(rest_uv2=[1.0]), "rest_uv2 is not one per site"),
        (dict(needs=[[0], [2]]), "needs names a site"),
        (dict(channels=(2, 2)), "channels repeat"),
        (dict(form="magic"), "form magic"),
        (dict(reference_uv=[0.0, 1.0]), "out of range"),
        (dict(hop_samples=0), "out of range"),
        (dict(shape={}), "shape is not one per DoF"),
        (dict(needs=3), "wrong type"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(path, change, says):
    with pytest.raises(ProfileError, match=says):
        save_profile(a_profile(**change), path)
    save_profile(a_profile(), path)
    rewrite(path, lambda c: c.update(json.loads(json.dumps(change))))
    with pytest.raises(ProfileError, match=says):
        load_profile(path)


def test_a_lost_field_is_named(path):
    save_profile(a_profile(), path)
    rewrite(path, lambda c: c.pop("gate"))
    with pytest.raises(ProfileError, match=r"fields \(gate\)"):
        load_profile(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProfileError, match="cannot be written"):
        save_profile(a_profile(), tmp_path / "file" / "anna.json")


def test_a_save_leaves_the_old_file_or_the_new_one_and_no_debris(path, monkeypatch):
    save_profile(a_profile(), path)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(ProfileError, match="No space left"):
        save_profile(a_profile(name="new"), path)
    assert load_profile(path).name == "Anna"
    assert [p.name for p in path.parent.iterdir()] == ["anna.json"]


def a_montage(name="four", channel=5):
    sites = [SimpleNamespace(label="a", channel=2), SimpleNamespace(label="b", channel=channel)]
    return SimpleNamespace(name=name, sites=sites)


def a_hand(name="test-hand", dofs=("hand", "wrist_rotation", "elbow")):
    return SimpleNamespace(name=name, dofs=[SimpleNamespace(name=dof) for dof in dofs])


def test_the_right_montage_rate_and_hand_pass():
    a_profile().check_against(a_montage(), 250.0, a_hand())
    a_profile().check_against("four", 250, "test-hand")


@pytest.mark.parametrize(
    ("montage", "rate_hz", "hand", "says"),
    [
        (a_montage("six"), 250.0, a_hand(), "belongs to the montage four, not to six"),
        (a_montage(channel=6), 250.0, a_hand(), "no longer has the site b on channel 5"),
        (a_montage(), 125.0, a_hand(), "made at 250 samples/s, but this board gives 125"),
        (a_montage(), 250.0, a_hand("claw"), "made for the hand test-hand, not for claw"),
        (a_montage(), 250.0, a_hand(dofs=("hand",)), "moves elbow, which the hand"),
    ],
)
def test_whatever_differs_is_named(montage, rate_hz, hand, says):
    with pytest.raises(ProfileError, match=says) as caught:
        a_profile().check_against(montage, rate_hz, hand)
    assert str(caught.value).count(". ") == 0 and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("rate_hz", "hop", "window"),
    [(125, 3, 8), (200, 4, 8), (250, 5, 8), (500, 10, 8), (1000, 20, 8), (2000, 40, 8)],
)
def test_hop_and_window_suit_the_rate(rate_hz, hop, window):
    assert timing(rate_hz) == (hop, window)


def settings(profile, **changes):
    wanted = dict(rate_hz=250.0, channels=8, uv_per_count=0.02235, full_scale_uv=187500.0)
    return chain_settings(profile, **(wanted | changes))


def test_without_a_profile_nothing_moves():
    chain = core.Chain(settings(None))
    loud = np.random.default_rng(1).integers(-100_000, 100_000, (500, 8)).astype(np.int32)
    hops = chain.process(loud)
    assert len(hops) == 100 and not hops["target"].any()
    assert hops["power"][-1, :8].min() > 1e5


def test_sites_stand_at_their_channels():
    made = settings(a_profile())
    assert made["features"]["chosen_site"] == [1, 4]
    assert made["needs"] == [0b10, 0b10010]
    assert made["features"]["reference"][1] == 80.0
    assert made["thaw_hops"] == 50
    core.Chain(made)


def test_the_notches_are_the_profiles():
    made = settings(a_profile(mains_hz=60.0), mains_hz=50.0)
    assert made["notch"] == settings(None, mains_hz=60.0)["notch"]
    assert made["notch"] != settings(None, mains_hz=50.0)["notch"]


def test_outputs_may_stand_in_the_order_of_the_hand():
    made = settings(a_profile(), dofs=("hand", "wrist_rotation", "elbow"))
    assert made["place"] == [0, 2] and made["shape"]["dofs"] == 3
    assert made["needs"] == [0b10, 0, 0b10010]
    loud = np.random.default_rng(1).integers(-100_000, 100_000, (500, 8)).astype(np.int32)
    hops = core.Chain(made).process(loud)
    u = hops["activation"][:, [1, 4]].astype(float)
    expected = u @ np.array([[1.0, -0.1], [0.2, 1.0 / 7]]).T + [0.01, -0.02]
    assert hops["intent"][:, [0, 2]] == pytest.approx(expected, rel=1e-5)
    assert not hops["intent"][:, 1].any()


def test_a_dof_or_channel_that_is_not_there_is_refused():
    with pytest.raises(ProfileError, match="moves elbow"):
        settings(a_profile(), dofs=("hand",))
    with pytest.raises(ProfileError, match="channel 5, but this board has 4"):
        settings(a_profile(), channels=4)


def test_the_limits_are_those_of_the_core():
    assert (module.MAX_DOF, module.MAX_SITES) == (core.MAX_DOF, core.MAX_SITES)
    assert module.FORMS.index("rms") == core.lib.FEATURES_RMS
    for name, bit in STATISTICS.items():
        assert bit == getattr(core.lib, f"FEATURES_{name.upper().replace(' ', '_')}")
    chosen = {"sites": 8, "chosen": 5, "chosen_site": [0, 1, 2, 3, 4]}
    for bits in (1, 3, 17, 7, 31):
        assert inputs(bits, 5) == core_decoder.inputs(chosen | {"statistics": bits})
    assert module.FORMS.index("log") == core.lib.FEATURES_LOG
