"""Endorsement policies of keys: written, read, and what they decide when a transaction commits."""

from tests.behaviour.effects import Effects, private
from tests.behaviour.program import (
    Refused,
    delete,
    finish_batch,
    get,
    get_policy,
    policy,
    purge,
    put,
    raw,
    set_policy,
    start_batch,
)
from tests.behaviour.scenario import Scenario, commit, endorse, evaluate, submit

_HAIDIAN = policy("OR('HaidianMSP.peer')")
_BOTH = policy("AND('EconInfoMSP.peer', 'HaidianMSP.peer')")
_ECONINFO = policy("OR('EconInfoMSP.peer')")
_NO_POLICY = (
    "error in simulation: error unmarshalling SignaturePolicyEnvelope: "
    "proto: cannot parse invalid wire-format data"
)

SCENARIOS = (
    Scenario(
        "a key has the policy that it was given",
        (
            submit(
                put("$a", b"1"),
                set_policy("$a", _ECONINFO),
                effects=Effects(writes={"$a": b"1"}, policies=["$a"]),
            ),
            submit(
                get_policy("$a"),
                get("$a"),
                answers=[_ECONINFO, b"1"],
                effects=Effects(reads={"$a": True}),
            ),
        ),
    ),
    Scenario(
        "a key without a policy of its own has none",
        (
            submit(put("$a", b"1")),
            submit(
                get_policy("$a"),
                get_policy("$b"),
                answers=[None, None],
                effects=Effects(reads={"$a": True, "$b": False}),
            ),
        ),
    ),
    Scenario(
        "a policy that a transaction writes it does not read",
        (
            submit(put("$a", b"1")),
            submit(set_policy("$a", _ECONINFO), get_policy("$a"), answers=[None, None]),
        ),
    ),
    Scenario(
        "a key that is not there takes no policy",
        (
            submit(set_policy("$a", _HAIDIAN), effects=Effects(policies=["$a"])),
            evaluate(get_policy("$a"), answers=[None]),
            submit(put("$a", b"1")),
            evaluate(get_policy("$a"), answers=[None]),
        ),
    ),
    Scenario(
        "a value that is written again keeps the policy",
        (
            submit(put("$a", b"1"), set_policy("$a", _ECONINFO)),
            submit(put("$a", b"2")),
            evaluate(get_policy("$a"), get("$a"), answers=[_ECONINFO, b"2"]),
        ),
    ),
    Scenario(
        "a new policy keeps the value",
        (
            submit(put("$a", b"1"), set_policy("$a", _ECONINFO)),
            submit(set_policy("$a", policy("OR('EconInfoMSP.member')"))),
            evaluate(
                get_policy("$a"), get("$a"), answers=[policy("OR('EconInfoMSP.member')"), b"1"]
            ),
        ),
    ),
    Scenario(
        "an empty policy is a policy without words",
        (
            submit(put("$a", b"1"), set_policy("$a", _ECONINFO)),
            submit(set_policy("$a", b"")),
            evaluate(get_policy("$a"), answers=[b""]),
        ),
    ),
    Scenario(
        "a policy goes with its key",
        (
            submit(put("$a", b"1"), set_policy("$a", _ECONINFO)),
            submit(delete("$a")),
            submit(put("$a", b"2")),
            evaluate(get_policy("$a"), answers=[None]),
        ),
    ),
    Scenario(
        "a deleted key takes no policy in the same transaction",
        (
            submit(put("$a", b"1")),
            submit(
                delete("$a"),
                set_policy("$a", _ECONINFO),
                effects=Effects(writes={"$a": None}, policies=["$a"]),
            ),
            evaluate(get("$a"), get_policy("$a"), answers=[None, None]),
        ),
    ),
    Scenario(
        "a value and its policy are two writes of a batch",
        (
            submit(
                start_batch(),
                put("$a", b"1"),
                set_policy("$a", _HAIDIAN),
                set_policy("$a", _ECONINFO),
                finish_batch(),
            ),
            evaluate(get("$a"), get_policy("$a"), answers=[b"1", _ECONINFO]),
        ),
    ),
    Scenario(
        "the stub refuses the policy of an empty key",
        (
            evaluate(
                get_policy(""),
                set_policy("", _HAIDIAN),
                answers=[Refused("key must not be an empty string")] * 2,
            ),
        ),
    ),
    Scenario(
        "metadata under other names replace the policy",
        (
            submit(put("$a", b"1"), set_policy("$a", _ECONINFO)),
            submit(
                raw("PUT_STATE_METADATA", key="$a", metadata={"metakey": "note", "value": b"x"}),
                answers=[b""],
            ),
            evaluate(
                raw("GET_STATE_METADATA", key="$a"),
                get_policy("$a"),
                answers=[[["note", b"x"]], None],
            ),
        ),
    ),
    Scenario(
        "a private key has the policy that it was given",
        (
            submit(
                put("$a", b"1", on="shared"),
                set_policy("$a", _ECONINFO, on="shared"),
                effects=Effects(private={"shared": private(writes={"$a": True}, policies=["$a"])}),
            ),
            submit(
                get_policy("$a", on="shared"),
                get_policy("$b", on="shared"),
                answers=[_ECONINFO, None],
                effects=Effects(private={"shared": private(reads={"$a": True, "$b": False})}),
            ),
            evaluate(get_policy("$a", on="shared"), at="Haidian", answers=[_ECONINFO]),
            evaluate(get("$a", on="shared"), answers=[b"1"]),
        ),
    ),
    Scenario(
        "a new policy of a private key keeps its value readable",
        (
            submit(put("$a", b"1", on="shared")),
            submit(set_policy("$a", _ECONINFO, on="shared")),
            evaluate(get("$a", on="shared"), answers=[b"1"]),
            evaluate(get("$a", on="shared"), answers=[b"1"], at="MktSup"),
        ),
    ),
    Scenario(
        "a private key that is purged loses its policy",
        (
            submit(put("$a", b"1", on="shared"), set_policy("$a", _ECONINFO, on="shared")),
            submit(purge("$a", on="shared")),
            submit(put("$a", b"2", on="shared")),
            evaluate(get_policy("$a", on="shared"), answers=[None]),
        ),
    ),
    Scenario(
        "the policies of a collection are written and read as its values are",
        (
            evaluate(
                get_policy("$a", on="closed"),
                set_policy("$a", _HAIDIAN, on="closed"),
                by="Haidian",
                at="EconInfo",
                answers=[
                    Refused(
                        f"{kind}_STATE_METADATA failed: transaction ID: transaction 1: tx creator "
                        f"does not have {verb} access permission on privatedata in "
                        "chaincodeName:requests collectionName: closed"
                    )
                    for kind, verb in (("GET", "read"), ("PUT", "write"))
                ],
            ),
        ),
    ),
    Scenario(
        "a key is changed only as its policy says",
        (
            submit(put("$a", b"1"), set_policy("$a", _HAIDIAN)),
            submit(put("$a", b"2"), code="ENDORSEMENT_POLICY_FAILURE"),
            submit(delete("$a"), code="ENDORSEMENT_POLICY_FAILURE"),
            submit(set_policy("$a", _ECONINFO), code="ENDORSEMENT_POLICY_FAILURE"),
            evaluate(get("$a"), get_policy("$a"), answers=[b"1", _HAIDIAN]),
            submit(put("$a", b"3"), at="Haidian"),
            evaluate(get("$a"), answers=[b"3"]),
        ),
        beyond="endorsement policies",
    ),
    Scenario(
        "a key is read whatever its policy says",
        (
            submit(put("$a", b"1"), set_policy("$a", _HAIDIAN)),
            submit(get("$a"), put("$b", b"1"), answers=[b"1", None]),
        ),
        beyond="endorsement policies",
    ),
    Scenario(
        "a policy that wants two is not met by one",
        (
            submit(put("$a", b"1"), set_policy("$a", _BOTH)),
            submit(put("$a", b"2"), code="ENDORSEMENT_POLICY_FAILURE"),
            submit(put("$a", b"2"), code="ENDORSEMENT_POLICY_FAILURE", at="Haidian"),
        ),
        beyond="endorsement policies",
    ),
    Scenario(
        "a private key is changed only as its policy says",
        (
            submit(put("$a", b"1", on="shared"), set_policy("$a", _HAIDIAN, on="shared")),
            submit(put("$a", b"2", on="shared"), code="ENDORSEMENT_POLICY_FAILURE"),
            submit(delete("$a", on="shared"), code="ENDORSEMENT_POLICY_FAILURE"),
            submit(purge("$a", on="shared"), code="ENDORSEMENT_POLICY_FAILURE"),
            submit(set_policy("$a", _ECONINFO, on="shared"), code="ENDORSEMENT_POLICY_FAILURE"),
            evaluate(get("$a", on="shared"), answers=[b"1"]),
            submit(put("$a", b"3", on="shared"), by="Haidian"),
            evaluate(get("$a", on="shared"), answers=[b"3"]),
        ),
        beyond="endorsement policies",
    ),
    Scenario(
        "a policy given since a transaction was endorsed counts",
        (
            submit(put("$a", b"1")),
            endorse("late", put("$a", b"2")),
            submit(set_policy("$a", _HAIDIAN)),
            commit(late="ENDORSEMENT_POLICY_FAILURE"),
            evaluate(get("$a"), answers=[b"1"]),
        ),
        beyond="endorsement policies",
    ),
    Scenario(
        "a key whose policy is no policy cannot be written any more",
        (
            submit(put("$a", b"1"), set_policy("$a", b"nonsense")),
            evaluate(get_policy("$a"), answers=[b"nonsense"]),
            submit(put("$a", b"2"), refused=_NO_POLICY),
            evaluate(put("$a", b"2"), refused=_NO_POLICY),
        ),
    ),
)
