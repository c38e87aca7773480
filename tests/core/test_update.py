# SPDX-License-Identifier: GPL-3.0-or-later
"""firmware/app/update.c, boot.c, image.c, signature.c and sha512.c: updates that lose power at any
operation, images that do not start, and images that nobody signed. Signatures are made, and the
curve is held against, by another implementation (the Python package cryptography)."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from endplate import hand_image
from slips import one_in

ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")

APP = ("boot", "image", "sha512", "signature", "store", "update")
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Werror")
SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
OK, WRONG_SIZE, WRONG_FORMAT, WRONG_VALUE, OTHER_HAND, WRONG_SIGNATURE = 0, 3, 7, 8, 9, 11
HAND = 0x1234  # update_cuts.c
FIELD_SLOT, FIELD_KEY = 1, 2
#: RFC 8032, 7.1: TEST 1, 2, 3, SHA(abc); secret key, public key, message, signature
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
        "1cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
        "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
        "984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c6"
        "6431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
SIGN = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = SIGN.public_key().public_bytes_raw()
OTHER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
OTHER_KEY = OTHER.public_key().public_bytes_raw()


@pytest.fixture(scope="module")
def monocypher(root, tmp_path_factory) -> tuple[Path, Path]:
    """The folder of its header, and the curve compiled."""
    folder = Path(os.environ.get("MONOCYPHER", root / ".venv" / "monocypher"))
    if not (folder / "monocypher.c").exists():
        pytest.skip("Monocypher is not there: make monocypher")
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    curve = tmp_path_factory.mktemp("curve") / "monocypher.o"
    compiled = ["gcc", "-std=c11", "-O2", "-c", str(folder / "monocypher.c"), "-o", str(curve)]
    subprocess.run(compiled, check=True)
    return folder, curve


def build(
    root, folder: Path, monocypher: tuple[Path, Path], slip: tuple[str, str, str] | None = None
) -> Path:
    """The C program with this test's key; with a slip in one file of the application."""
    sys.path.insert(0, str(root / "firmware"))
    try:
        import image
    finally:
        sys.path.remove(str(root / "firmware"))
    (folder / "key.c").write_text(image.key_table(KEY))
    sources = [root / "tests" / "c" / "update_cuts.c", folder / "key.c"]
    for name in APP:
        text = (root / "firmware" / "app" / f"{name}.c").read_text()
        if slip and slip[0] == name:
            assert text.count(slip[1]) == 1, "the slip's place has changed"
            text = text.replace(slip[1], slip[2])
        (folder / f"{name}.c").write_text(text)
        sources.append(folder / f"{name}.c")
    flags = ("-O1",) if slip else (*STRICT, *SANITIZED)
    where = ["-iquote", str(root / "firmware" / "app"), "-isystem", str(monocypher[0])]
    made = subprocess.run(
        ["gcc", "-std=c11", "-DENDPLATE_MONOCYPHER", *flags, *where, *map(str, sources),
         str(monocypher[1]), "-o", str(folder / "cuts")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return folder / "cuts"


@pytest.fixture(scope="module")
def cuts(root, monocypher, tmp_path_factory) -> Path:
    return build(root, tmp_path_factory.mktemp("update"), monocypher)


def made(slot: int, version=(0, 2, 0), hand=HAND, key=KEY, sign=SIGN.sign, words=200) -> bytes:
    program = random.Random(version[1]).randbytes(4 * words)
    return hand_image.make(program, slot, version, hand, key, sign)


@pytest.fixture
def images(tmp_path) -> list[str]:
    """An old one in slot A, a new one for slot B."""
    (tmp_path / "old").write_bytes(made(0, (0, 1, 0), words=150))
    (tmp_path / "new").write_bytes(made(1))
    return [str(tmp_path / "old"), str(tmp_path / "new")]


def said(program: Path, *arguments: str, given: str = "") -> list[str]:
    done = subprocess.run(
        [str(program), *arguments], input=given, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_power_cut_at_any_operation_of_an_update_leaves_the_old_image_or_the_new(cuts, images):
    line = said(cuts, "cuts", *images)[0]
    print(f"\n{line}")
    points, old, new, twice = (int(word) for word in line.split() if word.isdigit())
    assert points > 4 * 320 and old > 1000 and new > 100 and twice > 1000


def test_image_that_never_confirms_is_begun_three_times_and_then_the_old_one(cuts, images):
    line = said(cuts, "rollback", *images)[0]
    print(f"\n{line}")
    assert int(line.split()[0]) > 4 * 320


def test_any_bit_turned_over_is_refused(cuts, images, tmp_path):
    (tmp_path / "new").write_bytes(made(1, words=16))
    line = said(cuts, "flips", *images)[0]
    print(f"\n{line}")
    flips, by_signature = (int(word) for word in line.split() if word.isdigit())
    assert flips > 2 * 8 * (512 + 64) - 33 and by_signature > 8 * (384 + 64 + 64)


@pytest.mark.parametrize(
    ("new", "status", "field"),
    [
        (made(1), OK, 0),
        (made(1, hand=0), OK, 0),
        (made(1, (0, 0, 1)), OK, 0),  # older: the host asks, the hand takes what is signed
        (made(0), WRONG_VALUE, FIELD_SLOT),
        (made(1, hand=HAND + 1), OTHER_HAND, 0),
        (made(1, sign=OTHER.sign), WRONG_SIGNATURE, 0),
        (made(1, key=OTHER_KEY, sign=OTHER.sign), WRONG_VALUE, FIELD_KEY),
        (made(1)[:-4], WRONG_FORMAT, 0),
        (made(1)[:-2], WRONG_SIZE, 0),
        (made(1)[:512], WRONG_SIZE, 0),
        (made(1, words=(4096 - 512) // 4), OK, 0),
        (made(1, words=(4096 - 512) // 4 + 1), WRONG_SIZE, 0),
        (b"EPFW" + bytes(2000), WRONG_FORMAT, 0),
        (made(1)[:8] + b"\x02" + made(1)[9:], WRONG_FORMAT, 0),
    ],
    ids=["good", "any hand", "older", "wrong slot", "other hand", "forged", "other key",
         "cut short", "odd", "header alone", "just fits", "too long", "zeros", "other format"],
)  # fmt: skip
def test_what_is_taken(cuts, images, tmp_path, new, status, field):
    (tmp_path / "new").write_bytes(new)
    took, told, starts = map(int, said(cuts, "take", *images)[0].split())
    assert (took, starts) == (status, 1 if status == OK else 0)
    assert told == field or status != WRONG_VALUE


def test_signatures_are_those_of_rfc_8032_and_of_another_implementation(cuts):
    lines, wanted = [], []

    def case(key: bytes, signature: bytes, message: bytes, good: bool) -> None:
        lines.append(f"{key.hex()} {signature.hex()} {message.hex() or '-'}")
        wanted.append("1" if good else "0")

    for secret, public, message, signature in RFC_8032:
        private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
        assert private.public_key().public_bytes_raw().hex() == public
        assert private.sign(bytes.fromhex(message)).hex() == signature
        case(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message), True)
    random_bytes = random.Random(8032).randbytes
    for length in [*range(0, 300, 7), 1000, 5000]:
        message, private = random_bytes(length), ed25519.Ed25519PrivateKey.generate()
        public, signature = private.public_key().public_bytes_raw(), private.sign(message)
        case(public, signature, message, True)
        case(public, signature, message + b"\0", False)
        case(KEY, signature, message, False)
        turned = bytearray(signature)
        turned[length % 64] ^= 1 << length % 8
        case(public, bytes(turned), message, False)
        # the same point with S + L in place of S, which RFC 8032 has refused
        s = int.from_bytes(signature[32:], "little") + GROUP_ORDER
        case(public, signature[:32] + s.to_bytes(32, "little"), message, False)
    assert said(cuts, "ed25519", given="\n".join(lines)) == wanted


def test_sha_512_is_that_of_python_however_the_bytes_come(cuts):
    random_bytes = random.Random(180).randbytes
    messages = [(piece, random_bytes(n)) for n in range(1, 400) for piece in (1, 37, 128, 1000)]
    given = "\n".join(f"{piece} {message.hex()}" for piece, message in messages)
    wanted = [hashlib.sha512(message).hexdigest() for _, message in messages]
    assert said(cuts, "sha512", given=given) == wanted


#: (file, what stands there, what a slip would make of it, which run has to fail)
SLIPS = [
    ("update", "if (at == 0) {", "if (0) {", "cuts"),
    ("update", "!boot_try(&update->boot, update->running, other(update))", "0", "cuts"),
    ("update", "if (!signature_good(", "if (0 && !signature_good(", "flips"),
    ("update", "sha512_add(&update->digest, bytes, IMAGE_SIGNATURE);", "", "cuts"),
    ("update", "if (update_on_trial(update)) {", "if (0) {", "rollback"),
    ("boot", "boot->tries + 1", "boot->tries", "rollback"),
    ("boot", "boot->tries >= BOOT_TRIES", "boot->tries > BOOT_TRIES", "rollback"),
    ("boot", "|| !image_check(slot, &info)", "", "rollback"),
    ("boot", "BOOT_NONE, 0, slot);", "slot, 0, slot);", "rollback"),
    ("boot", "image_check(boot->confirmed, &info)   ?", "1 ?", "rollback"),
    ("image", "== info->crc;", "!= 0u;", "rollback"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "stands", "slip", "run"), one_in(4, SLIPS))
def test_slip_is_noticed(root, monocypher, tmp_path, images, name, stands, slip, run):
    folder = tmp_path / "slip"
    folder.mkdir()
    (tmp_path / "old").write_bytes(made(0, (0, 1, 0), words=15))
    (tmp_path / "new").write_bytes(made(1, words=20))
    program = build(root, folder, monocypher, (name, stands, slip))
    done = subprocess.run([str(program), run, *images], capture_output=True, text=True, timeout=100)
    assert done.returncode != 0, done.stdout


def test_file_is_read_back_as_it_was_made(tmp_path):
    path = tmp_path / "hand.epfw"
    path.write_bytes(made(0) + made(1))
    first, second = hand_image.read(path)
    assert (first.slot, second.slot, first.words, first.hand_hash) == (0, 1, "0.2.0", HAND)
    assert first.data + second.data == path.read_bytes()


def _other_crc(image: bytes) -> bytes:
    return image[:4] + struct.pack("<I", 1) + image[8:]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no firmware"),
        (b"\x7fELF" + bytes(2000), "no firmware"),
        ((made(0) + made(1))[:-1], "ends in the middle"),
        (made(0) + made(1)[:300], "ends in the middle"),
        (made(0)[:8] + b"\x03" + made(0)[9:], "format 3"),
        (_other_crc(made(0)) + made(1), "checksum"),
        (made(0)[:-1] + b"\0" + made(1), "checksum"),
        (made(0), "one image for each slot"),
        (made(0) + made(0), "one image for each slot"),
        (made(0) + made(1, (0, 3, 0)), "not of one firmware"),
        (made(0) + made(1) + b"more", "no firmware"),
    ],
)
def test_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, data, why):
    path = tmp_path / "hand.epfw"
    path.write_bytes(data)
    with pytest.raises(hand_image.HandError, match=why) as error:
        hand_image.read(path)
    assert str(error.value).count("\n") == 0
