"""What a transaction is besides its state: events, transient data, its caller, refusals, Init."""

from tests.behaviour.effects import Effects
from tests.behaviour.program import (
    Refused,
    Request,
    ask,
    client,
    composite,
    event,
    get,
    put,
    raw,
    refuse,
)
from tests.behaviour.scenario import Scenario, evaluate, submit

_NOT_YET = (
    "chaincode 'initiated' has not been initialized for this version, must call as init first"
)
_FAILED = "error in simulation: failed to execute transaction transaction 1: invalid invocation: "
_NO_PRIVATE = (
    "failed: transaction ID: transaction 2: private data APIs are not allowed in chaincode Init()"
)

SCENARIOS = (
    Scenario(
        "a transaction has the event that it set",
        (submit(event("named", b"payload"), event=("named", b"payload")),),
    ),
    Scenario(
        "of several events a transaction has the last",
        (submit(event("one", b"1"), event("two", b"2"), event=("two", b"2")),),
    ),
    Scenario(
        "an event may be without payload",
        (submit(event("named"), event=("named", b"")),),
    ),
    Scenario(
        "the stub refuses an event without a name",
        (submit(event("", b"1"), answers=[Refused("event name can not be empty string")]),),
    ),
    Scenario("a transaction may be without event", (submit(get("$a"), answers=[None]),)),
    Scenario(
        "transient data reach the contract",
        (
            submit(
                ask("transient"),
                answers=[{"a": b"1", "b": b"\xff"}],
                transient={"a": b"1", "b": b"\xff"},
            ),
            submit(ask("transient"), answers=[{}]),
        ),
    ),
    Scenario(
        "the contract knows who calls",
        (
            evaluate(
                client("msp_id"),
                client("attribute", "role"),
                client("attribute", "other"),
                client("has_attribute", "role", "registrar"),
                client("has_attribute", "role", "mayor"),
                answers=["MktSupMSP", "registrar", None, True, False],
                by="MktSup",
                at="EconInfo",
            ),
        ),
    ),
    Scenario(
        "the contract knows its transaction",
        (
            evaluate(
                ask("channel_id"),
                ask("transaction_id"),
                ask("transaction_id"),
                ask("timestamp"),
                ask("timestamp"),
                answers=["behaviour", "transaction 1", "transaction 1", "time 1", "time 1"],
            ),
        ),
    ),
    Scenario(
        "each transaction has its own id",
        (
            evaluate(ask("transaction_id"), answers=["transaction 1"]),
            evaluate(ask("transaction_id"), answers=["transaction 2"]),
        ),
    ),
    Scenario(
        "composite keys are made and split without the peer",
        (
            evaluate(
                ask("create_composite_key", "$t", ("a", "")),
                ask("split_composite_key", composite("$t", "a", "")),
                ask("split_composite_key", "$a"),
                answers=[
                    "\x00$t\x00a\x00\x00",
                    ["$t", ["a", ""]],
                    Refused("not a composite key: '$a'"),
                ],
            ),
        ),
    ),
    Scenario(
        "a transaction that the contract refuses writes nothing",
        (
            submit(put("$a", b"1"), refuse("it is not the season"), refused="it is not the season"),
            evaluate(get("$a"), answers=[None]),
        ),
    ),
    Scenario(
        "a query that the contract refuses has the contract's reason",
        (evaluate(refuse("no: “$” 不行"), refused="no: “$” 不行"),),
    ),
    Scenario(
        "an error of the contract's own is a refusal with its kind",
        (
            submit(put("$a", b"1"), Request("fail", ("broken",)), refused="ValueError: broken"),
            evaluate(get("$a"), answers=[None]),
        ),
    ),
    Scenario(
        "a request that the peer refused and the contract caught does not invalidate the transaction",
        (
            submit(
                raw("QUERY_STATE_NEXT", id="nothing"),
                put("$a", b"1"),
                answers=[
                    Refused(
                        "QUERY_STATE_NEXT failed: transaction ID: transaction 1: "
                        "query iterator not found"
                    ),
                    None,
                ],
                effects=Effects(writes={"$a": b"1"}),
            ),
            evaluate(get("$a"), answers=[b"1"]),
        ),
    ),
    Scenario(
        "an unknown function is refused",
        (
            submit(
                function="nothing",
                refused="You've asked to invoke a function that does not exist: nothing",
            ),
        ),
    ),
    Scenario(
        "a large answer comes whole",
        (
            submit(put("$a", b"v" * 900_000)),
            evaluate(get("$a"), get("$a"), answers=[b"v" * 900_000] * 2),
        ),
    ),
    Scenario(
        "a chaincode that needs no Init is not called as Init",
        (
            submit(
                get("$a"),
                is_init=True,
                function="run",
                refused=f"{_FAILED}chaincode 'requests' does not require initialization but "
                "called as init",
            ),
        ),
    ),
    Scenario(
        "a chaincode that needs Init is called as Init once, and does nothing private then",
        (
            submit(put("$a", b"1"), chaincode="initiated", refused=_FAILED + _NOT_YET),
            submit(
                put("$a", b"1"),
                put("$a", b"1", on="_implicit_org_EconInfoMSP"),
                get("$a", on="_implicit_org_EconInfoMSP"),
                raw("GET_PRIVATE_DATA_HASH", key="$a", collection="_implicit_org_EconInfoMSP"),
                chaincode="initiated",
                is_init=True,
                answers=[
                    None,
                    Refused(f"PUT_STATE {_NO_PRIVATE}"),
                    Refused(f"GET_STATE {_NO_PRIVATE}"),
                    Refused(f"GET_PRIVATE_DATA_HASH {_NO_PRIVATE}"),
                ],
                effects=Effects(
                    reads={"\x00\U0010ffffinitialized": False},
                    writes={"\x00\U0010ffffinitialized": b"1", "$a": b"1"},
                ),
            ),
            submit(
                get("$a"),
                chaincode="initiated",
                answers=[b"1"],
                effects=Effects(reads={"\x00\U0010ffffinitialized": True, "$a": True}),
            ),
            submit(
                get("$a"),
                chaincode="initiated",
                is_init=True,
                refused="error in simulation: failed to execute transaction transaction 3: "
                "invalid invocation: chaincode 'initiated' is already initialized but called as "
                "init",
            ),
        ),
        stub="blocking",
    ),
)
