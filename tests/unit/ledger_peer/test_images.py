"""Dumps of the development ledger as files: a damaged one is refused."""

from itertools import product
from pathlib import Path

from pyfabric.errors import LedgerError
from pyfabric.ledger.development.images import Image


def test_a_bit_that_changed_in_a_dump_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    image = Image("".join(map(chr, range(0x100, 0x200))), {}, {})
    image.save(file)
    whole = file.read_bytes()
    seen = 0
    for position, bit in product(range(len(whole)), range(8)):
        changed = whole[position] ^ 1 << bit
        file.write_bytes(whole[:position] + bytes([changed]) + whole[position + 1 :])
        try:
            assert Image.load(file) == image  # what no reader looks at, such as a time
        except LedgerError:
            seen += 1
    assert seen > 4 * len(whole)
