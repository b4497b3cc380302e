"""The encryption of backups: what is written is read again, and nothing else is taken for it."""

import io
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from hypothesis import given, settings
from hypothesis import strategies as st
from pyfabric_network.backups import encryption
from pyfabric_network.backups.encryption import MAGIC, Decrypting, Encrypting

from pyfabric.errors import ConfigError

PIECE = 1024 * 1024
PARTS = [b"a" * 700_000, b"b" * 700_000, b"c" * (2 * PIECE - 1_400_000), b"d" * 5]


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    """Derive each key once: scrypt is slow on purpose."""
    known: dict[tuple[str, bytes], bytes] = {}
    derive = encryption._key

    def key(passphrase: str, salt: bytes) -> bytes:
        if (passphrase, salt) not in known:
            known[passphrase, salt] = derive(passphrase, salt)
        return known[passphrase, salt]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "_key", key)
        yield


def encrypt(*parts: bytes, passphrase: str = "one") -> bytes:
    target = io.BytesIO()
    file = Encrypting(target, passphrase, lambda size: bytes(range(size)))
    for part in parts:
        file.write(part)
    file.finish()
    return target.getvalue()


def decrypt(content: bytes, passphrase: str = "one") -> bytes:
    source = io.BytesIO(content)
    assert source.readline() == MAGIC
    return io.BufferedReader(Decrypting(source, passphrase)).read()


@pytest.mark.parametrize("parts", [[], PARTS[:1], PARTS[:3], PARTS])
def test_what_is_written_is_read_again(parts: list[bytes]) -> None:
    assert decrypt(encrypt(*parts)) == b"".join(parts)


def test_the_format_is_the_documented_one() -> None:
    magic, header, rest = encrypt(*PARTS).split(b"\n", 2)
    assert magic == b"pyfabric-backup 1"
    salt = bytes(range(16))
    settings = b'{"kdf": "scrypt", "n": 131072, "r": 8, "p": 1, "cipher": "AES-256-GCM", '
    assert header == settings + b'"salt": "%s"}' % salt.hex().encode()
    cipher = AESGCM(Scrypt(salt=salt, length=32, n=131072, r=8, p=1).derive(b"one"))
    both = magic + b"\n" + header + b"\n"
    pieces = [rest[start : start + PIECE + 16] for start in range(0, len(rest), PIECE + 16)]
    last = len(pieces) - 1
    plain = [
        cipher.decrypt(number.to_bytes(11, "big") + bytes([number == last]), piece, both)
        for number, piece in enumerate(pieces)
    ]
    assert [len(one) for one in plain] == [PIECE, PIECE, 5]
    assert b"".join(plain) == b"".join(PARTS)


def test_another_passphrase_is_refused() -> None:
    with pytest.raises(ConfigError, match="the passphrase is wrong, or the file is damaged"):
        decrypt(encrypt(b"text"), "two")


def test_pieces_that_are_missing_moved_or_repeated_are_refused() -> None:
    whole = encrypt(*PARTS)
    start = len(whole) - 2 * (PIECE + 16) - 21
    head, first, second, last = (
        whole[:start],
        whole[start : start + PIECE + 16],
        whole[start + PIECE + 16 : -21],
        whole[-21:],
    )
    assert decrypt(head + first + second + last)
    wrong = [first, first + second, first + last, first + first + last, second + first + last]
    for pieces in wrong:
        with pytest.raises(ConfigError, match="damaged or incomplete"):
            decrypt(head + pieces)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_is_refused(place: int, change: int) -> None:
    content = bytearray(encrypt(b"some text"))
    rest = len(content) - len(MAGIC)
    content[len(MAGIC) + place % rest] ^= change
    with pytest.raises(ConfigError):
        decrypt(bytes(content))


def test_settings_that_this_version_does_not_know_are_refused() -> None:
    content = encrypt(b"text").replace(b'"n": 131072', b'"n": 999999')
    with pytest.raises(ConfigError, match="in a way that this version does not know"):
        decrypt(content)
