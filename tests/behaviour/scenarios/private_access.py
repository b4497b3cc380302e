"""Who may use a collection: by whose user and on whose peer, in collections of each kind."""

from hashlib import sha256

from tests.behaviour.program import (
    Refused,
    Request,
    delete,
    get,
    get_hash,
    get_many,
    get_policy,
    get_range,
    purge,
    put,
    rich_query,
    set_policy,
)
from tests.behaviour.scenario import Scenario, evaluate, submit

_TX = "failed: transaction ID: transaction 1: "
_HASH = sha256(b"1").digest()
_KEEPS_NOTHING = Refused(
    f"GET_STATE {_TX}private data matching public hash version is not available. "
    "Public hash version = {a height}, Private data version = <nil>"
)
_HAIDIAN = "_implicit_org_HaidianMSP"


def _denied(kind: str, verb: str, collection: str) -> Refused:
    return Refused(
        f"{kind} {_TX}tx creator does not have {verb} access permission on privatedata in "
        f"chaincodeName:requests collectionName: {collection}"
    )


def _reads(collection: str) -> tuple[Request, ...]:
    return (
        get("$a", on=collection),
        get_many("$a", on=collection),
        get_range("$", "$~", on=collection),
        rich_query("{}", on=collection),
        get_policy("$a", on=collection),
    )


def _writes(collection: str) -> tuple[Request, ...]:
    return (
        put("$a", b"1", on=collection),
        delete("$a", on=collection),
        purge("$a", on=collection),
        set_policy("$a", b"", on=collection),
    )


_READ_KINDS = (
    "GET_STATE",
    "GET_STATE_MULTIPLE",
    "GET_STATE_BY_RANGE",
    "GET_QUERY_RESULT",
    "GET_STATE_METADATA",
)
_WRITE_KINDS = ("PUT_STATE", "DEL_STATE", "PURGE_PRIVATE_DATA", "PUT_STATE_METADATA")


def _missing(name: str, chaincode: str = "requests") -> Scenario:
    """Return a scenario with every use of a collection that is not there."""
    not_found = f"collection behaviour/{chaincode}/{name} could not be found"
    not_defined = (
        f"collection [{name}] not defined in the collection config for chaincode [{chaincode}]"
    )
    return Scenario(
        f"the collection {name} of {chaincode} is not there",
        (
            submit(
                *_reads(name),
                *_writes(name),
                get_hash("$a", on=name),
                put("$a", b"1"),
                chaincode=chaincode,
                answers=[
                    *(Refused(f"{kind} {_TX}{not_found}") for kind in _READ_KINDS + _WRITE_KINDS),
                    Refused(f"GET_PRIVATE_DATA_HASH {_TX}{not_defined}"),
                    None,
                ],
            ),
        ),
    )


SCENARIOS = (
    _missing("nothing"),
    _missing("Shared"),
    _missing("nothing", "others"),
    _missing("shared", "others"),
    Scenario(
        "the collection of an organisation that is not there can be named and not used",
        (
            submit(
                get("$a", on="_implicit_org_NobodyMSP"),
                put("$a", b"1", on="_implicit_org_NobodyMSP"),
                get_hash("$a", on="_implicit_org_NobodyMSP"),
                answers=[
                    Refused(
                        f"{kind} {_TX}collection [_implicit_org_NobodyMSP] not defined in the "
                        "collection config for chaincode [requests]"
                    )
                    for kind in ("GET_STATE", "PUT_STATE", "GET_PRIVATE_DATA_HASH")
                ],
            ),
        ),
    ),
    Scenario(
        "a transaction that insists on a collection that is not there is refused",
        (
            submit(
                put("$a", b"1", on="nothing"),
                refused=f"PUT_STATE {_TX}collection behaviour/requests/nothing could not be found",
            ),
        ),
    ),
    Scenario(
        "an outsider may neither read nor write in a closed collection",
        (
            submit(
                *_reads("closed"),
                *_writes("closed"),
                by="Haidian",
                at="EconInfo",
                answers=[
                    *(_denied(kind, "read", "closed") for kind in _READ_KINDS),
                    *(_denied(kind, "write", "closed") for kind in _WRITE_KINDS),
                ],
            ),
        ),
    ),
    Scenario(
        "a closed collection is closed to an outsider on his own peer too",
        (
            submit(
                get("$a", on="closed"),
                put("$a", b"1", on="closed"),
                by="Haidian",
                answers=[
                    _denied("GET_STATE", "read", "closed"),
                    _denied("PUT_STATE", "write", "closed"),
                ],
            ),
        ),
    ),
    Scenario(
        "a hash is for everybody, in a closed collection too",
        (
            submit(put("$a", b"1", on="closed")),
            evaluate(get_hash("$a", on="closed"), answers=[_HASH], by="Haidian"),
            evaluate(get_hash("$a", on="closed"), answers=[_HASH], by="Haidian", at="EconInfo"),
        ),
    ),
    Scenario(
        "a refusal does not keep from writing",
        (
            submit(
                get_range("$", "$~", on="closed"),
                put("$a", b"1"),
                by="Haidian",
                at="EconInfo",
                answers=[_denied("GET_STATE_BY_RANGE", "read", "closed"), None],
            ),
        ),
    ),
    Scenario(
        "what members write anybody may read where that is allowed",
        (
            submit(put("$a", b"1", on="readable")),
            submit(
                get("$a", on="readable"),
                put("$a", b"2", on="readable"),
                get_range("$", "$~", on="readable"),
                by="Haidian",
                at="EconInfo",
                answers=[b"1", _denied("PUT_STATE", "write", "readable"), [["$a", b"1"]]],
            ),
        ),
    ),
    Scenario(
        "what anybody writes members read where that is wanted",
        (
            submit(put("$a", b"1", on="writable"), by="Haidian", at="EconInfo"),
            submit(
                get("$a", on="writable"),
                delete("$b", on="writable"),
                by="Haidian",
                at="EconInfo",
                answers=[_denied("GET_STATE", "read", "writable"), None],
            ),
            evaluate(get("$a", on="writable"), answers=[b"1"], by="MktSup"),
        ),
    ),
    Scenario(
        "members are asked on a peer that keeps nothing",
        (
            submit(put("$a", b"1", on="closed")),
            evaluate(
                get("$a", on="closed"),
                get_many("$a", on="closed"),
                get_hash("$a", on="closed"),
                get_range("$", "$~", on="closed"),
                at="Haidian",
                answers=[_KEEPS_NOTHING, [None], _HASH, []],
            ),
        ),
    ),
    Scenario(
        "a peer that keeps nothing knows what is not there",
        (evaluate(get("$a", on="shared"), answers=[None], by="Haidian"),),
    ),
    Scenario(
        "what is read in several on a peer that keeps nothing conflicts",
        (
            submit(put("$a", b"1", on="shared")),
            submit(
                get_many("$a", on="shared"),
                put("$b", b"1"),
                answers=[[None], None],
                by="Haidian",
                code="MVCC_READ_CONFLICT",
            ),
        ),
    ),
    Scenario(
        "a peer that keeps nothing writes, deletes and purges",
        (
            submit(put("$a", b"1", on="shared"), put("$b", b"1", on="shared"), by="Haidian"),
            evaluate(get_many("$a", "$b", on="shared"), answers=[[b"1", b"1"]]),
            submit(delete("$a", on="shared"), purge("$b", on="shared"), by="Haidian"),
            evaluate(get_many("$a", "$b", on="shared"), answers=[[None, None]]),
        ),
    ),
    Scenario(
        "an organisation's own collection is for its members to read, for anybody to write",
        (
            submit(put("$a", b"1", on=_HAIDIAN), at="Haidian"),
            evaluate(
                get_hash("$a", on=_HAIDIAN),
                get("$a", on=_HAIDIAN),
                answers=[_HASH, _KEEPS_NOTHING],
            ),
            evaluate(get("$a", on=_HAIDIAN), answers=[b"1"], by="Haidian"),
            evaluate(get("$a", on=_HAIDIAN), answers=[b"1"], at="Haidian"),
        ),
    ),
    Scenario(
        "an organisation's own collection wants its own endorsement",
        (
            submit(put("$a", b"1", on=_HAIDIAN), code="ENDORSEMENT_POLICY_FAILURE"),
            evaluate(get_hash("$a", on=_HAIDIAN), answers=[None]),
        ),
        beyond="endorsement policies",
    ),
)
