"""Status lists of credentials (W3C Bitstring Status List 1.0): one bit for each credential.

Compare the bits of two lists, never their compressed text, whose bytes depend on the library. Bit 0 is the
left-most bit of the first byte.
"""

import base64
import binascii
import re
import zlib

from pyfabric_municipal.common.values.kinds import Kind

STATUS_LIST = Kind("status-list", "status list", "状态列表", secret=True)
MIN_STATUSES = 131_072
"""The fewest credentials of a list, so that a reader of it does not learn whose status is asked for."""

MAX_STATUSES = 8 * MIN_STATUSES
_ENCODED = re.compile(r"u[A-Za-z0-9_-]+")
_GZIP = 31


def expand_status_list(encoded: str) -> bytes:
    """Return the bits of an encoded list: multibase base64url without padding, of GZIP.

    Raises ContractError for another encoding, and for fewer or more bits than a list may have.
    """
    STATUS_LIST.require_match(_ENCODED, encoded, "u and base64url", "u加base64url")
    text = encoded[1:]
    reader = zlib.decompressobj(_GZIP)
    try:
        compressed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        bits = reader.decompress(compressed, MAX_STATUSES // 8 + 1)
    except (binascii.Error, zlib.error) as error:
        raise STATUS_LIST.refusal(
            "encoding", None, f"is not base64url of GZIP: {error}", "不是base64url编码的GZIP"
        ) from error
    if not MIN_STATUSES <= len(bits) * 8 <= MAX_STATUSES or not reader.eof or reader.unused_data:
        raise STATUS_LIST.refusal(
            "length",
            None,
            f"does not have between {MIN_STATUSES} and {MAX_STATUSES} statuses",
            f"的状态数不在{MIN_STATUSES}与{MAX_STATUSES}之间",
        )
    return bits


def is_status_set(bits: bytes, index: int) -> bool:
    """Return whether the bit of a credential is set; raises ContractError beyond the list."""
    require_index(len(bits) * 8, index)
    return bool(bits[index // 8] >> (7 - index % 8) & 1)


def with_status(bits: bytes, index: int, *, is_set: bool) -> bytes:
    """Return the list with the bit of a credential set or cleared; raises ContractError beyond the list."""
    require_index(len(bits) * 8, index)
    mask = 1 << (7 - index % 8)
    changed = bits[index // 8] | mask if is_set else bits[index // 8] & ~mask
    return bits[: index // 8] + bytes([changed]) + bits[index // 8 + 1 :]


def require_index(size: int, index: int) -> None:
    """Refuse an index that a list of this size does not have."""
    if not 0 <= index < size:
        raise STATUS_LIST.refusal(
            "range",
            None,
            f"has no index {index}: it has {size} statuses",
            f"没有索引{index}：共{size}个状态",
            index=index,
        )
