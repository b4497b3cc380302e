"""Status lists as credentials (W3C Bitstring Status List 1.0): made of a list's chunks off the ledger, and checked.

Pure functions for issuers, who sign what `list_credential` returns and publish it at the list's URL, and for verifiers.
"""

import base64
import gzip
from collections.abc import Mapping
from typing import Any, Final

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.values import expand_status_list, is_status_set
from pyfabric_municipal.identity.records import CHUNK, EMPTY
from pyfabric_municipal.identity.verifiable import BASE

LIST_CREDENTIAL: Final = "BitstringStatusListCredential"
LIST: Final = "BitstringStatusList"
_BITS_OF_A_BYTE: Final = 8

VERIFICATION = FrameRule(
    "status-verification-error",
    "状态列表凭证无效：{problem}",
    "the status list's credential does not fit: {problem}",
)
LENGTH = FrameRule(
    "status-list-length-error",
    "状态列表的位数少于131072或过多",
    "the status list does not have between 131072 and 1048576 statuses",
)
RANGE = FrameRule("range-error", "状态列表没有索引 {index}", "the status list has no index {index}")


def bitstring(size: int, chunks: Mapping[str, str]) -> bytes:
    """Return the bits of a list of this size, of its chunks in hexadecimal by number; those that lack are zeros."""
    return b"".join(
        bytes.fromhex(chunks.get(str(number), EMPTY)) for number in range(size // CHUNK)
    )


def encoded(bits: bytes) -> str:
    """Return bits as `encodedList`: multibase base64url without padding, of GZIP. Compare bits, never this text."""
    text = base64.urlsafe_b64encode(gzip.compress(bits, mtime=0)).rstrip(b"=")
    return "u" + text.decode()


def list_credential(
    found: Mapping[str, Any], *, valid_from: str, valid_until: str, ttl: int | None = None
) -> dict[str, Any]:
    """Return the credential of a list, without a proof, of what the query `status_bits` returns.

    `ttl` is how long readers may keep it, in milliseconds.
    """
    subject = {
        "id": f"{found['list']}#list",
        "type": LIST,
        "statusPurpose": found["purpose"],
        "encodedList": encoded(bitstring(found["size"], found["chunks"])),
    }
    return {
        "@context": [BASE],
        "id": found["list"],
        "type": ["VerifiableCredential", LIST_CREDENTIAL],
        "issuer": found["issuer"],
        "validFrom": valid_from,
        "validUntil": valid_until,
        "credentialSubject": subject | ({} if ttl is None else {"ttl": ttl}),
    }


def is_set(entry: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Return whether the status of a credential's entry is set in the credential of its list (§3.2 of the standard).

    The proof of the list's credential is checked before (`integrity.is_proven`). Raises ContractError with the
    standard's error as code, in lower case: STATUS_VERIFICATION_ERROR, STATUS_LIST_LENGTH_ERROR or RANGE_ERROR.
    """
    subject = document["credentialSubject"]
    purposes = subject["statusPurpose"]
    known = purposes if isinstance(purposes, list) else [purposes]
    if LIST_CREDENTIAL not in document["type"] or subject["type"] != LIST:
        raise VERIFICATION.refusal({"problem": f"its type is not {LIST_CREDENTIAL}"})
    if document["id"] != entry["statusListCredential"] or entry["statusPurpose"] not in known:
        raise VERIFICATION.refusal({"problem": "it is another list, or for another purpose"})
    bits = _bits(subject["encodedList"])
    index = int(entry["statusListIndex"])
    if index >= len(bits) * _BITS_OF_A_BYTE:
        raise RANGE.refusal({"index": index})
    return is_status_set(bits, index)


def _bits(text: str) -> bytes:
    try:
        return expand_status_list(text)
    except ContractError as error:
        if error.code != "value.status-list-length":
            raise VERIFICATION.refusal({"problem": str(error)}) from error
        raise LENGTH.refusal() from error
