"""Public state: values, deletions, keys of all kinds, several at once, what a transaction sees of itself."""

from tests.behaviour.effects import Effects
from tests.behaviour.program import (
    Refused,
    delete,
    finish_batch,
    get,
    get_many,
    get_range,
    history,
    put,
    raw,
    start_batch,
)
from tests.behaviour.scenario import Scenario, evaluate, submit

_EMPTY = Refused("key must not be an empty string")
_INVALID_UTF8 = bytes.fromhex("0a02c328")  # the first field, with two bytes that are not UTF-8
_ODD_KEYS = ("$\x00a", "$\U0010ffff", "$ e\u0301", "$\u00e9", "$" + "k" * 3000, "$/a:b.c ~")
_WITH_KEYS = ("GET_STATE", "PUT_STATE", "DEL_STATE", "GET_STATE_BY_RANGE", "GET_HISTORY_FOR_KEY")
_KINDS = (
    *_WITH_KEYS,
    "GET_STATE_MULTIPLE",
    "GET_PRIVATE_DATA_HASH",
    "PURGE_PRIVATE_DATA",
    "WRITE_BATCH_STATE",
    "GET_STATE_METADATA",
    "PUT_STATE_METADATA",
    "GET_QUERY_RESULT",
    "QUERY_STATE_NEXT",
    "QUERY_STATE_CLOSE",
    "INVOKE_CHAINCODE",
)


def _unreadable(kind: str, why: str = "proto: cannot parse invalid wire-format data") -> Refused:
    return Refused(f"{kind} failed: transaction ID: transaction 1: unmarshal failed: {why}")


SCENARIOS = (
    Scenario(
        "a value is read once it is committed",
        (
            submit(put("$a", b"1"), effects=Effects(writes={"$a": b"1"})),
            evaluate(get("$a"), answers=[b"1"]),
            evaluate(get("$a"), answers=[b"1"], by="Haidian"),
        ),
    ),
    Scenario(
        "a key that was never written has no value",
        (submit(get("$a"), answers=[None], effects=Effects(reads={"$a": False})),),
    ),
    Scenario(
        "what a transaction writes it does not read",
        (
            submit(put("$a", b"1")),
            submit(
                put("$a", b"2"),
                get("$a"),
                get_many("$a", "$b"),
                delete("$a"),
                get("$a"),
                get_range("$", "$~"),
                answers=[None, b"1", [b"1", None], None, b"1", [["$a", b"1"]]],
                effects=Effects(
                    reads={"$a": True, "$b": False},
                    ranges=[("$", "$~", True, 1)],
                    writes={"$a": None},
                ),
            ),
            evaluate(get("$a"), answers=[None]),
        ),
    ),
    Scenario(
        "of several writes to a key the last one counts",
        (
            submit(
                put("$a", b"1"),
                put("$a", b"2"),
                put("$b", b"1"),
                delete("$b"),
                delete("$c"),
                put("$c", b"3"),
                effects=Effects(writes={"$a": b"2", "$b": None, "$c": b"3"}),
            ),
            evaluate(get_many("$a", "$b", "$c"), answers=[[b"2", None, b"3"]]),
        ),
    ),
    Scenario(
        "a key that is not there can be deleted",
        (submit(delete("$a"), effects=Effects(writes={"$a": None})),),
    ),
    Scenario(
        "a deleted key can be written again",
        (
            submit(put("$a", b"1")),
            submit(delete("$a")),
            submit(get("$a"), put("$a", b"2"), answers=[None, None]),
            evaluate(get("$a"), answers=[b"2"]),
        ),
    ),
    Scenario(
        "what is evaluated is not written",
        (evaluate(put("$a", b"1")), evaluate(get("$a"), answers=[None])),
    ),
    Scenario(
        "several keys are read in their order, repeated ones too",
        (
            submit(put("$a", b"1"), put("$b", b"2")),
            submit(
                get_many("$b", "$c", "$a", "$b"),
                answers=[[b"2", None, b"1", b"2"]],
                effects=Effects(reads={"$a": True, "$b": True, "$c": False}),
            ),
        ),
    ),
    Scenario("no key at all is read", (submit(get_many(), answers=[[]], effects=Effects()),)),
    Scenario(
        "the peer answers a request for no key",
        (evaluate(raw("GET_STATE_MULTIPLE", keys=[]), answers=[[]]),),
    ),
    Scenario(
        "more keys than one request takes are read",
        (
            submit(put("$0001", b"1"), put("$1500", b"2")),
            evaluate(
                get_many(*(f"${number:04}" for number in range(1501))),
                answers=[[None, b"1", *[None] * 1498, b"2"]],
            ),
        ),
    ),
    Scenario(
        "keys are any text but the empty one",
        (
            submit(*(put(key, b"v") for key in _ODD_KEYS)),
            evaluate(get_many(*_ODD_KEYS), answers=[[b"v"] * len(_ODD_KEYS)]),
            evaluate(*(get(key) for key in _ODD_KEYS), answers=[b"v"] * len(_ODD_KEYS)),
            submit(*(delete(key) for key in _ODD_KEYS)),
            evaluate(get_many(*_ODD_KEYS), answers=[[None] * len(_ODD_KEYS)]),
        ),
    ),
    Scenario(
        "the stub refuses an empty key",
        (
            evaluate(
                get(""),
                get_many("$a", ""),
                put("", b"1"),
                delete(""),
                history(""),
                answers=[_EMPTY] * 5,
            ),
        ),
    ),
    Scenario(
        "the stub refuses a key that is not Unicode",
        (
            evaluate(
                get("\ud800"),
                put("\ud800", b"1"),
                answers=[Refused("key is not valid Unicode: '\\ud800'")] * 2,
            ),
        ),
    ),
    Scenario(
        "the stub refuses an empty value, which would delete",
        (
            evaluate(
                put("$a", b""),
                answers=[
                    Refused("an empty value would delete the key: call delete_state to do so")
                ],
            ),
        ),
    ),
    Scenario(
        "to the peer an empty key is a key, and an empty value a deletion",
        (
            submit(raw("PUT_STATE", key="", value=b"$"), answers=[b""]),
            evaluate(raw("GET_STATE", key=""), answers=[b"$"]),
            submit(
                raw("PUT_STATE", key="", value=b""),
                raw("PUT_STATE", key="$a", value=b""),
                answers=[b"", b""],
                effects=Effects(writes={"": None, "$a": None}),
            ),
            evaluate(raw("GET_STATE", key=""), answers=[b""]),
        ),
    ),
    Scenario(
        "the peer refuses a key that is not UTF-8",
        (
            evaluate(
                *(raw(kind, _INVALID_UTF8) for kind in _WITH_KEYS),
                answers=[
                    _unreadable(kind, "string field contains invalid UTF-8") for kind in _WITH_KEYS
                ],
            ),
        ),
    ),
    Scenario(
        "the peer refuses bytes that are no message",
        (
            evaluate(
                *(raw(kind, b"\xff") for kind in _KINDS),
                answers=[_unreadable(kind) for kind in _KINDS],
            ),
        ),
    ),
    Scenario(
        "a large value is kept",
        (
            submit(put("$a", b"v" * 1_000_000)),
            evaluate(get("$a"), answers=[b"v" * 1_000_000]),
        ),
    ),
    Scenario(
        "values are bytes of any kind",
        (
            submit(put("$a", bytes(range(256))), put("$b", b"\x00")),
            evaluate(get("$a"), get("$b"), answers=[bytes(range(256)), b"\x00"]),
        ),
    ),
    Scenario(
        "writes that are held back are made together, the last one of each key",
        (
            submit(
                start_batch(),
                put("$a", b"1"),
                put("$a", b"2"),
                put("$b", b"1"),
                delete("$b"),
                finish_batch(),
                put("$c", b"3"),
                effects=Effects(writes={"$a": b"2", "$b": None, "$c": b"3"}),
            ),
            evaluate(get_many("$a", "$b", "$c"), answers=[[b"2", None, b"3"]]),
        ),
    ),
    Scenario(
        "writes that are held back are made when the function returns",
        (
            submit(start_batch(), put("$a", b"1"), effects=Effects(writes={"$a": b"1"})),
            evaluate(get("$a"), answers=[b"1"]),
        ),
    ),
    Scenario(
        "more writes than one request takes are made",
        (
            submit(start_batch(), *(put(f"${number:04}", b"v") for number in range(1001))),
            evaluate(get("$0000"), get("$1000"), answers=[b"v", b"v"]),
        ),
    ),
    Scenario(
        "a write of no kind refuses the rest of its batch, and those before it are made",
        (
            submit(
                raw(
                    "WRITE_BATCH_STATE",
                    rec=[
                        {"key": "$a", "value": b"1", "type": 9},
                        {"key": "$b", "value": b"1", "type": 0},
                        {"key": "$c", "value": b"1", "type": 9},
                    ],
                ),
                answers=[
                    Refused(
                        "WRITE_BATCH_STATE failed: transaction ID: transaction 1: "
                        "unknown operation type"
                    )
                ],
                effects=Effects(writes={"$a": b"1"}),
            ),
        ),
    ),
    Scenario("an empty batch is made", (submit(raw("WRITE_BATCH_STATE", b""), answers=[b""]),)),
    Scenario(
        "a message without its part makes the peer's handler panic, and the transaction continues",
        (
            submit(
                raw("PUT_STATE_METADATA", key="$a"),
                raw("INVOKE_CHAINCODE", b""),
                put("$b", b"1"),
                answers=[
                    Refused(f"{kind} failed: transaction ID: transaction 1: panic during execution")
                    for kind in ("PUT_STATE_METADATA", "INVOKE_CHAINCODE")
                ]
                + [None],
            ),
            evaluate(get("$b"), answers=[b"1"]),
        ),
    ),
    Scenario(
        "in a batch empty metadata are metadata",
        (
            submit(
                put("$a", b"1"),
                raw("WRITE_BATCH_STATE", rec=[{"key": "$a", "type": 21}]),
                answers=[None, b""],
            ),
            evaluate(raw("GET_STATE_METADATA", key="$a"), answers=[[["", b""]]]),
        ),
    ),
    Scenario(
        "in a batch only private keys are purged",
        (
            evaluate(
                raw("WRITE_BATCH_STATE", rec=[{"key": "$a", "type": 23}]),
                raw("WRITE_BATCH_STATE", rec=[{"key": "$a", "type": 23, "collection": "nothing"}]),
                answers=[
                    Refused(
                        "WRITE_BATCH_STATE failed: transaction ID: transaction 1: "
                        "only applicable for private data"
                    ),
                    Refused(
                        "WRITE_BATCH_STATE failed: transaction ID: transaction 1: collection "
                        "behaviour/requests/nothing could not be found"
                    ),
                ],
            ),
        ),
    ),
)
