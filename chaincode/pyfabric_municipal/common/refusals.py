"""Refusals: a stable code, the facts as JSON, and one text in Chinese and in English."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pyfabric.chaincode import ContractError

Facts: TypeAlias = Mapping[str, Any]
Verdict: TypeAlias = bool | Facts
"""True if a rule holds; False, or the facts of its refusal, if it is broken."""


@dataclass(frozen=True)
class Rule:
    """What must be true: a code, and the texts of the refusal otherwise, with facts in braces."""

    code: str
    zh: str
    en: str

    def refusal(self, facts: Facts | None = None, *, contract: str = "") -> ContractError:
        """Return the refusal with these facts; the rules of a contract have its name before the code."""
        known = dict(facts or {})
        return ContractError(
            self.en.format(**known),
            code=self.code_in(contract),
            facts=known,
            zh=self.zh.format(**known),
        )

    def require(self, verdict: Verdict, contract: str) -> None:
        """Refuse if the rule is broken."""
        if verdict is not True:
            raise self.refusal(None if verdict is False else verdict, contract=contract)

    def code_in(self, contract: str) -> str:
        """Return the code as callers see it, such as `waste.licence-expired`."""
        return f"{contract.lower()}.{self.code}" if contract else self.code


@dataclass(frozen=True)
class FrameRule(Rule):
    """A rule of all contracts: its code is the same in each."""

    def code_in(self, contract: str) -> str:
        """Return the code as it is."""
        return self.code


@dataclass(frozen=True)
class Example:
    """How a valid call of a step is changed so that a rule refuses it.

    `first` are steps that are taken before it, `arguments` replace those of the call, `later` is how many
    seconds pass before it, `parameters` are governed values, `by` is another caller, `id` another record
    (`@step`: the one that a step made). `step` is the step that is refused, if the rule does not say it.
    `private` replace private arguments.
    """

    arguments: Facts = field(default_factory=dict)
    first: tuple[str, ...] = ()
    later: int = 0
    parameters: Facts = field(default_factory=dict)
    by: str = ""
    step: str = ""
    id: str = ""
    private: Facts = field(default_factory=dict)


INVALID = FrameRule(
    "invalid", "{kind} {id} 的 {place} 无效：{problem}", "{kind} {id}: {place}: {problem}"
)
UNKNOWN = FrameRule("unknown", "不存在{kind} {id}", "there is no {kind} {id}")
EXISTS = FrameRule(
    "exists", "{kind} {id} 已存在，属于 {holder}", "{kind} {id} exists already: it is of {holder}"
)
STATE = FrameRule(
    "state",
    "{kind} {id} 的状态是 {state}：只有 {wanted} 时才能执行 {step}",
    "{kind} {id} is {state}: {step} is possible only when {wanted}",
)
REASON = FrameRule("reason", "{step} 需要理由", "{step} of {kind} {id} needs a reason")
ROLE = FrameRule("role", "{step} 只能由 {who} 执行", "{step} of {kind} {id} is for {who}")
"""The refusal of callers who do not have the step's role; a step can record it (`denies`)."""
UNIT = FrameRule(
    "not-a-client",
    "只有 client 类证书可以办理，本证书为 {units}",
    "only certificates of the unit client act in contracts: this one is of {units}",
)
STAFF = FrameRule(
    "no-staff-number",
    "证书缺少 staff 属性（工号）",
    "the certificate has no attribute staff: enroll with the staff number of its owner",
)
SAME_DEPARTMENT = FrameRule(
    "same-department",
    "{role} 不能与办理 {other} 的部门相同",
    "{role} must be of another department than the one that took {other}",
)
SAME_PERSON = FrameRule(
    "same-person",
    "{role} 不能与办理 {other} 的人员相同",
    "{role} must be another person than the one who took {other}",
)
ANSWERED = FrameRule(
    "answered", "{party} 已答复或未被征询", "{party} has answered already or is not asked"
)
NOTHING_LEFT = FrameRule(
    "nothing-left", "{step}：{value} 已全部处理", "{step} of {value}: nothing is left to do"
)
NOT_DUE = FrameRule("not-due", "期限未到：{due}", "{step} is possible once it is due: {due}")
CLAIMED = FrameRule(
    "claimed", "{claim} 已被 {holder} 占用", "{claim} is claimed by {holder} already: {value}"
)
"""The refusal of a claim that another record holds; a step can record it (`denies`)."""
NEWER = FrameRule(
    "newer-version",
    "{kind} {id} 由更新的合约版本（{version}）写入，请先升级本部门的合约",
    "{kind} {id} was written by a later version of the contract ({version}): upgrade this department's contract host",
)
TOO_LARGE = FrameRule(
    "too-large",
    "{kind} {id} 有 {size} 字节，上限为 {most}",
    "{kind} {id} has {size} bytes, more than {most}",
)
TOO_MANY = FrameRule(
    "too-many-items",
    "一笔交易写入 {count} 项，上限为 {most}",
    "the transaction writes {count} items, more than {most}: divide it",
)
