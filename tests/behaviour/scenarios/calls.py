"""Chaincodes that call chaincodes: on one channel, on another, themselves, and what is not there."""

from tests.behaviour.effects import Effects
from tests.behaviour.program import (
    Program,
    Refused,
    Request,
    ask,
    call,
    client,
    delete,
    event,
    get,
    get_page,
    get_range,
    put,
    refuse,
    set_policy,
)
from tests.behaviour.scenario import Scenario, commit, endorse, evaluate, submit

_TX = "INVOKE_CHAINCODE failed: transaction ID: transaction 1: "

_NOT_QSCC = (
    "Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, "
    "original invocation for"
)
_NOT_CSCC = "Rejecting invoke of CSCC from another chaincode, original invocation for"
_NOT_LIFECYCLE = "lifecycle scc operations require exactly two arguments but received 1"


def _not_found(name: str, channel: str = "behaviour") -> Refused:
    return Refused(
        f"{_TX}execute failed: invalid invocation: [channel {channel}] failed to get chaincode "
        f"container info for {name}: chaincode {name} not found"
    )


def _running(name: str) -> Refused:
    return Refused(f"{_TX}execute failed: error sending: txid: transaction 1({name}) exists")


def _answered(*answers: object) -> list[object]:
    return [200, "", list(answers)]


SCENARIOS = (
    Scenario(
        "what a called chaincode writes joins the transaction",
        (
            submit(
                put("$a", b"1"),
                call("others", put("$a", b"2"), get("$a")),
                answers=[None, _answered(None, None)],
                effects=Effects(writes={"$a": b"1"}),
            ),
            evaluate(get("$a"), answers=[b"1"]),
            evaluate(get("$a"), answers=[b"2"], chaincode="others"),
        ),
    ),
    Scenario(
        "what a called chaincode reads is checked at commit",
        (
            submit(put("$a", b"1"), chaincode="others"),
            endorse(
                "late",
                call("others", get("$a")),
                put("$a", b"2"),
                answers=[_answered(b"1"), None],
            ),
            submit(put("$a", b"3"), chaincode="others"),
            commit(late="MVCC_READ_CONFLICT"),
        ),
    ),
    Scenario(
        "what a chaincode that refuses has written stays",
        (
            submit(
                call("others", put("$a", b"1"), refuse("no"), function="insist"),
                put("$b", b"1"),
                answers=[[500, "no", b""], None],
            ),
            evaluate(get("$a"), answers=[b"1"], chaincode="others"),
            evaluate(get("$b"), answers=[b"1"]),
        ),
    ),
    Scenario(
        "a function that is not there is a refusal",
        (
            evaluate(
                call("others", function="nothing"),
                answers=[
                    [500, "You've asked to invoke a function that does not exist: nothing", b""]
                ],
            ),
        ),
    ),
    Scenario(
        "the event of a called chaincode is lost",
        (
            submit(
                event("mine", b"1"),
                call("others", event("theirs", b"2")),
                answers=[None, _answered(None)],
                event=("mine", b"1"),
            ),
            submit(call("others", event("theirs", b"2")), answers=[_answered(None)]),
        ),
    ),
    Scenario(
        "a called chaincode sees the same transaction and caller",
        (
            evaluate(
                ask("transaction_id"),
                client("msp_id"),
                call("others", ask("transaction_id"), client("msp_id"), ask("channel_id")),
                answers=[
                    "transaction 1",
                    "EconInfoMSP",
                    _answered("transaction 1", "EconInfoMSP", "behaviour"),
                ],
            ),
        ),
    ),
    Scenario(
        "a called chaincode sees the transient data",
        (
            evaluate(
                call("others", ask("transient")),
                answers=[_answered({"secret": b"1"})],
                transient={"secret": b"1"},
            ),
        ),
    ),
    Scenario(
        "after a called chaincode's page nothing is written",
        (
            submit(
                call("others", get_page("$", "$~", 1)),
                put("$a", b"1"),
                answers=[
                    _answered([[], "", 0]),
                    Refused(
                        "PUT_STATE failed: transaction ID: transaction 1: txid [transaction 1]: "
                        "unsuppored transaction. Transaction has already performed a paginated "
                        "query. Writes are not allowed"
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "after a private range no called chaincode writes",
        (
            submit(
                get_range("$", "$~", on="shared"),
                call("others", put("$a", b"1"), get("$a")),
                answers=[
                    [],
                    _answered(
                        Refused(
                            "PUT_STATE failed: transaction ID: transaction 1: txid "
                            "[transaction 1]: unsuppored transaction. Transaction has already "
                            "performed queries on pvt data. Writes are not allowed"
                        ),
                        None,
                    ),
                ],
            ),
        ),
    ),
    Scenario(
        "the collections of the caller are not those of the called",
        (
            evaluate(
                call("others", get("$a", on="shared")),
                answers=[
                    _answered(
                        Refused(
                            "GET_STATE failed: transaction ID: transaction 1: collection "
                            "behaviour/others/shared could not be found"
                        )
                    )
                ],
            ),
        ),
    ),
    Scenario(
        "a chaincode of another channel reads there, and what it writes is lost",
        (
            submit(put("$a", b"1"), chaincode="others", channel="elsewhere"),
            submit(
                call("others", get("$a"), put("$a", b"2"), ask("channel_id"), channel="elsewhere"),
                put("$a", b"3"),
                answers=[_answered(b"1", None, "elsewhere"), None],
                effects=Effects(writes={"$a": b"3"}),
            ),
            evaluate(get("$a"), answers=[b"1"], chaincode="others", channel="elsewhere"),
        ),
    ),
    Scenario(
        "what is read on another channel is not checked at commit",
        (
            submit(put("$a", b"1"), chaincode="others", channel="elsewhere"),
            endorse(
                "late",
                call("others", get("$a"), channel="elsewhere"),
                put("$a", b"2"),
                answers=[_answered(b"1"), None],
            ),
            submit(put("$a", b"3"), chaincode="others", channel="elsewhere"),
            commit(late="VALID"),
        ),
    ),
    Scenario(
        "a page on another channel does not keep from writing here",
        (
            submit(
                call("others", get_page("$", "$~", 1), channel="elsewhere"),
                put("$a", b"2"),
                answers=[_answered([[], "", 0]), None],
            ),
        ),
    ),
    Scenario(
        "naming one's own channel is as naming none",
        (
            submit(call("others", put("$a", b"1"), channel="behaviour"), answers=[_answered(None)]),
            evaluate(get("$a"), answers=[b"1"], chaincode="others"),
        ),
    ),
    Scenario(
        "who is not in the other channel is refused there",
        (
            evaluate(
                call("others", get("$a"), channel="elsewhere"),
                by="Haidian",
                at="EconInfo",
                answers=[
                    Refused(
                        f"{_TX}Failed evaluating policy on signed data during check policy on "
                        "channel [elsewhere] with policy [/Channel/Application/Writers]: "
                        "[implicit policy evaluation failed - 0 sub-policies were satisfied, but "
                        "this policy requires 1 of the 'Writers' sub-policies to be satisfied]"
                    )
                ],
            ),
            evaluate(
                call("others", get("$a"), channel="elsewhere"),
                by="Haidian",
                answers=[
                    Refused(
                        "INVOKE_CHAINCODE failed: transaction ID: transaction 2: Failed to get "
                        "policy manager for channel [elsewhere]"
                    )
                ],
            ),
        ),
    ),
    Scenario(
        "a channel that is not there is refused",
        (
            evaluate(
                call("others", get("$a"), channel="nowhere"),
                answers=[Refused(f"{_TX}Failed to get policy manager for channel [nowhere]")],
            ),
        ),
    ),
    Scenario(
        "a chaincode that is not there is refused, and the caller goes on",
        (
            submit(
                call("nothing", get("$a")),
                call("nothing", get("$a"), channel="elsewhere"),
                put("$a", b"1"),
                answers=[_not_found("nothing"), _not_found("nothing", "elsewhere"), None],
            ),
            evaluate(get("$a"), answers=[b"1"]),
        ),
    ),
    Scenario(
        "a chaincode of this channel is not there on another",
        (
            evaluate(
                call("requests", get("$a"), channel="elsewhere"),
                answers=[_not_found("requests", "elsewhere")],
            ),
        ),
    ),
    Scenario(
        "the stub refuses a chaincode without a name",
        (evaluate(call("", get("$a")), answers=[Refused("the chaincode to call needs a name")]),),
    ),
    Scenario(
        "a version in a chaincode's name is passed over",
        (evaluate(call("others:9.9", get("$a")), answers=[_answered(None)]),),
    ),
    Scenario(
        "a chaincode does not call itself",
        (
            submit(
                call("requests", put("$a", b"1")),
                put("$b", b"1"),
                answers=[_running("behaviour"), None],
            ),
            evaluate(get("$a"), get("$b"), answers=[None, b"1"]),
        ),
    ),
    Scenario(
        "a called chaincode does not call back",
        (
            submit(
                call("others", call("requests", get("$a")), put("$a", b"1")),
                answers=[_answered(_running("behaviour"), None)],
            ),
            evaluate(get("$a"), answers=[b"1"], chaincode="others"),
        ),
    ),
    Scenario(
        "a called chaincode calls on, to another channel and its own like there",
        (
            evaluate(
                call("others", call("others", ask("channel_id"), channel="elsewhere")),
                answers=[_answered(_answered("elsewhere"))],
            ),
        ),
    ),
    Scenario(
        "a chaincode that wants to be initialised is refused before",
        (
            evaluate(
                call("initiated", get("$a")),
                answers=[
                    Refused(
                        f"{_TX}execute failed: invalid invocation: chaincode 'initiated' has not "
                        "been initialized for this version, must call as init first"
                    )
                ],
            ),
        ),
        beyond="Init of a called chaincode",
    ),
    Scenario(
        "no argument at all is an answer too",
        (
            evaluate(
                Request("invoke_chaincode", ("others", (), "")),
                answers=[[500, "You've asked to invoke a function that does not exist: ", b""]],
            ),
        ),
    ),
    Scenario(
        "several calls of a chaincode in turn see no writes of each other",
        (
            submit(
                call("others", put("$a", b"1")),
                call("others", get("$a"), delete("$a")),
                answers=[_answered(None), _answered(None, None)],
            ),
            evaluate(get("$a"), answers=[None], chaincode="others"),
        ),
    ),
    Scenario(
        "a called chaincode answers bytes",
        (
            evaluate(
                Request(
                    "invoke_chaincode",
                    ("others", (b"AsyncRequests:run", Program((put("$a", b"1"),))), ""),
                ),
                answers=[_answered(None)],
            ),
        ),
    ),
    Scenario(
        "a called chaincode of another channel looks back at this one's committed state",
        (
            submit(put("$a", b"1"), chaincode="others"),
            submit(
                call("others", call("others", get("$a"), channel="behaviour"), channel="elsewhere"),
                answers=[_answered(_answered(b"1"))],
                effects=Effects(),
            ),
        ),
        beyond="calls back from another channel",
    ),
    Scenario(
        "a called chaincode of another channel does not call back",
        (
            evaluate(
                call(
                    "others", call("requests", get("$a"), channel="behaviour"), channel="elsewhere"
                ),
                answers=[_answered(_running("behaviour"))],
            ),
        ),
        beyond="calls back from another channel",
    ),
    Scenario(
        "a channel without a name is one's own, and slashes are part of a channel's name",
        (
            evaluate(
                call("others/", ask("channel_id")),
                call("others", get("$a"), channel="else/where"),
                answers=[
                    _answered("behaviour"),
                    Refused(f"{_TX}Failed to get policy manager for channel [else/where]"),
                ],
            ),
        ),
    ),
    Scenario(
        "the peer's own chaincodes are not for chaincodes to ask",
        (
            evaluate(
                Request("invoke_chaincode", ("qscc", (b"GetChainInfo", b"behaviour"), "")),
                Request("invoke_chaincode", ("cscc", (b"GetChannels",), "")),
                Request("invoke_chaincode", ("_lifecycle", (b"Nothing",), "")),
                answers=[
                    [500, f"{_NOT_QSCC} 'requests'", b""],
                    [500, f"{_NOT_CSCC} 'requests'", b""],
                    [500, _NOT_LIFECYCLE, b""],
                ],
            ),
        ),
        beyond="system chaincodes",
    ),
    Scenario(
        "a write of a key whose policy is no policy by a called chaincode is refused for all",
        (
            submit(put("$a", b"1"), set_policy("$a", b"nonsense"), chaincode="others"),
            submit(
                call("others", put("$a", b"2")),
                refused="error in simulation: error unmarshalling SignaturePolicyEnvelope: "
                "proto: cannot parse invalid wire-format data",
            ),
        ),
    ),
)
