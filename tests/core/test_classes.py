# SPDX-License-Identifier: GPL-3.0-or-later
"""Which movement, and how much of it: the forward filter and the amplitudes against numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from endplate.core import CoreError, ffi, lib, pooled
from endplate.core_decoder import Decoder
from endplate.live.decoder import Pool, finished, linear, settings

INPUTS, AMPLITUDE = 9, 5


def decoder(
    classes: int = 6, dofs: int = 3, *, stay: float = 0.9, to_rest: float = 0.06,
    sharp: float = 1.0, bias: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Scores of random weights times `sharp`; some classes are of two DoF at once."""
    random, pool = np.random.default_rng(classes), Pool()
    pool.add([7.0] * 2)
    signs = np.zeros((classes - 1, dofs))
    for k in range(classes - 1):
        signs[k, k % dofs] = 1.0 if k // dofs % 2 == 0 else -1.0
        if k % 4 == 3 and dofs > 1:
            signs[k, (k + 1) % dofs] = -1.0
    part = {
        "classes": classes,
        "score": linear(
            pool, sharp * random.normal(0, 1, (classes, INPUTS)),
            random.normal(0, 1, classes) if bias is None else bias,
        ),
        "stay": stay, "to_rest": to_rest, "amplitude": AMPLITUDE, "sign_at": pool.add(signs),
        "amplitude_at": pool.add(random.normal(0.1, 0.5, (classes - 1, dofs, AMPLITUDE + 1))),
    }  # fmt: skip
    return settings(finished("classes", inputs=INPUTS, dofs=dofs, pool=pool, classes=part))


def plain(made: dict[str, Any], f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(P per hop, intent per hop) by numpy, in float64, with a matrix of transitions."""
    part, pool = made["classes"], np.array(made["pool"])
    count, dofs = part["classes"], made["dofs"]
    movements, score = count - 1, part["score"]
    stride = -(-count // 4) * 4
    weight = pool[score["weight"] :][: INPUTS * stride].reshape(INPUTS, stride)[:, :count]
    levels = f.astype(float) @ weight + pool[score["bias"] :][:count]
    signs = pool[part["sign_at"] :][: movements * dofs].reshape(movements, dofs)
    size = movements * dofs * (AMPLITUDE + 1)
    amplitude = pool[part["amplitude_at"] :][:size].reshape(movements, dofs, AMPLITUDE + 1)

    move, likely, found, intents = transitions(part), np.eye(count)[-1], [], []
    for hop, u in enumerate(f.astype(float)):
        likely = likely @ move * 2.0 ** (levels[hop] - levels[hop].max())
        likely /= likely.sum()
        total = likely[:-1].sum()
        m = likely[:-1] / total * math.sqrt(total)
        sizes = np.clip(amplitude[..., :-1] @ u[:AMPLITUDE] + amplitude[..., -1], 0, 1.1)
        found.append(likely)
        intents.append(np.einsum("k,kd,kd->d", m, signs, sizes))
    return np.array(found), np.array(intents)


def transitions(part: dict[str, Any]) -> np.ndarray:
    """Probability from (rows) each class to each other."""
    count = part["classes"]
    movements = count - 1
    move = np.zeros((count, count))
    for k in range(movements):
        others = [j for j in range(movements) if j != k]
        move[k, others] = (1 - part["stay"] - part["to_rest"]) / max(1, len(others))
        move[k, k], move[k, -1] = part["stay"], part["to_rest"]
    move[-1, :-1], move[-1, -1] = (1 - part["stay"]) / movements, part["stay"]
    return move


def walked(made: dict[str, Any], f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same by the core: P and intent of each hop."""
    one, found, intents = Decoder(made), [], []
    for u in np.asarray(f, np.float32):
        intents.append(one.process(u[None])[0])
        found.append([one._state.classes.likely[k] for k in range(made["classes"]["classes"])])
    return np.array(found), np.array(intents)


def course(hops: int, seed: int = 0) -> np.ndarray:
    """Vectors that dwell somewhere for a while, as a person does."""
    random = np.random.default_rng(seed)
    held = np.repeat(random.normal(0, 1, (hops // 12 + 1, INPUTS)), 12, axis=0)[:hops]
    return (held + random.normal(0, 0.3, (hops, INPUTS))).astype(np.float32)


@pytest.mark.parametrize(("classes", "dofs"), [(2, 1), (3, 2), (6, 3), (19, 4), (20, 8)])
@pytest.mark.parametrize("sharp", [0.2, 2.0])
@pytest.mark.parametrize(("stay", "to_rest"), [(0.9, 0.06), (0.5, 0.1), (0.98, 0.015)])
def test_filter_and_amplitudes_are_those_of_the_header(classes, dofs, sharp, stay, to_rest):
    made = decoder(classes, dofs, sharp=sharp, stay=stay, to_rest=to_rest)
    f = course(300)
    likely, intents = walked(made, f)
    expected, wanted = plain(made, f)
    assert likely == pytest.approx(expected, abs=3e-5)
    # A root of next to no movement at all is steep.
    assert intents == pytest.approx(wanted, abs=2e-3)
    clear = expected[:, :-1].sum(axis=1) > 0.01
    assert intents[clear] == pytest.approx(wanted[clear], abs=1e-4)
    assert clear.sum() > 100 and np.max(np.abs(wanted)) > 0.2


def test_probabilities_are_not_negative_and_add_up_to_1():
    for sharp in (0.1, 3.0, 100.0):
        likely, _ = walked(decoder(20, 4, sharp=sharp), course(200, 1))
        assert np.all(likely >= 0) and likely.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_it_begins_at_rest():
    made = decoder(6, 3, stay=0.9, sharp=0.0, bias=np.zeros(6))  # nothing says anything
    one = Decoder(made)
    assert [one._state.classes.likely[k] for k in range(6)] == [0, 0, 0, 0, 0, 1]
    likely, _ = walked(made, course(400))
    assert likely[0] == pytest.approx([0.02] * 5 + [0.9], abs=1e-6)
    # and for ever without news it ends where the chain of its transitions does
    assert likely[-1] == pytest.approx(likely[-2], abs=1e-6)
    assert likely[-1, 5] == pytest.approx(0.06 / 0.16, abs=1e-5)


def test_reset_is_rest_again():
    made, f = decoder(), course(50)
    one = Decoder(made)
    first = one.process(f)
    assert one.process(f).tobytes() != first.tobytes()
    one.reset()
    assert one.process(f).tobytes() == first.tobytes()


def test_a_certain_class_moves_with_its_own_amplitude_and_signs():
    for k in range(5):
        made = decoder(6, 3, sharp=0.0, bias=[60.0 * (k == j) for j in range(6)])
        pool, part = np.array(made["pool"]), made["classes"]
        at = part["amplitude_at"] + k * 3 * (AMPLITUDE + 1)
        pool[at : at + 3 * (AMPLITUDE + 1)] = 0.0
        for d, level in enumerate((0.4, 5.0, -0.4)):
            pool[at + d * (AMPLITUDE + 1) + AMPLITUDE] = level
        made["pool"] = pool.tolist()
        sign = pool[part["sign_at"] + 3 * k :][:3]
        _, intents = walked(made, course(6))
        assert intents[-1] == pytest.approx(sign * [0.4, 1.1, 0.0], abs=1e-4)


def test_doubt_about_rest_costs_only_the_root_of_it():
    # One movement; after one hop it has P = from rest 0.36, to stay at 0.36 / (0.36 + 0.64).
    made = decoder(2, 1, stay=0.64, to_rest=0.3, sharp=0.0, bias=[0.0, 0.0])
    pool, at = made["pool"], made["classes"]["amplitude_at"]
    pool[at : at + AMPLITUDE + 1] = [0.0] * AMPLITUDE + [1.0]
    likely, intents = walked(made, course(1))
    assert likely[0] == pytest.approx([0.36, 0.64], abs=1e-6)
    assert intents[0, 0] == pytest.approx(0.6, abs=1e-6)


def with_score(made: dict[str, Any], worst: float) -> np.ndarray:
    """A course in whose middle one input drives the scores to `worst`."""
    f = course(120, 3)
    f[40:45, INPUTS - 1] = worst  # beyond the amplitudes: only scores see it
    return f


@pytest.mark.parametrize("worst", [np.nan, np.inf, -np.inf, 3e38, -3e38])
@pytest.mark.parametrize("classes", [2, 6, 20])
def test_a_score_that_is_no_number_does_not_poison_what_follows(worst, classes):
    made = decoder(classes, 2, sharp=1.0)
    f = with_score(made, worst)
    likely, intents = walked(made, f)
    assert np.all(np.isfinite(intents)) and np.all(np.abs(intents) <= 1.1 * 2)
    assert likely.sum(axis=1) == pytest.approx(1, abs=1e-5)
    good, wanted = walked(made, course(120, 3))
    assert likely[-30:] == pytest.approx(good[-30:], abs=1e-3)
    assert intents[-30:] == pytest.approx(wanted[-30:], abs=5e-3)


def test_scores_that_are_all_no_number_say_nothing_new():
    made = decoder(6, 2, sharp=0.3)
    likely, _ = walked(made, with_score(made, np.nan))
    for hop in range(40, 45):
        expected = likely[hop - 1] @ transitions(made["classes"])
        assert likely[hop] == pytest.approx(expected / expected.sum(), rel=1e-6)


def test_one_score_that_is_no_number_counts_as_unlikely():
    # End of a hop by hand, with something added to the scores.
    made = decoder(4, 2, sharp=0.0, bias=[5.0, 5.0, 0.0, 0.0])
    one = Decoder(made)
    state, config = one._state.classes, ffi.addressof(one.config, "classes")
    part = ffi.addressof(state)
    f, intent = ffi.new("float[]", [0.5] * INPUTS), ffi.new("float[2]")
    for worst in (math.nan, -math.inf):
        lib.classes_init(part, config)
        for _ in range(5):
            lib.classes_begin(part, config, one.config.pool)
            while lib.classes_left(part, config):
                lib.classes_work(part, config, one.config.pool, f)
            more = ffi.new("float[4]", [0.0, worst, 0.0, 0.0])
            lib.classes_end(part, config, one.config.pool, f, more, 2, intent)
        likely = [state.likely[k] for k in range(4)]
        assert likely[0] > 0.9 and likely[1] < 1e-6 and sum(likely) == pytest.approx(1)


def test_amplitudes_that_are_no_number_are_0_or_all():
    made = decoder(3, 1, bias=[60.0, 0.0, 0.0], sharp=0.0)
    pool, at = made["pool"], made["classes"]["amplitude_at"]
    pool[at : at + 2 * (AMPLITUDE + 1)] = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0] * 2
    f = np.full((6, INPUTS), 0.5, np.float32)
    bounds = [(0.5, 0.499, 0.501), (np.nan, 0, 0), (-np.inf, 0, 0), (np.inf, 0.9, 1.1)]
    for worst, low, high in bounds:
        f[5, 0] = worst
        _, intents = walked(made, f)
        assert intents[4, 0] == pytest.approx(0.5, abs=1e-3)
        assert low <= intents[5, 0] <= high, worst


def refused(**changes: Any) -> int:
    made = decoder(6, 3)
    score, pool = changes.pop("score", {}), changes.pop("pool", {})
    for at, value in pool.items():
        made["pool"][made["classes"]["sign_at"] + at] = value
    part = made["classes"] | changes
    try:
        Decoder(made | {"classes": part | {"score": part["score"] | score}})
    except CoreError as error:
        return error.status
    return 0


def test_check_refuses_what_contradicts_itself():
    assert refused() == 0 and refused(stay=0.94, to_rest=0.0599) == 0
    wrong: list[dict[str, Any]] = [{"classes": n} for n in (1, 0, -1, 5, 7, 21, 2**31 - 1)]
    wrong += [{"stay": x} for x in (0.0, -0.1, 1.0, 0.95)]
    wrong += [{"to_rest": x} for x in (0.0, -0.1, 0.2)]
    wrong += [{"amplitude": n} for n in (0, -1, INPUTS + 1, 2**31 - 1)]
    wrong += [{"score": {"inputs": n}} for n in (0, INPUTS + 1)]
    wrong += [{"score": {"outputs": n}} for n in (0, 5, 7)]
    wrong += [{"pool": {at: x}} for at in (0, 14) for x in (0.5, 2.0, -1.1)]
    for changes in wrong:
        assert refused(**changes) == lib.CORE_BAD_CONFIG, changes
    for name in ("stay", "to_rest"):
        for value in (math.nan, math.inf):
            assert refused(**{name: value}) == lib.CORE_NOT_FINITE


def test_check_keeps_signs_and_amplitudes_in_the_pool():
    floats = len(decoder(6, 3)["pool"])
    at = floats - 5 * 3 * (AMPLITUDE + 1)
    assert refused(amplitude_at=at) == refused(amplitude_at=0) == 0
    for wrong in (-1, at + 1, floats, 2**31 - 1, -(2**31)):
        assert refused(amplitude_at=wrong) == lib.CORE_BAD_CONFIG, wrong
    # Zeros are signs too: no other check is in the way. The pool is longer than its config says.
    made = decoder(6, 3)
    pool, fields = pooled(made | {"pool": [0.0] * (floats + 20)})
    config = ffi.new("decoder_config *", fields | {"floats": floats})
    for at, status in ((0, 0), (floats - 15, 0), *((n, lib.CORE_BAD_CONFIG) for n in (
        -1, floats - 14, floats, 2**31 - 1, -(2**31)))):  # fmt: skip
        config.classes.sign_at = at
        assert lib.decoder_check(config) == status, at
    assert len(pool) == floats + 20
