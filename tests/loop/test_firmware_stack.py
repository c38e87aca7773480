# SPDX-License-Identifier: GPL-3.0-or-later
"""The worst case of the stack: of the real image, and of images that have none."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
STACK_BYTES = 16384  # f405.ld
PLAIN = 'node: { title: "%s" label: "%s\\na.c:1:1\\n%d bytes (%s)" }\n'
EDGE = 'edge: { sourcename: "%s" targetname: "%s" label: "a.c:2:2" }\n'


def load():
    spec = importlib.util.spec_from_file_location("stack", FIRMWARE / "stack.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["stack"] = module  # dataclasses look for it
    spec.loader.exec_module(module)
    return module


stack = load()


def graph(*calls: tuple[str, str], **frames: int):
    text = "".join(PLAIN % (name, name, size, "static") for name, size in frames.items())
    return stack.read_callgraph([text + "".join(EDGE % call for call in calls)])


def worst(of: str) -> dict:
    made = ["make", "-s", "-C", str(FIRMWARE), f"PYTHON={sys.executable}"]
    subprocess.run([*made, "f405"], check=True, capture_output=True)
    done = subprocess.run([*made, of], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_the_image_keeps_half_of_its_stack(arm_tools):
    hand = worst("stack-json")
    path = [name.rsplit(":", 1)[-1] for name, _ in hand["path"]]
    print(f"\nstack: {hand['bytes']} bytes at worst, {' -> '.join(path)}")
    assert path[:4] == ["reset_handler", "begin", "main", "app_step"]
    assert len(hand["exceptions"]) == 3
    alone = sum(taken for _, taken in hand["path"])
    assert hand["bytes"] == alone + sum(one["bytes"] for one in hand["exceptions"])
    assert 500 < hand["bytes"] <= STACK_BYTES // 2


def test_the_boot_loader_keeps_more_than_half(arm_tools):
    boot = worst("stack-boot-json")
    path = [name.rsplit(":", 1)[-1] for name, _ in boot["path"]]
    print(f"\nstack: {boot['bytes']} bytes at worst, {' -> '.join(path)}")
    assert path[:3] == ["reset_handler", "begin", "main"] and len(boot["exceptions"]) == 2
    assert 200 < boot["bytes"] <= STACK_BYTES // 2


def test_the_handlers_are_those_of_the_vectors(arm_tools, monkeypatch):
    worst("stack-json")  # builds it
    image = FIRMWARE / "build" / "f405" / "endplate-hand.elf"
    assert {"usart1_handler", "systick_handler", "fault_handler"} <= stack.handlers(image)
    monkeypatch.setattr(stack, "LEVELS", stack.LEVELS[1:])
    with pytest.raises(stack.StackError, match=r"of which priority is \w+_handler"):
        stack.worst_case(image, [FIRMWARE / "build" / "f405" / "start.ci"])


def test_the_deepest_way_is_not_the_longest():
    found = graph(("a", "b"), ("b", "c"), ("c", "d"), ("a", "e"), a=8, b=8, c=8, d=8, e=40)
    assert found.deepest("a") == (48, ["a", "e"])


def test_recursion_is_refused():
    with pytest.raises(stack.StackError, match="recursion: b -> c -> b"):
        graph(("a", "b"), ("b", "c"), ("c", "b"), a=8, b=8, c=8).deepest("a")


def test_a_call_through_a_pointer_is_refused_until_it_is_listed(monkeypatch):
    found = graph(("a", "__indirect_call"), ("a", "b"), a=8, b=8, c=100)
    with pytest.raises(stack.StackError, match="a calls through a pointer"):
        found.deepest("a")
    monkeypatch.setitem(stack.INDIRECT, "a", ("c",))
    assert found.deepest("a") == (108, ["a", "c"])


def test_a_function_nobody_knows_is_refused():
    with pytest.raises(stack.StackError, match="b, called by a, is not known"):
        graph(("a", "b"), a=8).deepest("a")


def test_a_frame_without_bound_is_refused():
    with pytest.raises(stack.StackError, match="a: the size of its frame is not known"):
        stack.read_callgraph([PLAIN % ("a", "a", 8, "dynamic")])


def test_the_frame_of_a_library_function_is_read_from_its_instructions():
    assert stack.frame([
        "push\t{r4, r5, r7, lr}", "vpush\t{d8-d9}", "sub.w\tsp, sp, #24", "stmdb\tsp!, {r0, r1}",
        "strd\tip, lr, [sp, #-16]!", "stmdb\tr3!, {r0, r1}", "bl\t8004c90 <idiv0>",
        "beq.n\t80001 <itself+0x12>",
    ]) == (16 + 16 + 24 + 8 + 16, {"idiv0"})  # fmt: skip
    assert stack.frame(["blx\tr3"]) == (0, {"__indirect_call"})
    with pytest.raises(stack.StackError, match="unknown size"):
        stack.frame(["sub.w\tsp, sp, r3"])


def test_what_the_compiler_writes_for_a_pointer_is_what_is_refused(tmp_path):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    source = tmp_path / "a.c"
    source.write_text("int a(int (*ask)(int), int n);\n"
                      "int a(int (*ask)(int), int n) { return ask(n) + 1; }\n")  # fmt: skip
    subprocess.run(
        ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O2", "-fcallgraph-info=su", "-c",
         str(source)],
        check=True, cwd=tmp_path,
    )  # fmt: skip
    with pytest.raises(stack.StackError, match="a calls through a pointer"):
        stack.read_callgraph([(tmp_path / "a.ci").read_text()]).deepest("a")
