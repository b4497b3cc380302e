"""Decisions on access: by the policy in force, which each names; denials are recorded like permits."""

from typing import Annotated, ClassVar, Final

from pyfabric_municipal.common.break_glass import is_broken
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.records import NEW, Fact
from pyfabric_municipal.common.refusals import Verdict
from pyfabric_municipal.common.steps import Changes, Guard, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Count, ResourceCode, Text
from pyfabric_municipal.common.values.timestamps import beijing_day
from pyfabric_municipal.security.classifications import Classification
from pyfabric_municipal.security.keys import sound_key
from pyfabric_municipal.security.policies import Policy, policy_in_force
from pyfabric_municipal.security.roles import USER

ATTRIBUTES: Final = "access-attributes"
"""The code list of the attributes that policies may ask for, each with where its value comes from."""


Subject = Annotated[Blinded | None, about("Whom the data is about.", "数据主体（盲化）")]
Glass = Annotated[str | None, about("The break-glass that is open for it.", "所依据的紧急授权")]


class Decision(Fact):
    """A permit: who may access which resource for which purpose, by which version of the policy, or in an emergency.

    准许访问的决定：何人为何目的访问何资源，依据哪一版本的策略或紧急授权。
    """

    KIND: ClassVar[str] = "decision"
    ID: ClassVar = "transaction"
    EDGES: ClassVar = {"resource": "resource", "policy": "policy", "break_glass": "break-glass"}
    INDEXES: ClassVar = (
        Index("resource", ("resource",)),
        Index("policy", ("policy",)),
        Index("subject", ("subject",)),
        Index("department", ("by.department",)),
    )

    resource: ResourceCode
    grade: str
    policy: str
    endorsers: Count
    purpose: Text
    subject: Subject = None
    break_glass: Glass = None


@guard("unclassified", "资源 {resource} 尚未定级", "resource {resource} is not classified")
def classified(call: Call[Decision]) -> Verdict:
    """Hold if the resource is classified."""
    return bool(call.after.grade) or _of(call)


@guard(
    "no-policy",
    "没有适用于资源 {resource} 的现行策略",
    "no policy is in force for resource {resource}",
)
def under_a_policy(call: Call[Decision]) -> Verdict:
    """Hold if a policy is in force for the resource's class and grade."""
    return bool(call.after.policy) or _of(call)


@guard(
    "unknown-attribute",
    "策略 {policy} 要求的属性 {attribute} 未登记，拒绝访问",
    "policy {policy} asks for the attribute {attribute}, which nobody knows: access is denied",
    code_lists=(ATTRIBUTES,),
    timed=True,
)
def known_attributes(call: Call[Decision]) -> Verdict:
    """Hold if the city knows each attribute that the policy asks for, or glass is broken for the resource."""
    return _allowed(call, is_known=False)


@guard(
    "attribute-missing",
    "不符合策略 {policy} 对属性 {attribute} 的要求",
    "policy {policy} asks for another value of the attribute {attribute}",
    code_lists=(ATTRIBUTES,),
    timed=True,
)
def attributes_held(call: Call[Decision]) -> Verdict:
    """Hold if the caller has an attribute's value for each rule, or has broken glass for the resource."""
    return _allowed(call, is_known=True)


def _allowed(call: Call[Decision], *, is_known: bool) -> Verdict:
    """Return whether no rule is unmet, of those whose attribute is known or of the others."""
    unmet = [name for name, known in _unmet(call).items() if known == is_known]
    glass = call.after.break_glass
    if not unmet or (glass is not None and is_broken(call, glass, call.after.resource)):
        return True
    return {"policy": call.after.policy, "attribute": unmet[0]} | _of(call)


def _unmet(call: Call[Decision]) -> dict[str, bool]:
    """Return the attributes of which the call has none of the values that the policy asks for, and whether each is known."""
    sources = call.in_force(ATTRIBUTES, on=beijing_day(call.now)).codes
    own = {"department": call.caller, "purpose": call.after.purpose}
    found = {}
    for rule in call.need(Policy, call.after.policy).rules:
        source = sources.get(rule.attribute)
        certified = call.client.attribute(rule.attribute) if source == "certificate" else None
        if own.get(str(source), certified) not in rule.values:
            found[rule.attribute] = source is not None
    return found


def _of(call: Call[Decision]) -> dict[str, str]:
    """Return what every denial has: the resource, and whom it is about."""
    subject = call.after.subject
    resource = {"resource": call.after.resource}
    return resource if subject is None else resource | {"subject": str(subject)}


_GUARDS: Final[tuple[Guard, ...]] = (
    sound_key,
    classified,
    under_a_policy,
    known_attributes,
    attributes_held,
)


class Decisions:
    """The step by which an access is decided."""

    @step(Decision, NEW, by=USER, guards=_GUARDS, denies=_GUARDS, event=("resource", "policy"))
    def decide(
        self,
        call: Call[Decision],
        resource: ResourceCode,
        purpose: Text,
        subject: Subject = None,
        break_glass: Glass = None,
    ) -> Changes:
        """Decide on an access by the policy in force; a denial is recorded with its facts.

        依现行策略决定是否准许访问；拒绝同样记录在案。
        """
        found = call.get(Classification, resource)
        grade = "" if found is None else str(found.grade)
        policy = policy_in_force(call, f"{resource.partition('/')[0]}/{grade}")
        named = ("", 0) if policy is None else (policy.id, policy.endorsers)
        return call.arguments | {"grade": grade, "policy": named[0], "endorsers": named[1]}
