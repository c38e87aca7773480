# SPDX-License-Identifier: GPL-3.0-or-later
"""The assignment of most worth against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from endplate.fit.assignment import assigned


@pytest.mark.parametrize("whole", [False, True], ids=["any numbers", "with ties"])
def test_it_is_worth_as_much_as_scipys(whole):
    rng = np.random.default_rng(4)
    for _ in range(300):
        size = rng.integers(1, 17, 2)
        worth = rng.integers(-3, 4, size).astype(float) if whole else rng.normal(size=size)
        rows, columns = assigned(worth)
        wanted_rows, wanted = linear_sum_assignment(-worth)
        assert len(set(rows)) == len(set(columns)) == len(rows) == min(size)
        assert worth[rows, columns].sum() == pytest.approx(worth[wanted_rows, wanted].sum())
        if not whole:  # there is only one best
            assert rows.tolist() == wanted_rows.tolist() and columns.tolist() == wanted.tolist()


def test_what_is_no_number_is_taken_last():
    worth = np.array([[np.nan, -np.inf, 1.0], [2.0, np.inf, 5.0], [0.0, np.nan, 3.0]])
    rows, columns = assigned(worth)
    assert rows.tolist() == [0, 1, 2] and columns.tolist() == [2, 1, 0]


def test_nothing_to_assign():
    rows, columns = assigned(np.zeros((0, 4)))
    assert len(rows) == len(columns) == 0
