"""Private data of members: values, hashes, deletions, purges, ranges, and what goes with what."""

from hashlib import sha256

from tests.behaviour.effects import Effects, private
from tests.behaviour.program import (
    Refused,
    composite,
    delete,
    get,
    get_composite,
    get_hash,
    get_many,
    get_page,
    get_range,
    purge,
    put,
    raw,
    refuse,
    set_policy,
    start_batch,
)
from tests.behaviour.scenario import Scenario, evaluate, submit

_TX = "failed: transaction ID: transaction 1: "
_NO_WRITE = (
    f"{_TX}txid [transaction 1]: unsuppored transaction. Transaction has already performed "
    "queries on pvt data. Writes are not allowed"
)
_NO_RANGE = Refused(
    f"GET_STATE_BY_RANGE {_TX}txid [transaction 1]: unsuppored transaction. Queries on pvt data "
    "is supported only in a read-only transaction"
)
_OWN = "_implicit_org_EconInfoMSP"
_HASH = sha256(b"1").digest()
_TOO_FEW = (
    "error in simulation: failed to distribute private collection, txID transaction 1, channel "
    "behaviour: could not build private data dissemination plan for chaincode requests and "
    "collection copied: required to disseminate to at least 2 peers, but know of only 1 eligible "
    "peers"
)

SCENARIOS = (
    Scenario(
        "members read a private value once it is committed, others its hash",
        (
            submit(
                put("$a", b"1", on="shared"),
                effects=Effects(private={"shared": private(writes={"$a": True})}),
            ),
            submit(
                get("$a", on="shared"),
                answers=[b"1"],
                effects=Effects(private={"shared": private(reads={"$a": True})}),
            ),
            evaluate(get("$a", on="shared"), answers=[b"1"], by="MktSup"),
            evaluate(get_hash("$a", on="shared"), answers=[_HASH], by="Haidian"),
        ),
    ),
    Scenario(
        "a private key that was never written has neither value nor hash",
        (
            submit(
                get("$a", on="shared"),
                get_hash("$b", on="shared"),
                get_many("$c", "$d", on="shared"),
                answers=[None, None, [None, None]],
                effects=Effects(
                    private={
                        "shared": private(
                            reads={"$a": False, "$b": False, "$c": False, "$d": False}
                        )
                    }
                ),
            ),
        ),
    ),
    Scenario(
        "public and private keys are apart, and so are collections",
        (
            submit(put("$a", b"1"), put("$a", b"2", on="shared"), put("$a", b"3", on="closed")),
            evaluate(
                get("$a"),
                get("$a", on="shared"),
                get("$a", on="closed"),
                get("$a", on="readable"),
                answers=[b"1", b"2", b"3", None],
            ),
        ),
    ),
    Scenario(
        "private values that a transaction writes it does not read",
        (
            submit(put("$a", b"1", on="shared")),
            submit(
                put("$a", b"2", on="shared"),
                get("$a", on="shared"),
                get_hash("$a", on="shared"),
                delete("$a", on="shared"),
                get_many("$a", on="shared"),
                answers=[None, b"1", _HASH, None, [b"1"]],
                effects=Effects(
                    private={"shared": private(reads={"$a": True}, writes={"$a": False})}
                ),
            ),
            evaluate(get("$a", on="shared"), get_hash("$a", on="shared"), answers=[None, None]),
        ),
    ),
    Scenario(
        "the hash of a value is that of its bytes",
        (
            submit(put("$a", b"1", on="shared")),
            submit(
                get_hash("$a", on="shared"),
                answers=[_HASH],
                effects=Effects(private={"shared": private(reads={"$a": True})}),
            ),
        ),
    ),
    Scenario(
        "several private keys are read in their order",
        (
            submit(put("$a", b"1", on="shared"), put("$b", b"2", on="shared")),
            evaluate(
                get_many("$b", "$c", "$a", "$b", on="shared"),
                answers=[[b"2", None, b"1", b"2"]],
            ),
        ),
    ),
    Scenario(
        "a private key that is not there can be deleted and purged",
        (
            submit(
                delete("$a", on="shared"),
                purge("$b", on="shared"),
                effects=Effects(private={"shared": private(writes={"$a": False, "$b": "purged"})}),
            ),
            evaluate(get_many("$a", "$b", on="shared"), answers=[[None, None]]),
        ),
    ),
    Scenario(
        "what was purged is gone and can be written again",
        (
            submit(put("$a", b"1", on="shared")),
            submit(purge("$a", on="shared")),
            evaluate(get("$a", on="shared"), get_hash("$a", on="shared"), answers=[None, None]),
            submit(put("$a", b"2", on="shared")),
            evaluate(get("$a", on="shared"), answers=[b"2"]),
        ),
    ),
    Scenario(
        "of several private writes to a key the last one counts",
        (
            submit(
                put("$a", b"1", on="shared"),
                delete("$a", on="shared"),
                delete("$b", on="shared"),
                put("$b", b"2", on="shared"),
                purge("$c", on="shared"),
                put("$c", b"3", on="shared"),
                put("$d", b"4", on="shared"),
                purge("$d", on="shared"),
                effects=Effects(
                    private={
                        "shared": private(
                            writes={"$a": False, "$b": True, "$c": True, "$d": "purged"}
                        )
                    }
                ),
            ),
            evaluate(
                get_many("$a", "$b", "$c", "$d", on="shared"), answers=[[None, b"2", b"3", None]]
            ),
        ),
    ),
    Scenario(
        "a private range holds its start and not its end, and nothing of it is recorded",
        (
            submit(*(put(f"${part}", b"v", on="shared") for part in "abc")),
            submit(
                get_range("$a", "$c", on="shared"),
                get_range("$x", "$y", on="shared"),
                get_range("$c", "$a", on="shared"),
                answers=[[["$a", b"v"], ["$b", b"v"]], [], []],
                effects=Effects(),
            ),
        ),
    ),
    Scenario(
        "a private range without bounds holds what is private and not composite",
        (
            submit(
                put("$a", b"1", on="shared"),
                put(composite("$t", "x"), b"2", on="shared"),
                put("$b", b"3"),
            ),
            evaluate(
                get_range(on="shared"),
                get_composite("$t", on="shared"),
                answers=[[["$a", b"1"]], [["\x00$t\x00x\x00", b"2"]]],
            ),
        ),
    ),
    Scenario(
        "a long private range comes in several answers",
        (
            submit(*(put(f"${number:03}", b"v", on="shared") for number in range(205))),
            evaluate(
                get_range("$", "$~", on="shared"),
                answers=[[[f"${number:03}", b"v"] for number in range(205)]],
            ),
        ),
    ),
    Scenario(
        "to the peer a page of private data is a limit without bookmark",
        (
            submit(*(put(f"${number}", b"v", on="shared") for number in range(4))),
            evaluate(
                raw(
                    "GET_STATE_BY_RANGE",
                    collection="shared",
                    startKey="$",
                    endKey="$~",
                    page={"pageSize": 2, "bookmark": "$2"},
                ),
                answers=[[[["$0", b"v"], ["$1", b"v"]], False, None]],
            ),
        ),
    ),
    Scenario(
        "after a private range nothing is written",
        (
            submit(
                get_range("$", "$~", on="shared"),
                put("$a", b"1"),
                delete("$a"),
                put("$a", b"1", on="shared"),
                delete("$a", on="closed"),
                purge("$a", on="shared"),
                set_policy("$a", b""),
                set_policy("$a", b"", on="shared"),
                get("$a"),
                answers=[
                    [],
                    Refused(f"PUT_STATE {_NO_WRITE}"),
                    Refused(f"DEL_STATE {_NO_WRITE}"),
                    Refused(f"PUT_STATE {_NO_WRITE}"),
                    Refused(f"DEL_STATE {_NO_WRITE}"),
                    Refused(f"PURGE_PRIVATE_DATA {_NO_WRITE}"),
                    Refused(f"PUT_STATE_METADATA {_NO_WRITE}"),
                    Refused(f"PUT_STATE_METADATA {_NO_WRITE}"),
                    None,
                ],
                effects=Effects(reads={"$a": False}),
            ),
        ),
    ),
    Scenario(
        "after a private range a transaction that insists on writing is refused",
        (
            submit(
                get_range("$", "$~", on="shared"),
                put("$a", b"1"),
                refused=f"PUT_STATE {_NO_WRITE}",
            ),
        ),
    ),
    Scenario(
        "after a private range a batch of writes is refused",
        (
            submit(
                get_range("$", "$~", on="shared"),
                start_batch(),
                put("$a", b"1"),
                refused=f"WRITE_BATCH_STATE {_NO_WRITE}",
            ),
        ),
    ),
    Scenario(
        "after a write there is no private range",
        (
            submit(
                put("$a", b"1"),
                get_range("$", "$~", on="shared"),
                get_composite("$t", on="shared"),
                put("$b", b"1"),
                answers=[None, _NO_RANGE, _NO_RANGE, None],
            ),
        ),
    ),
    Scenario(
        "after a policy is written there is no private range",
        (
            submit(
                set_policy("$a", b""), get_range("$", "$~", on="shared"), answers=[None, _NO_RANGE]
            ),
        ),
    ),
    Scenario(
        "after a private write there is no private range",
        (
            submit(
                put("$a", b"1", on="shared"),
                get_range("$", "$~", on="closed"),
                answers=[None, _NO_RANGE],
            ),
        ),
    ),
    Scenario(
        "a private range and a page go together",
        (
            evaluate(
                get_range("$", "$~", on="shared"),
                get_page("$", "$~", 1),
                get_range("$", "$~", on="shared"),
                answers=[[], [[], "", 0], []],
            ),
        ),
    ),
    Scenario(
        "after a private range and a page writes are refused for the private range",
        (
            evaluate(
                get_page("$", "$~", 1),
                get_range("$", "$~", on="shared"),
                put("$a", b"1"),
                answers=[[[], "", 0], [], Refused(f"PUT_STATE {_NO_WRITE}")],
            ),
        ),
    ),
    Scenario(
        "reading private values and writing go together",
        (
            submit(put("$a", b"1", on="shared")),
            submit(
                get("$a", on="shared"),
                put("$b", b"1", on="shared"),
                put("$c", b"1"),
                answers=[b"1", None, None],
                effects=Effects(
                    writes={"$c": b"1"},
                    private={"shared": private(reads={"$a": True}, writes={"$b": True})},
                ),
            ),
        ),
    ),
    Scenario(
        "private writes are held back with the others",
        (
            submit(
                start_batch(),
                put("$a", b"1", on="shared"),
                put("$b", b"1", on="shared"),
                purge("$b", on="shared"),
                delete("$c", on="shared"),
                effects=Effects(
                    private={"shared": private(writes={"$a": True, "$b": "purged", "$c": False})}
                ),
            ),
            evaluate(get("$a", on="shared"), answers=[b"1"]),
        ),
    ),
    Scenario(
        "the stub refuses empty private keys and values, and collections without a name",
        (
            evaluate(
                get("", on="shared"),
                get_hash("", on="shared"),
                purge("", on="shared"),
                put("$a", b"", on="shared"),
                answers=[
                    Refused("key must not be an empty string"),
                    Refused("key must not be an empty string"),
                    Refused("key must not be an empty string"),
                    Refused("an empty value would delete the key: call delete_state to do so"),
                ],
            ),
        ),
    ),
    Scenario(
        "to the peer the collection without a name has hashes, of nothing, and no purges",
        (
            submit(
                raw("GET_PRIVATE_DATA_HASH", key="$a", collection=""),
                raw("PURGE_PRIVATE_DATA", key="$a", collection=""),
                answers=[
                    b"",
                    Refused(f"PURGE_PRIVATE_DATA {_TX}only applicable for private data"),
                ],
            ),
        ),
    ),
    Scenario(
        "to the peer an empty private value is a deletion, and an empty private key a key",
        (
            submit(put("$a", b"1", on="shared")),
            submit(
                raw("PUT_STATE", key="$a", value=b"", collection="shared"),
                raw("PUT_STATE", key="", value=b"$", collection="shared"),
                answers=[b"", b""],
            ),
            evaluate(
                get("$a", on="shared"),
                raw("GET_STATE", key="", collection="shared"),
                answers=[None, b"$"],
            ),
            submit(raw("DEL_STATE", key="", collection="shared"), answers=[b""]),
        ),
    ),
    Scenario(
        "an organisation's own collection is there without being declared",
        (
            submit(put("$a", b"1", on=_OWN)),
            evaluate(get("$a", on=_OWN), get_hash("$a", on=_OWN), answers=[b"1", _HASH]),
            evaluate(get_hash("$a", on=_OWN), answers=[_HASH], by="Haidian"),
        ),
    ),
    Scenario(
        "an organisation's own collection is there in every chaincode",
        (
            submit(put("$a", b"1", on=_OWN), chaincode="others"),
            evaluate(get("$a", on=_OWN), answers=[b"1"], chaincode="others"),
            evaluate(get("$a", on=_OWN), answers=[None]),
        ),
    ),
    Scenario(
        "private data of a limited life are there in their block's successor, and then are not",
        (
            submit(put("$a", b"1", on="brief")),
            evaluate(get("$a", on="brief"), get_hash("$a", on="brief"), answers=[b"1", _HASH]),
            submit(put("$b", b"1")),
            evaluate(get("$a", on="brief"), get_hash("$a", on="brief"), answers=[b"1", _HASH]),
            submit(put("$b", b"2")),
            evaluate(get("$a", on="brief"), get_hash("$a", on="brief"), answers=[None, None]),
        ),
    ),
    Scenario(
        "private data that too few keep are refused, when they are only evaluated too",
        (
            submit(put("$a", b"1", on="copied"), refused=_TOO_FEW),
            evaluate(put("$a", b"1", on="copied"), refused=_TOO_FEW.replace("n 1,", "n 2,")),
            evaluate(get("$a", on="copied"), get_hash("$a", on="copied"), answers=[None, None]),
        ),
    ),
    Scenario(
        "a transaction that was refused has written nothing private",
        (
            submit(put("$a", b"1", on="shared"), refuse("no"), refused="no"),
            evaluate(get("$a", on="shared"), get_hash("$a", on="shared"), answers=[None, None]),
        ),
    ),
    Scenario(
        "what is private is evaluated and not written",
        (
            evaluate(put("$a", b"1", on="shared")),
            evaluate(get("$a", on="shared"), answers=[None]),
        ),
    ),
    Scenario(
        "a large private value is kept",
        (
            submit(put("$a", b"v" * 500_000, on="shared")),
            evaluate(get("$a", on="shared"), answers=[b"v" * 500_000]),
        ),
    ),
)
