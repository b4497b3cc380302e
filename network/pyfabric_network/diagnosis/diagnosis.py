"""A diagnosis: every check made on what is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pyfabric_network.diagnosis.checks import CHECKS
from pyfabric_network.diagnosis.facts import Facts
from pyfabric_network.diagnosis.findings import Check, Finding, Unmade

_ELSEWHERE: Final = "its keys are elsewhere: join its `pyfabric doctor -o json`"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found, and for which departments it could not be made.

    `after` are the checks that have found something which can be the cause of these findings.
    """

    check: Check
    findings: tuple[Finding, ...]
    unmade: tuple[Unmade, ...]
    after: tuple[str, ...] = ()


def diagnose(facts: Facts, wanted: Sequence[str] = ()) -> tuple[CheckResult, ...]:
    """Make the checks with these ids, all without any, in the order in which causes precede effects."""
    results: list[CheckResult] = []
    for check in CHECKS:
        if not wanted or check.id in wanted:
            results.append(_result(check, facts, [one.check for one in results if one.findings]))
    return tuple(results)


def _result(check: Check, facts: Facts, before: Sequence[Check]) -> CheckResult:
    found = list(dict.fromkeys((*check.judge(facts), *_gaps(check, facts))))
    findings = tuple(one for one in found if isinstance(one, Finding))
    return CheckResult(
        check,
        findings,
        tuple(one for one in found if isinstance(one, Unmade)),
        tuple(one.id for one in before if findings and one.id in check.follows),
    )


def _gaps(check: Check, facts: Facts) -> Iterator[Unmade]:
    """Yield for which organisations a check has no facts."""
    for msp_id in sorted(_concerned(check, facts) - facts.covered):
        yield Unmade(msp_id, _ELSEWHERE)
    for view in facts.views:
        if check.id in view.absent:
            yield from (Unmade(msp_id, view.absent[check.id]) for msp_id in view.own)
    if check.asks:
        yield from _unasked(check, facts)
    if check.channels:
        yield from _unseen_channels(facts)


def _unasked(check: Check, facts: Facts) -> Iterator[Unmade]:
    for node in (one for one in facts.nodes() if one.own and one.unasked):
        if check.scope in ("everybody", f"{node.kind}s"):
            yield Unmade(node.msp_id, f"{node.name} did not answer: {node.unasked}")


def _unseen_channels(facts: Facts) -> Iterator[Unmade]:
    expected = {name for view in facts.views for node in view.nodes for name in node.expected}
    for channel in sorted(expected - facts.configs.keys()):
        yield Unmade("", f"no peer answered about {channel}")
    silent = any(node.own and node.unasked for node in facts.nodes())
    if silent and not (expected or facts.configs):
        yield Unmade("", "no peer showed the configuration of a channel")


def _concerned(check: Check, facts: Facts) -> set[str]:
    """Return the organisations, by MSP id, whose own views a check needs."""
    found = set[str]()
    for config in facts.configs.values():
        if check.scope in ("everybody", "peers"):
            found |= config.application_organizations.keys()
        if check.scope in ("everybody", "orderers"):
            found |= config.orderer_organizations.keys()
    return found
