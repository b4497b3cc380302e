"""Cases that follow from a contract's declarations: each step, and what must be refused of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.contract import MAX_EVENT
from pyfabric_municipal.common.description import lasting_collections
from pyfabric_municipal.common.records import Fact, Record
from pyfabric_municipal.common.refusals import (
    CLAIMED,
    REASON,
    ROLE,
    SAME_DEPARTMENT,
    SAME_PERSON,
    STAFF,
    STATE,
    UNIT,
    UNKNOWN,
    Example,
    Rule,
)
from pyfabric_municipal.common.roles import Appointed, Governed, HolderRole, Role
from pyfabric_municipal.common.step_refusals import refusals_of
from pyfabric_municipal.common.steps import Mode, Step
from pyfabric_municipal.common.testing.publishing import check_endorsement, check_published
from pyfabric_municipal.common.testing.stage import Stage
from pyfabric_municipal.common.testing.stages import UNCHANGED, Agreed, Stages
from pyfabric_municipal.common.testing.stories import Person, Story

__all__ = ["Case", "cases"]


@dataclass(frozen=True)
class Case:
    """A test: its name, the step or record of which it is, and what raises AssertionError if it fails."""

    name: str
    of: str
    run: Callable[[], None]

    def __str__(self) -> str:
        return self.name


def cases(story: Story, *, compared: bool = True) -> list[Case]:
    """Return all cases of a contract; `compared` has each step run on two hosts, whose hash seeds differ."""
    return list(_all(Stages(story), compared=compared))


def _all(stages: Stages, *, compared: bool) -> Iterator[Case]:
    story = stages.story
    contract = story.made()
    for step in contract.STEPS.values():
        yield from _of_step(stages, step, compared=compared)
    rules: list[Any] = [rule for one in contract.RECORDS for rule in one.INVARIANTS]
    for rule in (*rules, *contract.TRANSACTIONS):
        example = story.examples.get(rule.code, rule.example)
        if example.step:
            yield _example(stages, example.step, rule)
    for record in contract.RECORDS:
        if record.CLAIMS:
            yield from _claims(stages, record)
    for name in sorted(lasting_collections(type(contract))):
        yield Case(f"collection {name} lasts", "", partial(_lasts, story, name))


def _of_step(stages: Stages, step: Step, *, compared: bool) -> Iterator[Case]:
    taken = partial(_taken, stages, step, compared=compared)
    yield Case(f"{step.name} is taken", step.name, taken)
    yield from _by_others(stages, step)
    yield from _in_other_states(stages, step)
    if step.reason:
        yield _refused(stages, step, "without a reason", REASON, reason=" ")
    yield from (_example(stages, step.name, one) for one in step.guards)
    for target in step.targets[:-1]:
        if target.when is not None:
            elsewhere = partial(_elsewhere, stages, step, target)
            yield Case(f"{step.name} leads elsewhere: {target.when.code}", step.name, elsewhere)


def _taken(stages: Stages, step: Step, *, compared: bool) -> None:
    """Take a step as its sample says, and see what it publishes, who must endorse it, and that it leaves its mark."""
    stage = stages.before(step.name, compared=compared)
    call = stage.call(step.name)
    endorsed = stage.endorse(step.name, later=0)
    check_published(stages.story, call, endorsed)
    check_endorsement(endorsed)
    outcome = stage.commit(step.name, endorsed)
    states = {one.state for one in step.targets} | set(step.sources if step.joins else ())
    if step.mode is Mode.SINGLE:
        _require(f"{step.name} leads to {outcome['state']}", outcome["state"] in states)
    name, payload, *_ = stage.ledger.events[-1]
    _require(f"the event {name} of {step.name}", name == f"{step.record.KIND}.{step.name}")
    _require(f"the event of {step.name} has {len(payload)} bytes", len(payload) <= MAX_EVENT)


def _by_others(stages: Stages, step: Step) -> Iterator[Case]:
    """Yield the calls of a step by those who do not have its role."""
    story = stages.story
    sample = story.samples[step.name]
    person = story.people[sample.by]
    admin = Person(person.msp_id, person.attributes, "admin")
    yield _refused(stages, step, "by an administrator", UNIT, by=admin)
    if any(role.is_anybody for role in step.by):
        return
    signer: dict[str, Any] = {"signer": ""} if sample.signer else {}
    others = {"by an outsider": story.people[story.outsider]}
    if step.record.COLLECTION and story.reader:
        others["by a reader without the role"] = story.people[story.reader]
    if not sample.signer:
        for role in step.by:
            if role.attribute is not None:
                others["without the attribute"] = person.without(role.attribute[0])
        others |= dict(_without_attributes(story, step))
    for how, other in others.items():
        if not _unsigned_possible(step):
            yield _refused(stages, step, how, None, by=other, **signer)
        else:
            is_reader = other.msp_id == person.msp_id or other is story.people.get(story.reader)
            hidden = step.record.COLLECTION and not is_reader
            yield _refused(stages, step, how, None if hidden else ROLE, by=other, **signer)
    yield _refused(stages, step, "without a staff number", STAFF, by=person.without("staff"))
    for role in step.by:
        yield from _by_the_same(stages, step, role, person)


def _without_attributes(story: Story, step: Step) -> Iterator[tuple[str, Person]]:
    """Yield those who could have one of several roles, all of which need an attribute, without it."""
    names = [role.attribute[0] for role in step.by if role.attribute is not None]
    if len(step.by) == len(names) > 1:
        for name, one in story.people.items():
            if (bare := one.without(*names)) != one:
                yield f"by {name} without the attribute", bare


def _unsigned_possible(step: Step) -> bool:
    return not all(isinstance(role, HolderRole) for role in step.by)


def _by_the_same(stages: Stages, step: Step, role: Role, person: Person) -> Iterator[Case]:
    """Yield the calls by the person, and the department, that took a step which the role excludes."""
    story = stages.story
    for name in sorted(set(role.not_person) & story.steps_on(step.record)):
        staff = story.people[story.samples[name].by].attributes["staff"]
        same = Person(person.msp_id, {**person.attributes, "staff": staff})
        yield _refused(stages, step, f"by the person of {name}", SAME_PERSON, by=same)
    for name in role.not_department:
        if isinstance(role.of, Governed | Appointed) and name in story.steps_on(step.record):
            msp_id = story.people[story.samples[name].by].msp_id
            acting = next(
                one
                for one in story.people.values()
                if role.attribute is None
                or (one.attributes.get(role.attribute[0]) == role.attribute[1])
            )
            same = Person(msp_id, acting.attributes)
            agreed = (
                Agreed(parameters={role.of.parameter: msp_id})
                if isinstance(role.of, Governed)
                else Agreed(roles={role.of.role: (*story.appointed(role.of.role), msp_id)})
            )
            how = f"as {role.name} of the department that took {name}"
            yield _refused(stages, step, how, SAME_DEPARTMENT, by=same, agreed=agreed)


def _in_other_states(stages: Stages, step: Step) -> Iterator[Case]:
    """Yield the calls of a step in the states from which it is not possible, and without a record."""
    story = stages.story
    if step.creates or step.mode is Mode.CONTINUED or issubclass(step.record, Fact):
        return
    if step.mode is Mode.SINGLE and not story.samples[step.name].signer:
        yield _refused(stages, step, "of no record", UNKNOWN, record_id=story.free_id(step.record))
    contract = story.made()
    for other in contract.STEPS.values():
        if other.record is not step.record or other.joins:
            continue
        if any(target.state in step.sources for target in other.targets):
            continue
        if other.mode is Mode.SINGLE:
            state = other.targets[-1].state
            yield Case(
                f"{step.name} when {state} by {other.name}",
                step.name,
                partial(_in_state, stages, step, other),
            )


def _in_state(stages: Stages, step: Step, other: Step) -> None:
    stage = stages.after(other.name)
    if step.name not in stage.ids:
        for name in stages.story.samples[step.name].first:
            if not _leads_on(stage, name, step.record):
                with suppress(ContractError):  # the state may forbid that, too
                    stage.reach(name)
    record_id = stage.ids[other.name]
    _expect(step.name, STATE.code, lambda: stage.take(step.name, record_id=record_id, later=0))


def _changes(step: Step, record: type[Record]) -> bool:
    """Return whether a step changes records of a type, by itself or by a move."""
    return step.record is record or any(move.record is record for move in step.moves)


def _leads_on(stage: Stage, name: str, record: type[Record]) -> bool:
    """Return whether a step has been taken, or would change the record, or needs one that would."""
    own = _changes(stage.steps[name.partition("#")[0]], record)
    before = stage.story.samples[name].first
    return (
        name in stage.ids
        or own
        or any(one not in stage.ids and _leads_on(stage, one, record) for one in before)
    )


def _example(
    stages: Stages, name: str, rule: Any, known: Example | None = None, of: str = ""
) -> Case:
    """Return the case of a rule's example: the call that it refuses, which is taken without the example."""
    story = stages.story

    def run() -> None:
        example: Example = known or story.examples.get(rule.code, rule.example)
        stage = stages.before(name, Agreed(example.parameters))
        for first in example.first:
            if first not in stage.ids:
                stage.reach(first)
        stage.ledger.now += timedelta(seconds=example.later)
        by = story.people[example.by] if example.by else None
        other = stage.resolve(example.id) if example.id else None
        code = rule.code_in(stage.contract.contract_name())
        changes = {
            "by": by,
            "arguments": example.arguments,
            "private": example.private,
            "record_id": other,
        }
        _expect(name, code, lambda: _attempt(stage, name, changes))

    return Case(f"{name}: {of or rule.code}", name, run)


def _attempt(stage: Stage, name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Take a step and see what it publishes: a refusal that is recorded has its facts on the ledger."""
    call = stage.call(name, **changes)
    endorsed = stage.endorse(name, later=0, **changes)
    check_published(stage.story, call, endorsed)
    return stage.commit(name, endorsed)


def _elsewhere(stages: Stages, step: Step, target: Any) -> None:
    """See that the example of a target's condition leads to another state than the sample."""
    found = []
    example = target.when.example
    alternatives: tuple[Example, ...] = (Example(), example)
    for one in alternatives:
        stage = stages.before(step.name, Agreed(example.parameters))
        for first in one.first:
            stage.reach(first)
        found.append(stage.take(step.name, arguments=one.arguments, private=one.private)["state"])
    _require(f"{step.name} leads to {found}", found[0] == target.state != found[1])


def _claims(stages: Stages, record: Any) -> Iterator[Case]:
    """Yield a case for each claim: a second record with the same values is refused, or recorded as denied."""
    contract = stages.story.made()
    for claim in record.CLAIMS:
        example = stages.story.examples.get(claim.name, claim.example)
        if example is not None:
            yield _example(stages, example.step, claim.rule, example, claim.name)
            continue
        for step in contract.STEPS.values():
            made = step.record is record and step.creates and not record.COLLECTION
            states = {one.state for one in step.targets}
            if made and (not claim.states or states & set(claim.states)):
                yield Case(
                    f"{step.name} twice: {claim.name}",
                    step.name,
                    partial(_twice, stages, step, claim),
                )


def _twice(stages: Stages, step: Step, claim: Any) -> None:
    stage = stages.after(step.name)
    code = claim.rule.code_in(stage.contract.contract_name())
    other = stages.story.free_id(step.record)
    # A second later, so that a holder's signature is another one.
    again: dict[str, Any] = {"record_id": other, "batch": "file-2", "later": 1}
    if CLAIMED in step.denies or claim.rule in step.denies:
        denied = stage.take(step.name, **again)["denied"]
        _require(f"{step.name} is denied as {denied!r}", denied == code)
    else:
        _expect(step.name, code, lambda: stage.take(step.name, **again))


def _lasts(story: Story, name: str) -> None:
    """See that the collection that the story deploys keeps what steps read."""
    lives = [one.block_to_live for one in story.collections if one.name == name]
    _require(f"the collection {name}: BlockToLive {lives or 'of none'}, not 0", lives == [0])


def _refused(
    stages: Stages,
    step: Step,
    how: str,
    rule: Rule | None,
    *,
    agreed: Agreed = UNCHANGED,
    **changes: Any,
) -> Case:
    def run() -> None:
        stage = stages.before(step.name, agreed)
        code = None if rule is None else rule.code
        _expect(step.name, code, lambda: stage.take(step.name, **changes))
        described = refusals_of(type(stage.contract), step)
        _require(f"{code} of {step.name} is not described", code is None or code in described)

    return Case(f"{step.name} {how}", step.name, run)


def _expect(step: str, code: str | None, call: Callable[[], object]) -> None:
    """Raise AssertionError unless a call is refused, or recorded as denied, with this code if one is given."""
    try:
        outcome = call()
    except ContractError as refused:
        if code is not None and refused.code != code:
            raise AssertionError(
                f"{step} is refused as {refused.code!r} ({refused}), not as {code}"
            ) from refused
        return
    denied = outcome.get("denied") if isinstance(outcome, dict) else None
    if not denied or code not in (None, denied):
        raise AssertionError(f"{step} is not refused: {code} was expected")


def _require(what: str, holds: bool) -> None:  # noqa: FBT001
    if not holds:
        raise AssertionError(what)
