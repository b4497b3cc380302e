"""The story of the contract `Identity`: its people and keys, documents that they sign, and a valid call of each step."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import Department, FixedGovernance
from pyfabric_municipal.common.private import blind, commitment
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing import WithFixedGovernance
from pyfabric_municipal.common.testing.stage import holder_key, salt_of
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.common.values.check_characters import ALPHANUMERICS, hybrid_check
from pyfabric_municipal.founding import settings
from pyfabric_municipal.identity.contract import Identity
from pyfabric_municipal.identity.identifiers import did_of
from pyfabric_municipal.identity.integrity import secured
from pyfabric_municipal.identity.multikeys import multikey_of
from pyfabric_municipal.identity.verifiable import BASE

from tests.support.municipal.municipal import social_credit_code

GSD, POLICE, MKT, ECO, CIVIL, HAI, TAX = (
    f"{name}MSP"
    for name in ("GovServiceData", "PubSec", "MktSup", "EcoEnv", "Civil", "Haidian", "Tax")
)
CODES = {
    one: social_credit_code("11110000", f"MB9{number}0046")
    for number, one in enumerate((GSD, POLICE, MKT, ECO, CIVIL, HAI, TAX))
}
START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
DAY = 86_400
FIRM = "91110108MA01ABCD5T"
KIND, OTHER_KIND = "PermitCredential", "OtherCredential"
LICENCE_TYPE = f"{CODES[ECO]}001"
LIST, SUSPENSIONS = "https://eco.example/status/1", "https://eco.example/status/2"
SIZE = 131_072
INDEX = 94_567
CHALLENGE, OTHER_CHALLENGE = "0123456789abcdef0123456789abcdef", "f" * 32
DOMAIN = "haidian.example"
FROM, UNTIL = "2026-03-11T00:00:00Z", "2026-12-31T00:00:00Z"
PERSON = {"name": "张三", "resident_id": "11010519491231002X"}
BLINDED = blind(b"k" * 32, "police-1", "identity", PERSON["resident_id"]).model_dump()


class Tested(WithFixedGovernance, Identity):
    """The contract with what the departments have agreed on in these tests."""


def multikey(name: str) -> str:
    """Return the public key of somebody, which exists in tests alone."""
    return multikey_of(holder_key(name).public_key())


def keys(name: str) -> list[dict[str, Any]]:
    """Return the keys of a document that has one key."""
    purposes = ["authentication", "assertionMethod", "capabilityInvocation"]
    return [{"id": "key-1", "multikey": multikey(name), "purposes": purposes}]


def did(name: str) -> str:
    """Return the DID of somebody."""
    return did_of(multikey(name))


def licence_id(serial: str = "2026000001", department: str = ECO) -> str:
    """Return the identifier of an e-licence of a department."""
    parts = [LICENCE_TYPE, CODES[department], serial, "001"]
    return ".".join(["1.2.156.3005.2", *parts, hybrid_check("".join(parts), ALPHANUMERICS)])


HOLDER, AGENT, BUREAU = did("zhang"), did("agent"), did("bureau")
LICENCE = licence_id()


def entry(url: str, purpose: str, index: int) -> dict[str, Any]:
    """Return a status entry of a credential."""
    return {
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": url,
    }


def unsigned(kind: str = KIND, index: int = INDEX, **changes: Any) -> dict[str, Any]:
    """Return a credential of the bureau for the holder, without a proof."""
    return {
        "@context": [BASE, "https://eco.example/permits/v1"],
        "type": ["VerifiableCredential", kind],
        "issuer": BUREAU,
        "validFrom": FROM,
        "validUntil": UNTIL,
        "credentialSubject": {"id": HOLDER, "licence": LICENCE, "permit": "危险废物经营许可"},
        "credentialStatus": [
            entry(LIST, "revocation", index),
            entry(SUSPENSIONS, "suspension", index),
        ],
    } | changes


def signed(document: Mapping[str, Any], signer: str = "bureau", **options: Any) -> dict[str, Any]:
    """Return a credential with somebody's proof."""
    proof = {
        "created": "2026-03-11T01:00:00Z",
        "verificationMethod": f"{did(signer)}#key-1",
        "proofPurpose": "assertionMethod",
    }
    return secured(document, holder_key(signer), proof | options)


CREDENTIAL = signed(unsigned())
PLAIN = signed(
    unsigned(
        index=7,
        credentialStatus=[entry(LIST, "revocation", 7)],
        credentialSubject={"id": HOLDER, "permit": "危险废物经营许可"},
    )
)
AGAIN = signed(unsigned(credentialSubject={"id": HOLDER, "licence": LICENCE, "permit": "排污许可"}))


def anchor(document: Mapping[str, Any]) -> str:
    """Return the id of a credential: its commitment."""
    return commitment(salt_of("document"), document)


def presentation(
    by: str = "agent",
    challenge: str = CHALLENGE,
    document: Mapping[str, Any] = CREDENTIAL,
    domain: str = DOMAIN,
) -> dict[str, Any]:
    """Return what somebody shows of a credential, signed for a challenge, with the credential's salt."""
    shown = {
        "@context": [BASE],
        "type": ["VerifiablePresentation"],
        "holder": did(by),
        "verifiableCredential": [document],
    }
    proof = signed(shown, by, proofPurpose="authentication", challenge=challenge, domain=domain)
    return {"presentation": proof, "salt": salt_of("document")}


PEOPLE = {
    "operator": Person(GSD, {"role": "operator", "staff": "1001"}),
    "police": Person(POLICE, {"role": "registrar", "staff": "2001"}),
    "police guardian": Person(POLICE, {"role": "guardian", "staff": "2002"}),
    "market": Person(MKT, {"role": "registrar", "staff": "3001"}),
    "issuer": Person(ECO, {"role": "issuer", "staff": "4001"}),
    "civil guardian": Person(CIVIL, {"role": "guardian", "staff": "5001"}),
    "district guardian": Person(HAI, {"role": "guardian", "staff": "6001"}),
    "desk": Person(HAI, {"role": "clerk", "staff": "6002"}),
    "passer-by": Person(TAX, {"staff": "7001"}),
}

GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        **{("identity", one["name"]): one["value"] for one in settings("identity")},
    },
    roles={
        ("identity", "operator"): (GSD,),
        ("identity", "person-registrar"): (POLICE,),
        ("identity", "organisation-registrar"): (MKT,),
    },
    departments=tuple(Department(one, code, one, "110000") for one, code in CODES.items()),
    calendars=tuple(bundled_calendars()),
)


def register(name: str, **changes: Any) -> Sample:
    """Return the registration of a person's DID."""
    guardians = {"guardians": [POLICE, CIVIL, HAI], "quorum": 2}
    arguments = {"person": BLINDED, "keys": keys(name), **guardians} | changes
    return Sample("police", did(name), arguments, private={"link": PERSON})


def issue(document: Mapping[str, Any], *first: str) -> Sample:
    """Return the issue of a credential."""
    before = ("accredit", "open_list", "open_list#suspension", "activate", "issue_licence", *first)
    return Sample("issuer", anchor(document), first=before, private={"document": document})


def delegation(
    delegate: str = AGENT, types: Sequence[str] = (KIND,), **more: Any
) -> dict[str, Any]:
    """Return the arguments of a delegation by the holder."""
    given = {"delegator": HOLDER, "delegate": delegate, "types": list(types)}
    return given | {"until": "2026-06-30T00:00:00Z"} | more


BOTH = ("activate", "activate#agent")
LIST_ARGUMENTS = {"issuer": BUREAU, "purpose": "revocation", "size": SIZE}
ACCREDITATION = {
    "issuer": BUREAU,
    "department": ECO,
    "type": KIND,
    "valid_from": "2026-01-01T00:00:00Z",
}
LICENCE_ARGUMENTS = {
    "issuer": BUREAU,
    "holder": {"organisation": FIRM},
    "valid_from": FROM,
    "valid_until": "2026-09-30T00:00:00Z",
}
CONTENT = {"title": "危险废物经营许可证", "name": "北京某某环保有限公司", "file": "ab" * 32}
AGREED = ("agree_recovery", "agree_recovery#second")
SAMPLES = {
    "register_person": register("zhang"),
    "register_person#agent": register(
        "agent", person=blind(b"k" * 32, "police-1", "identity", "other").model_dump()
    ),
    "register_organisation": Sample(
        "market",
        BUREAU,
        {"organisation": CODES[ECO], "keys": keys("bureau"), "guardians": [], "quorum": 0},
    ),
    "activate": Sample("passer-by", HOLDER, first=("register_person",), signer="zhang"),
    "activate#agent": Sample("desk", AGENT, first=("register_person#agent",), signer="agent"),
    "activate#bureau": Sample("issuer", BUREAU, first=("register_organisation",), signer="bureau"),
    "lapse_did": Sample("passer-by", HOLDER, first=("register_person",), later=20 * DAY),
    "update": Sample(
        "desk", HOLDER, {"keys": keys("zhang-2")}, first=("activate",), signer="zhang"
    ),
    "ask_recovery": Sample(
        "police guardian", HOLDER, {"keys": keys("zhang-2")}, first=("activate",)
    ),
    "agree_recovery": Sample("civil guardian", HOLDER, first=("ask_recovery",)),
    "agree_recovery#second": Sample("district guardian", HOLDER, first=("agree_recovery",)),
    "recover": Sample("desk", HOLDER, first=AGREED, signer="zhang-2"),
    "stop_recovery": Sample("desk", HOLDER, first=("ask_recovery",), signer="zhang"),
    "drop_recovery": Sample("passer-by", HOLDER, first=("ask_recovery",), later=20 * DAY),
    "give_up": Sample("desk", HOLDER, first=("activate",), signer="zhang"),
    "give_up#agent": Sample("desk", AGENT, first=("activate#agent",), signer="agent"),
    "deactivate": Sample("police", HOLDER, {"notice": "京公户销〔2026〕12号"}, first=("activate",)),
    "accredit": Sample("operator", arguments=ACCREDITATION, first=("activate#bureau",)),
    "accredit#licence": Sample(
        "operator",
        arguments=ACCREDITATION | {"type": LICENCE_TYPE},
        first=("activate#bureau",),
    ),
    "end_accreditation": Sample("operator", "@accredit", {"since": FROM}, first=("accredit",)),
    "end_accreditation#early": Sample(
        "operator", "@accredit", {"since": "2026-03-01T00:00:00Z"}, first=("accredit",)
    ),
    "end_accreditation#bounded": Sample(
        "operator", "@accredit#bounded", {"since": FROM}, first=("accredit#bounded",)
    ),
    "accredit#bounded": Sample(
        "operator",
        arguments=ACCREDITATION | {"type": OTHER_KIND, "valid_until": UNTIL},
        first=("activate#bureau",),
    ),
    "open_list": Sample("issuer", LIST, LIST_ARGUMENTS, first=("activate#bureau",)),
    "open_list#suspension": Sample(
        "issuer",
        SUSPENSIONS,
        LIST_ARGUMENTS | {"purpose": "suspension"},
        first=("activate#bureau",),
    ),
    "issue": issue(CREDENTIAL),
    "issue#plain": issue(PLAIN),
    "suspend": Sample("issuer", anchor(CREDENTIAL), first=("issue",)),
    "reinstate": Sample("issuer", anchor(CREDENTIAL), first=("suspend",)),
    "revoke": Sample("issuer", anchor(CREDENTIAL), first=("issue",)),
    "expire": Sample("passer-by", anchor(CREDENTIAL), first=("issue",), later=400 * DAY),
    "issue_licence": Sample(
        "issuer",
        LICENCE,
        LICENCE_ARGUMENTS,
        first=("accredit#licence",),
        private={"content": CONTENT},
    ),
    "suspend_licence": Sample("issuer", LICENCE, first=("issue_licence",)),
    "suspend_licences": Sample("market", FIRM, first=("issue_licence",)),
    "resume_licence": Sample("issuer", LICENCE, first=("suspend_licence",)),
    "revoke_licence": Sample("issuer", LICENCE, first=("issue_licence",)),
    "cancel_licence": Sample("issuer", LICENCE, first=("issue_licence",)),
    "withdraw_licence": Sample("issuer", LICENCE, first=("issue_licence",)),
    "move_licence": Sample("issuer", LICENCE, first=("issue_licence",)),
    "lapse": Sample("passer-by", LICENCE, first=("issue_licence",), later=300 * DAY),
    "ask": Sample("desk", CHALLENGE, {"domain": DOMAIN, "type": KIND, "purpose": "办理延续"}),
    "ask#other": Sample(
        "desk", OTHER_CHALLENGE, {"domain": DOMAIN, "type": OTHER_KIND, "purpose": "办理延续"}
    ),
    "present": Sample(
        "desk",
        CHALLENGE,
        {"delegation": "@delegate"},
        first=("ask", "issue", "delegate"),
        private={"shown": presentation()},
    ),
    "expire_presentation": Sample("passer-by", CHALLENGE, first=("ask",), later=DAY),
    "delegate": Sample("desk", arguments=delegation(), first=BOTH, signer="zhang"),
    "delegate#narrow": Sample(
        "desk", arguments=delegation(types=(OTHER_KIND,)), first=BOTH, signer="zhang"
    ),
    "revoke_delegation": Sample("desk", "@delegate", first=("delegate",), signer="zhang"),
    "expire_delegation": Sample("passer-by", "@delegate", first=("delegate",), later=200 * DAY),
}

EXAMPLES = {
    "person": Example(
        step="register_person",
        first=("register_person",),
        id=did("zhang-2"),
        arguments={"keys": keys("zhang-2")},
    ),
    "status-index": Example(
        step="issue", first=("issue",), id=anchor(AGAIN), private={"document": AGAIN}
    ),
    "present-key": Example(arguments={"keys": keys("zhang")}),
    "did-of-another": Example(first=("activate",), arguments={"issuer": HOLDER}),
    "prolonged": Example(
        first=("accredit#bounded",),
        id="@accredit#bounded",
        arguments={"since": "2099-01-01T00:00:00Z"},
    ),
    "not-accredited": Example(
        arguments={"valid_from": "2020-01-01T00:00:00Z"},
        private={"document": signed(unsigned(OTHER_KIND))},
    ),
    "no-status": Example(private={"document": signed(unsigned(index=SIZE))}),
    "other-challenge": Example(private={"shown": presentation(challenge=OTHER_CHALLENGE)}),
    "other-type": Example(
        first=("ask#other",),
        id=OTHER_CHALLENGE,
        private={"shown": presentation(challenge=OTHER_CHALLENGE)},
    ),
    "accreditation-over": Example(first=("end_accreditation#early",)),
    "outside-scope": Example(
        first=("delegate#narrow",), arguments={"delegation": "@delegate#narrow"}
    ),
    "beyond-parent": Example(first=("delegate#narrow",), arguments={"parent": "@delegate#narrow"}),
}

STORY = Story(
    contract=Tested,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=SAMPLES,
    outsider="passer-by",
    now=START,
    organizations=tuple(CODES),
    examples=EXAMPLES,
    free_ids={
        "did": did("nobody"),
        "accreditation": "no such record",
        "status_list": "https://eco.example/status/9",
        "credential": "1" * 64,
        "licence": licence_id("2026000009"),
        "presentation": "e" * 32,
    },
    known=frozenset(
        {
            *(HOLDER, AGENT, BUREAU, KIND, LICENCE, LIST, SUSPENSIONS, FROM, UNTIL, DOMAIN),
            *(str(INDEX), CHALLENGE, "revocation", "suspension", FIRM),
        }
    ),
    giving_up=frozenset({"give_up"}),
    resting=frozenset(
        {
            ("did", "active"),
            ("accreditation", "active"),
            ("credential", "active"),
            ("credential", "suspended"),
            ("licence", "valid"),
            ("licence", "suspended"),
            ("delegation", "granted"),
        }
    ),
)
