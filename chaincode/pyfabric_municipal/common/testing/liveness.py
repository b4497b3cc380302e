"""Reachability and liveness of life cycles: every state can be reached, and no silence holds a record for ever."""

from collections.abc import Iterator

from pyfabric_municipal.common.records import NEW, Fact, Record
from pyfabric_municipal.common.steps import Move, Step, Timer
from pyfabric_municipal.common.testing.stories import Story


def unreachable(story: Story) -> list[str]:
    """Return the states of records that no way from their beginning leads to, as `kind: state`."""
    found = []
    for record, steps in _life_cycles(story):
        reached = {NEW} | _made_elsewhere(story, record)
        while new := _next(steps, reached) - reached:
            reached |= new
        named = {state for step in steps for state in step.sources}
        found += [f"{record.KIND}: {state}" for state in sorted(named - reached)]
    return found


def dead_ends(story: Story) -> list[str]:
    """Return where the silence of one role holds a record for ever, as `kind: state, role`.

    In a state with steps there must be, for each role, a step of somebody else, or an exit by time, that does
    more than give the matter up (`Story.giving_up`). `Story.resting` names states in which a record may stay.
    """
    found = []
    for record, steps in _life_cycles(story):
        left = {state for step in steps for state in step.sources if state != NEW}
        for state in sorted(left):
            if (record.KIND, state) in story.resting:
                continue
            onward = [
                step for step in steps if state in step.sources and step.name not in story.giving_up
            ]
            if not _has_exit(story, record, steps, state):
                roles = sorted({role.name for step in onward for role in step.by})
                silent = [one for one in roles if not _any_goes_on(onward, state, one)]
                found += [f"{record.KIND}: {state}, {role}" for role in silent]
    return found


def _any_goes_on(steps: list[Step], state: str, silent: str) -> bool:
    """Return whether a step leads on although a role is silent: by another one, to another state."""
    return any(
        not step.when_due
        and any(role.name != silent for role in step.by)
        and any(one.state != state for one in step.targets)
        for step in steps
    )


def _has_exit(story: Story, record: type[Record], steps: list[Step], state: str) -> bool:
    """Return whether each step that leads to a state, and each move, has the record wait for an exit by time."""
    into = [step for step in steps if any(one.state == state for one in step.targets)]
    kept: list[Step | Move] = [step for step in into if state not in step.sources]
    kept += [move for move in _moves(story, record) if move.target == state]
    return bool(kept) and all(
        any(wait.exit for wait in one.waits)
        or (isinstance(one, Step) and one.timer is Timer.RESUMES)
        for one in kept
    )


def _life_cycles(story: Story) -> Iterator[tuple[type[Record], list[Step]]]:
    contract = story.made()
    for record in contract.RECORDS:
        if not issubclass(record, Fact):
            yield record, [one for one in contract.STEPS.values() if one.record is record]


def _made_elsewhere(story: Story, record: type[Record]) -> set[str]:
    """Return the states to which steps of other records bring records of a type."""
    return {move.target for move in _moves(story, record)}


def _moves(story: Story, record: type[Record]) -> list[Move]:
    """Return the changes of a type's records that steps of other records make."""
    steps = story.made().STEPS.values()
    return [move for step in steps for move in step.moves if move.record is record]


def _next(steps: list[Step], reached: set[str]) -> set[str]:
    return {
        target.state for step in steps if reached & set(step.sources) for target in step.targets
    }
