# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters on the host's side: units, what a person may write, requests and their answers."""

from __future__ import annotations

import pytest

from endplate.core import lib
from endplate.errors import HandError
from endplate.live.hand_params import ALL, Param
from endplate.live.hand_questions import EVERY_NS, FOR_NS, HandQuestions

TIME = Param(4, "link_lost_ms", "ms", "", lib.WIRE_PARAM_WHOLE, 100, 350, 300)
SHARE = Param(8, "neutral", "", "", lib.WIRE_PARAM_MILLI, 10, 500, 50)
GRIP = Param(9, "rest_grip", "", "", lib.WIRE_PARAM_GRIP, 0, 2, 0)
GRIPS = ("power", "pinch", "key")


@pytest.mark.parametrize(
    ("param", "text", "raw"),
    [(TIME, "100", 100), (TIME, "350", 350), (TIME, "2.5e2", 250), (SHARE, "0.01", 10),
     (SHARE, "0.5", 500), (SHARE, ".075", 75), (GRIP, "key", 2), (GRIP, "1", 1)],
)  # fmt: skip
def test_what_a_person_writes_becomes_the_wires_number(param, text, raw):
    assert param.number(text, GRIPS) == raw
    assert param.number(param.shown(raw, GRIPS), GRIPS) == raw


@pytest.mark.parametrize(
    ("param", "text", "why"),
    [(TIME, "99", "may be 100 to 350 ms, not 99."), (TIME, "351", "100 to 350 ms"),
     (TIME, "200.5", "no decimals"), (TIME, "soon", 'is a number, not "soon"'),
     (TIME, "nan", "is a number"), (TIME, "inf", "is a number"), (TIME, "", "is a number"),
     (SHARE, "0.0755", "at most three decimals"), (SHARE, "0.501", "0.01 to 0.5, not"),
     (SHARE, "1e9", "0.01 to 0.5"), (GRIP, "fist", "it may be power, pinch, key"),
     (GRIP, "3", "may be power, pinch, key, not 3")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_sentence(param, text, why):
    with pytest.raises(HandError) as refused:
        param.number(text, GRIPS)
    said = str(refused.value)
    assert why in said and param.name in said and said.endswith(".") and "\n" not in said


def answer(asked: int, index: int) -> dict[str, int]:
    return {"asked": asked, "index": index, "value": 1}


def test_a_request_is_repeated_until_its_own_answer_comes_then_the_next_goes():
    requests, sent, got = HandQuestions(), [], []

    def send(msg, fields):
        sent.append((msg, fields["index"]))
        return True

    def done(fields, why):
        got.append((fields, why))

    requests.ask("PARAM_GET", {"index": 3}, done)
    requests.ask("PARAM_SAVE", {"index": ALL}, done)
    for now in (0, 1, EVERY_NS - 1, EVERY_NS, EVERY_NS + 1):
        requests.service(now, send)
    assert sent == [("PARAM_GET", 3)] * 2
    requests.take("PARAM_VALUE", answer(lib.WIRE_PARAM_GET, 4))
    requests.take("PARAM_VALUE", answer(lib.WIRE_PARAM_SET, 3))
    requests.take("PARAM_DESCRIPTION", {"index": 3})
    assert got == []
    requests.take("PARAM_VALUE", answer(lib.WIRE_PARAM_GET, 3))
    requests.take("PARAM_VALUE", answer(lib.WIRE_PARAM_GET, 3))  # came twice
    assert [fields["index"] for fields, _ in got] == [3]
    requests.service(EVERY_NS + 2, send)
    assert sent[-1] == ("PARAM_SAVE", ALL)
    requests.service(EVERY_NS + 3 + FOR_NS, send)
    assert got[1][0] is None and "does not answer" in got[1][1]
    requests.take("PARAM_VALUE", answer(lib.WIRE_PARAM_SAVE, ALL))
    assert len(got) == 2


def test_a_full_line_is_tried_again_at_once_and_an_end_ends_all():
    requests, tries, got = HandQuestions(), [], []

    def full(msg, fields):
        tries.append(msg)
        return False

    for index in (0, 1):
        requests.ask("PARAM_INFO", {"index": index}, lambda f, why: got.append((f, why)))
    requests.service(0, full)
    requests.service(1, full)
    assert tries == ["PARAM_INFO"] * 2
    requests.end_all("The port is gone.")
    assert got == [(None, "The port is gone.")] * 2


def test_an_answer_that_comes_twice_is_not_taken_for_the_next_chunks():
    requests, got = HandQuestions(), []
    kind, asked = lib.WIRE_BLOB_FIRMWARE, lib.WIRE_BLOB_CHUNK
    for offset in (0, 144):
        fields = {"kind": kind, "offset": offset}
        requests.ask("BLOB_CHUNK", fields, lambda answer, why: got.append(answer))
    answer = {"kind": kind, "asked": asked, "status": lib.WIRE_BLOB_OK, "received": 144}
    requests.service(0, lambda msg, fields: True)
    for _ in range(2):
        requests.take("BLOB_STATUS", answer)
    assert len(got) == 1, "the second chunk has not been answered yet"
    requests.take("BLOB_STATUS", answer | {"received": 288})
    assert len(got) == 2
