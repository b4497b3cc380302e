"""Steps of presentations and delegations: a verifier asks, the holder or its delegate shows a credential once."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.private import NOT_KEPT, Sealed, commitment
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Text, Timestamp
from pyfabric_municipal.common.waiting import Seconds, Until
from pyfabric_municipal.identity.accreditations import was_accredited
from pyfabric_municipal.identity.credentials import is_proven_by
from pyfabric_municipal.identity.identifiers import CredentialType, DidId
from pyfabric_municipal.identity.records import (
    Credential,
    Delegation,
    Did,
    Licence,
    Presentation,
    Shown,
)
from pyfabric_municipal.identity.roles import DELEGATOR, VERIFIER
from pyfabric_municipal.identity.verifiable import read_presentation

ASKED: Final = Wait(None, Seconds("challenge-seconds"), exit="expire_presentation")


def shown_credential(call: Call[Presentation]) -> Credential:
    """Return the credential that is shown, as it counts today."""
    return call.need(Credential, str(call.after.credential))


def chain_of(call: Call[Any], delegation: str | None) -> Iterator[Delegation]:
    """Yield a delegation and those by which its delegator had it, the last one first."""
    while delegation is not None:
        found = call.need(Delegation, delegation)
        yield found
        delegation = found.parent


@guard(
    "other-challenge",
    "出示的内容不是为本次核验（{domain}）签名的",
    "the presentation was not signed for this challenge and {domain}",
    example=Example(),
)
def for_this_challenge(call: Call[Presentation]) -> Verdict:
    """Hold if the presentation is signed for the challenge and the domain, so that it counts once, and here."""
    proof = call.private["shown"].value.presentation["proof"]
    asked = (call.id, call.record.domain)
    return (proof["challenge"], proof["domain"]) == asked or {"domain": call.record.domain}


@guard(
    "wrong-holder-proof",
    "出示的内容未由 {signer} 当前用于 {purpose} 的密钥签名",
    "the presentation is not proven by a present key of {signer} for {purpose}",
    example=Example(
        private={"shown": {"presentation": {"proof": {"created": "2026-03-11T01:00:01Z"}}}}
    ),
)
def proven_by_holder(call: Call[Presentation]) -> Verdict:
    """Hold if the presenter's key is one of its DID document's for authentication."""
    document = call.private["shown"].value.presentation
    return is_proven_by(call, document, str(call.after.holder), "authentication")


@guard(
    "other-type",
    "要求出示 {wanted}，出示的是 {shown}",
    "{wanted} was asked for: {shown} is shown",
    example=Example(),
)
def of_the_type_asked(call: Call[Presentation]) -> Verdict:
    """Hold if the credential is of the type that the verifier asked for."""
    wanted, shown = call.record.type, shown_credential(call).type
    return wanted == shown or {"wanted": wanted, "shown": shown}


@guard(
    "not-in-force",
    "凭证状态为 {state}，有效期自 {since} 至 {until}",
    "the credential is {state}, valid from {since} until {until}",
    example=Example(first=("suspend",)),
    timed=True,
)
def in_force(call: Call[Presentation]) -> Verdict:
    """Hold if no status of the credential is set, and today is surely in its period."""
    one = shown_credential(call)
    begun = call.is_due(one.valid_from)
    if (
        one.state == "active"
        and begun
        and (one.valid_until is None or call.is_open(one.valid_until))
    ):
        return True
    return {"state": one.state, "since": one.valid_from, "until": one.valid_until or "-"}


@guard(
    "accreditation-over",
    "{issuer} 在 {moment} 没有颁发 {type} 的资格",
    "{issuer} was not accredited for {type} at {moment}",
    example=Example(),
)
def still_accredited(call: Call[Presentation]) -> Verdict:
    """Hold if the issuer's accreditation, as it is known today, covered the beginning of the credential."""
    return was_accredited(call, shown_credential(call))


@guard(
    "licence-not-valid",
    "凭证所示证照 {licence} 的状态是 {state}",
    "the e-licence {licence} of the credential is {state}",
    example=Example(first=("suspend_licence",)),
)
def of_a_valid_licence(call: Call[Presentation]) -> Verdict:
    """Hold if the e-licence that the credential shows is valid."""
    licence = shown_credential(call).licence
    state = "valid" if licence is None else call.need(Licence, licence).state
    return state == "valid" or {"licence": licence, "state": state}


@guard(
    "not-the-holder",
    "{holder} 不是凭证的持有人 {subject}，也未受其委托",
    "{holder} is neither the subject of the credential, {subject}, nor its delegate",
    example=Example(arguments={"delegation": None}),
)
def by_holder_or_delegate(call: Call[Presentation]) -> Verdict:
    """Hold if who presents is the subject, whose DID is active, or the last delegate of a chain that begins with it."""
    after, subject = call.after, shown_credential(call).subject
    chain = list(chain_of(call, after.delegation))
    last, root = (chain[0].delegate, chain[0].root) if chain else (after.holder, after.holder)
    is_active = call.need(Did, subject).state == "active"
    facts = {"holder": after.holder, "subject": subject}
    return (is_active and (last, root) == (after.holder, subject)) or facts


@guard(
    "chain-broken",
    "委托 {delegation} 的状态是 {state}，止于 {until}",
    "the delegation {delegation} is {state}, until {until}",
    example=Example(first=("revoke_delegation",)),
    timed=True,
)
def unbroken(call: Call[Presentation]) -> Verdict:
    """Hold if every delegation of the chain is granted, its time is surely not over, and its delegator's DID is active."""
    for one in chain_of(call, call.after.delegation):
        is_active = call.need(Did, one.delegator).state == "active"
        if one.state != "granted" or not call.is_open(one.until) or not is_active:
            return {"delegation": one.id, "state": one.state, "until": one.until}
    return True


@guard(
    "outside-scope",
    "委托 {delegation} 不包括 {type}",
    "the delegation {delegation} is not for {type}",
    example=Example(),
)
def within_scope(call: Call[Presentation]) -> Verdict:
    """Hold if every delegation of the chain is for credentials of the type that is shown."""
    kind = shown_credential(call).type
    for one in chain_of(call, call.after.delegation):
        if kind not in one.types:
            return {"delegation": one.id, "type": kind}
    return True


@guard(
    "delegate-inactive",
    "标识 {did} 的状态是 {state}",
    "{did} is {state}",
    example=Example(first=("give_up#agent",)),
)
def both_active(call: Call[Delegation]) -> Verdict:
    """Hold if the DIDs of delegator and delegate are active."""
    for name in (call.after.delegator, call.after.delegate):
        did = call.need(Did, name)
        if did.state != "active":
            return {"did": name, "state": did.state}
    return True


@guard(
    "chain-too-long",
    "委托最多 {most} 层，本次是第 {depth} 层",
    "a chain has {most} delegations at most: this would be number {depth}",
    example=Example(parameters={"delegation-depth": 0}),
    parameters=("delegation-depth",),
)
def short_enough(call: Call[Delegation]) -> Verdict:
    """Hold if the chain is not longer than the departments allow."""
    depth, most = call.after.depth, call.parameter("delegation-depth")
    return depth <= most or {"depth": depth, "most": most}


@guard(
    "beyond-parent",
    "超出上一级委托 {parent} 的范围：受托人、凭证类型或期限不符",
    "the delegation goes beyond {parent}: in its delegator, types or time",
    example=Example(),
)
def within_parent(call: Call[Delegation]) -> Verdict:
    """Hold if who has its right by a delegation gives on no more than it has."""
    one = call.after
    if one.parent is None:
        return True
    parent = call.need(Delegation, one.parent)
    is_its_delegate = parent.state == "granted" and parent.delegate == one.delegator
    is_narrower = set(one.types) <= set(parent.types) and one.until <= parent.until
    return (is_its_delegate and is_narrower) or {"parent": one.parent}


class Presentations:
    """What is done with presentations and delegations."""

    @step(Presentation, NEW, "asked", by=VERIFIER, waits=ASKED)
    def ask(
        self,
        call: Call[Presentation],
        domain: Annotated[
            Text, about("The verifier's name that the holder signs.", "持有人签名中的核验方名称")
        ],
        type: CredentialType,
        purpose: Annotated[Text, about("What it is asked for.", "核验目的")],
    ) -> Changes:
        """Ask for a credential of a type, by a challenge that counts once and for some minutes.

        提出核验请求；挑战值限时、只用一次。
        """
        return {"verifier": call.caller, "domain": domain, "type": type, "purpose": purpose}

    @step(
        Presentation,
        "asked",
        "shown",
        by=VERIFIER,
        guards=(
            for_this_challenge,
            proven_by_holder,
            of_the_type_asked,
            in_force,
            still_accredited,
            of_a_valid_licence,
            by_holder_or_delegate,
            unbroken,
            within_scope,
        ),
    )
    def present(
        self,
        call: Call[Presentation],
        shown: Annotated[
            Sealed[Shown], NOT_KEPT, about("What the holder shows.", "持有人出示的内容")
        ],
        delegation: str | None = None,
    ) -> Changes:
        """Check what a holder, or its delegate, shows, and record that it was shown; nobody keeps it.

        核验持有人或受托人出示的凭证并记录；出示内容不留存。
        """
        found = read_presentation(shown.value.presentation)
        (document,) = found.verifiable_credential
        return {
            "holder": found.holder,
            "credential": commitment(shown.value.salt, document),
            "delegation": delegation,
            "shown": shown.commitment(),
        }

    @step(Presentation, "asked", "expired", by=ANYBODY, when_due=True)
    def expire_presentation(self, call: Call[Presentation]) -> Changes:
        """End a challenge to which nobody answered in time.

        逾期未出示，挑战值失效。
        """

    @step(
        Delegation,
        NEW,
        "granted",
        by=DELEGATOR,
        guards=(both_active, short_enough, within_parent),
        waits=Wait(None, Until("until"), exit="expire_delegation"),
    )
    def delegate(
        self,
        call: Call[Delegation],
        delegator: DidId,
        delegate: DidId,
        types: tuple[CredentialType, ...],
        until: Timestamp,
        parent: str | None = None,
    ) -> Changes:
        """Appoint somebody else to present one's own credentials of some types, or those of a delegation to oneself.

        委托他人出示本人（或受托）的某几类凭证。
        """
        above = None if parent is None else call.need(Delegation, parent)
        return {
            "delegator": delegator,
            "delegate": delegate,
            "root": delegator if above is None else above.root,
            "types": types,
            "until": until,
            "parent": parent,
            "depth": 1 if above is None else above.depth + 1,
        }

    @step(Delegation, "granted", "revoked", by=DELEGATOR)
    def revoke_delegation(self, call: Call[Delegation]) -> Changes:
        """Take a delegation back, and with it all that were given on.

        撤回委托；据此转委托的随之失效。
        """

    @step(Delegation, "granted", "expired", by=ANYBODY, when_due=True)
    def expire_delegation(self, call: Call[Delegation]) -> Changes:
        """End a delegation whose time is over.

        委托期限届满。
        """
