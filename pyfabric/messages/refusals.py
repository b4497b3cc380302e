"""A contract's refusal as the message of its response, and back.

Of a response that refuses, Fabric's gateway passes only status and message to the client (responseStatus in
internal/pkg/gateway/apiutils.go). The message therefore holds everything: the English sentence in the first line, which
any client shows first, and in the second the JSON of code, facts and Chinese text.

The message is bounded, because it travels in HTTP/2 trailers: percent-encoded, and twice more in Base64. With the longest one
they stay below 8 KiB, which is what clients of gRPC accept by default.
"""

import json
from typing import Any, Final

from pyfabric.errors import CODE, ContractError, Refusal

_LONGEST: Final = 400
"""Bytes of UTF-8 that each text may have, and the JSON of the facts."""

_LONGEST_LINE: Final = 4096
"""Characters of JSON that are read."""

_TOO_LONG: Final = "omitted"
"""The only fact of a refusal whose facts are too long: how many bytes of JSON they are."""


def write_refusal(refusal: Refusal) -> str:
    """Return the message of a refusal; texts that are too long are cut, facts that are too long left out."""
    size = len(_json(refusal.facts))
    found: dict[str, Any] = {"code": refusal.code}
    if refusal.facts:
        found["facts"] = refusal.facts if size <= _LONGEST else {_TOO_LONG: size}
    if zh := _sentence(refusal.zh):
        found["zh"] = zh
    return f"{_sentence(refusal.en) or refusal.code}\n{_json(found).decode()}"


def read_refusal(message: str) -> Refusal | None:
    """Return the refusal that a message holds; None if it is a text alone, or the JSON of something else."""
    en, newline, line = message.rpartition("\n")
    if not (newline and line.startswith("{") and len(line) <= _LONGEST_LINE):
        return None
    try:
        found = json.loads(line)
        _json(found, errors="strict")
    except (ValueError, RecursionError):
        return None
    match found:
        case {"code": str(code), **rest} if CODE.fullmatch(code) and rest.keys() <= {"facts", "zh"}:
            facts, zh = rest.get("facts", {}), rest.get("zh", "")
            if isinstance(facts, dict) and isinstance(zh, str):
                return Refusal(code, facts, en, zh)
    return None


def contract_error(message: str) -> ContractError:
    """Return the error that a contract raised whose response has this message."""
    refusal = read_refusal(message)
    if refusal is None:
        return ContractError(message)
    return ContractError(refusal.en, code=refusal.code, facts=refusal.facts, zh=refusal.zh)


def _sentence(text: str) -> str:
    """Return a text as one line without control characters, cut to the longest."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    raw = line.encode()
    return line if len(raw) <= _LONGEST else raw[: _LONGEST - 3].decode(errors="ignore") + "…"


def _json(value: object, errors: str = "replace") -> bytes:
    """Return the one form in which JSON is written; raises ValueError for numbers that are not finite.

    `errors` is for half a pair of surrogates, which has no bytes, as in `str.encode`.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode(errors=errors)
