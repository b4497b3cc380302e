"""Mutants: a contract with one rule that always holds. A generated test must tell each from the contract."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.roles import Asked, Role
from pyfabric_municipal.common.steps import Step
from pyfabric_municipal.common.testing.cases import Case, cases
from pyfabric_municipal.common.testing.stories import Story


@dataclass(frozen=True)
class Mutant:
    """One rule of a contract that is switched off while `active`; cases of the steps `of` are asked first."""

    name: str
    of: frozenset[str]
    active: Callable[[], AbstractContextManager[None]]


class _Everybody(Role):
    """A role that everybody has."""

    def is_eligible(self, asked: Asked) -> bool:
        return True

    def party(self, asked: Asked, record: Any) -> str | None:
        return asked.client.msp_id


def survivors(story: Story) -> list[str]:
    """Return the names of the mutants that every generated case takes for the contract."""
    return [one.name for one in mutants(story) if not _is_killed(one, cases(story, compared=False))]


def mutants(story: Story) -> Iterator[Mutant]:
    """Yield the mutants of a contract: each guard, role, exclusion, reason, invariant and claim."""
    contract = type(story.made())
    for step in contract.STEPS.values():
        for number, guard in enumerate(step.guards):
            changed = replace(guard, test=_holds)
            guards = (*step.guards[:number], changed, *step.guards[number + 1 :])
            yield _of_step(contract, step, f"guard {guard.code}", guards=guards)
        if step.reason:
            yield _of_step(contract, step, "reason", reason=False)
        for number, role in enumerate(step.by):
            if not role.is_anybody:
                yield from _roles(story, step, number, role)
    for record in contract.RECORDS:
        made = frozenset(story.steps_on(record))
        for always in record.INVARIANTS:
            kept = tuple(one for one in record.INVARIANTS if one is not always)
            yield _of_class(
                record,
                f"invariant {always.code}",
                "INVARIANTS",
                kept,
                frozenset({_example(story, always).step}),
            )
        for claim in record.CLAIMS:
            left = tuple(one for one in record.CLAIMS if one is not claim)
            yield _of_class(record, f"claim {claim.name}", "CLAIMS", left, made)
    for rule in contract.TRANSACTIONS:
        others = tuple(one for one in contract.TRANSACTIONS if one is not rule)
        yield _of_class(
            contract,
            f"invariant {rule.code}",
            "TRANSACTIONS",
            others,
            frozenset({_example(story, rule).step}),
        )


def _roles(story: Story, step: Step, number: int, role: Role) -> Iterator[Mutant]:
    contract, steps = type(story.made()), story.steps_on(step.record)

    def with_role(changed: Role) -> tuple[Role, ...]:
        return (*step.by[:number], changed, *step.by[number + 1 :])

    yield _of_step(
        contract,
        step,
        f"role {role.name}",
        by=with_role(_Everybody("all", "所有人", attribute=("x", "y"))),
    )
    without = {
        "attribute": replace(role, attribute=None),
        "not_person": replace(role, not_person=_apart(role.not_person, steps)),
        "not_department": replace(role, not_department=_apart(role.not_department, steps)),
    }
    for what, changed in without.items():
        if changed != role:
            yield _of_step(contract, step, f"role {role.name}: {what}", by=with_role(changed))


def _apart(excluded: tuple[str, ...], steps: set[str]) -> tuple[str, ...]:
    """Return the excluded steps of other records, which mean nothing on this one."""
    return tuple(name for name in excluded if name not in steps)


def _of_step(contract: type[CityContract], step: Step, what: str, **changes: Any) -> Mutant:
    steps = {**contract.STEPS, step.name: replace(step, **changes)}
    return _of_class(contract, f"{step.name}: {what}", "STEPS", steps, frozenset({step.name}))


def _of_class(owner: type, what: str, attribute: str, value: Any, of: frozenset[str]) -> Mutant:
    @contextmanager
    def active() -> Iterator[None]:
        kept = getattr(owner, attribute)
        setattr(owner, attribute, value)
        try:
            yield
        finally:
            setattr(owner, attribute, kept)

    return Mutant(f"{owner.__name__}.{what}", of, active)


def _example(story: Story, rule: Any) -> Example:
    found: Example = story.examples.get(rule.code, rule.example)
    return found


def _is_killed(mutant: Mutant, known: Sequence[Case]) -> bool:
    with mutant.active():
        for case in sorted(known, key=lambda case: case.of not in mutant.of):
            try:
                case.run()
            except Exception:  # noqa: BLE001 - whatever a mutant does wrong, it is noticed
                return True
    return False


def _holds(_call: Any) -> bool:
    return True
