# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets what: the assignment of most worth, by shortest augmenting paths (Jonker 1987).

Our own, since scipy takes 0.8 s to load and a patient waits for every site test and calibration; a
test compares the two.
"""

from __future__ import annotations

import numpy as np

_MOST = 1e6  # of a worth: what is infinite is more than all that is not


def assigned(worth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, each at most once and as many as there can be, whose `worth` [rows,
    columns] adds up to the most; rows in order. Worth that is no number is none."""
    if worth.shape[0] > worth.shape[1]:
        columns, rows = assigned(worth.T)
        order = np.argsort(rows)
        return rows[order], columns[order]
    cost = -np.clip(np.nan_to_num(worth, nan=-_MOST), -_MOST, _MOST)
    n, m = cost.shape
    of_row, of_column = np.zeros(n), np.zeros(m)  # prices: no reduced cost is below 0
    column_of, row_of = np.full(n, -1), np.full(m, -1)
    for row in range(n):
        _add(row, cost, of_row, of_column, column_of, row_of)
    return np.arange(n), column_of


def _add(
    row: int, cost: np.ndarray, of_row: np.ndarray, of_column: np.ndarray,
    column_of: np.ndarray, row_of: np.ndarray,
) -> None:  # fmt: skip
    """One row more, by the cheapest chain of changes."""
    m = cost.shape[1]
    distance, before = np.full(m, np.inf), np.full(m, -1)  # before: the row a column is reached by
    done = np.zeros(m, bool)
    at, least = row, 0.0
    while True:
        reach = least + cost[at] - of_row[at] - of_column
        nearer = ~done & (reach < distance)
        distance[nearer], before[nearer] = reach[nearer], at
        column = int(np.argmin(np.where(done, np.inf, distance)))
        least = distance[column]
        if row_of[column] < 0:
            break
        done[column], at = True, row_of[column]
    of_row[row] += least
    of_row[row_of[done]] += least - distance[done]
    of_column[done] -= least - distance[done]
    while column >= 0:  # back along the chain, whose first row had none
        at = row_of[column] = before[column]
        column_of[at], column = column, column_of[at]
