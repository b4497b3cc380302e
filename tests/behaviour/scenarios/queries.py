"""The history of keys, and rich queries, which a LevelDB state database does not have."""

from tests.behaviour.effects import Effects
from tests.behaviour.program import (
    Refused,
    ask,
    delete,
    get_page,
    history,
    put,
    rich_page,
    rich_query,
    set_policy,
    take,
)
from tests.behaviour.program import policy as signature_policy
from tests.behaviour.scenario import Scenario, evaluate, submit

_NO_QUERY = "failed: transaction ID: transaction 1: ExecuteQuery"
_NO_WRITE = "failed: transaction ID: transaction 1: txid [transaction 1]: unsuppored transaction. "
_ANY = signature_policy("OR('EconInfoMSP.peer')")

SCENARIOS = (
    Scenario(
        "the history of a key is newest first",
        (
            submit(
                put("$a", b"1"),
                ask("transaction_id"),
                ask("timestamp"),
                answers=[None, "transaction 1", "time 1"],
            ),
            submit(
                put("$a", b"2"),
                ask("transaction_id"),
                ask("timestamp"),
                answers=[None, "transaction 2", "time 2"],
            ),
            submit(
                delete("$a"),
                ask("transaction_id"),
                ask("timestamp"),
                answers=[None, "transaction 3", "time 3"],
            ),
            submit(
                history("$a"),
                answers=[
                    [
                        ["transaction 3", None, "time 3"],
                        ["transaction 2", b"2", "time 2"],
                        ["transaction 1", b"1", "time 1"],
                    ]
                ],
                effects=Effects(),
            ),
        ),
    ),
    Scenario(
        "a key that was never written has no history", (evaluate(history("$a"), answers=[[]]),)
    ),
    Scenario(
        "a transaction's own writes are not in the history",
        (submit(put("$a", b"1"), history("$a"), answers=[None, []]),),
    ),
    Scenario(
        "of a transaction's several writes history has the last",
        (
            submit(
                put("$a", b"1"), put("$a", b"2"), ask("timestamp"), answers=[None, None, "time 1"]
            ),
            evaluate(history("$a"), answers=[[["transaction 1", b"2", "time 1"]]]),
        ),
    ),
    Scenario(
        "a change of a key's policy is not in its history",
        (
            submit(put("$a", b"1"), ask("timestamp"), answers=[None, "time 1"]),
            submit(set_policy("$a", _ANY)),
            evaluate(history("$a"), answers=[[["transaction 1", b"1", "time 1"]]]),
        ),
    ),
    Scenario(
        "private data have no public history",
        (submit(put("$a", b"1", on="shared")), evaluate(history("$a"), answers=[[]])),
    ),
    Scenario(
        "a key whose name begins another's has its own history",
        (
            submit(put("$a", b"1"), ask("timestamp"), answers=[None, "time 1"]),
            submit(put("$a\x00", b"2"), put("$ab", b"3")),
            evaluate(history("$a"), answers=[[["transaction 1", b"1", "time 1"]]]),
        ),
    ),
    Scenario(
        "history and writing go together",
        (
            submit(
                history("$a"),
                put("$a", b"1"),
                answers=[[], None],
                effects=Effects(writes={"$a": b"1"}),
            ),
        ),
    ),
    Scenario(
        "history is read as far as it is wanted",
        (
            submit(put("$a", b"1"), ask("timestamp"), answers=[None, "time 1"]),
            submit(put("$a", b"2"), ask("timestamp"), answers=[None, "time 2"]),
            evaluate(
                history("$a", keep="past"),
                take("past", 1),
                answers=[None, [["transaction 1", b"2", "time 2"]]],
            ),
        ),
    ),
    Scenario(
        "rich queries are refused",
        (
            evaluate(
                rich_query("{}"),
                rich_page("{}", 3),
                answers=[
                    Refused(f"GET_QUERY_RESULT {_NO_QUERY} not supported for leveldb"),
                    Refused(f"GET_QUERY_RESULT {_NO_QUERY}WithMetadata not supported for leveldb"),
                ],
            ),
        ),
    ),
    Scenario(
        "a rich query that was refused does not keep from writing",
        (
            submit(
                rich_query("{}"),
                put("$a", b"1"),
                answers=[
                    Refused(f"GET_QUERY_RESULT {_NO_QUERY} not supported for leveldb"),
                    None,
                ],
            ),
        ),
    ),
    Scenario(
        "a page of a rich query that was refused does",
        (
            submit(
                rich_page("{}", 3),
                put("$a", b"1"),
                answers=[
                    Refused(f"GET_QUERY_RESULT {_NO_QUERY}WithMetadata not supported for leveldb"),
                    Refused(
                        f"PUT_STATE {_NO_WRITE}Transaction has already performed a paginated "
                        "query. Writes are not allowed"
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "after a write a page of a rich query is refused for that",
        (
            submit(
                put("$a", b"1"),
                rich_page("{}", 3),
                rich_query("{}"),
                answers=[
                    None,
                    Refused(
                        f"GET_QUERY_RESULT {_NO_WRITE}Paginated queries are supported only in a "
                        "read-only transaction"
                    ),
                    Refused(f"GET_QUERY_RESULT {_NO_QUERY} not supported for leveldb"),
                ],
            ),
        ),
    ),
    Scenario(
        "the stub refuses sizes of rich pages that are no size",
        (
            evaluate(
                rich_page("{}", 0),
                answers=[Refused("page size must be from 1 to 2147483647: 0")],
            ),
        ),
    ),
    Scenario(
        "a rich query of a collection is refused",
        (
            evaluate(
                rich_query("{}", on="shared"),
                rich_query("{}", on="nothing"),
                answers=[
                    Refused(f"GET_QUERY_RESULT {_NO_QUERY} not supported for leveldb"),
                    Refused(
                        "GET_QUERY_RESULT failed: transaction ID: transaction 1: collection "
                        "behaviour/requests/nothing could not be found"
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "a rich query of a collection that was refused keeps from writing",
        (
            submit(
                rich_query("{}", on="shared"),
                put("$a", b"1"),
                get_page("$", "$~", 1),
                answers=[
                    Refused(f"GET_QUERY_RESULT {_NO_QUERY} not supported for leveldb"),
                    Refused(
                        f"PUT_STATE {_NO_WRITE}Transaction has already performed queries on pvt "
                        "data. Writes are not allowed"
                    ),
                    [[], "", 0],
                ],
            ),
        ),
    ),
)
