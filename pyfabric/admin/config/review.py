"""A proposal as it stands against the configuration in force: void or not, what it changes, who must still sign.

All of it is computed from the update itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyfabric.admin.config.checking import simulate
from pyfabric.admin.config.differences import Difference, differences
from pyfabric.admin.config.edits.editing import edit_config, edit_warnings
from pyfabric.admin.config.guards import lost_administrators, lost_policies, lost_quorum
from pyfabric.admin.config.proposal import Base, Proposal, signer
from pyfabric.admin.config.requirements import (
    Requirement,
    UpdateSignature,
    check_signatures,
    requirements,
)
from pyfabric.errors import ConfigError
from pyfabric.identity.msp import read_serialized
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric.rules.configuration.update import outdated, read_delta


@dataclass(frozen=True, slots=True)
class Review:
    """What a proposal is worth on a channel.

    `outdated` has a text for each element that has changed since the update was computed: with one, the update is void,
    and nothing else is known but whether it `is_in_force`, which means that its edits have been made. `changes` are what it does, `rewritten` the paths of elements that it writes again
    without a change that can be shown. `problems` are reasons not to make it however many sign. `remarks` do not
    matter to whether it can be made.
    """

    outdated: tuple[str, ...] = ()
    is_in_force: bool = False
    changes: tuple[Difference, ...] = ()
    rewritten: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    signatures: tuple[UpdateSignature, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Requirement, ...]:
        """The policies that the signatures do not satisfy."""
        return tuple(one for one in self.requirements if not one.policy.is_satisfied)

    @property
    def can_be_made(self) -> bool:
        """Whether the update can be made with the signatures that it has."""
        return not (self.outdated or self.problems or self.missing)


def review(
    proposal: Proposal,
    config: bytes,
    *,
    now: datetime,
    administrators: Sequence[bytes] = (),
    is_down: Callable[[Consenter], bool] = lambda _: False,
) -> Review:
    """Return how a proposal stands against the configuration in force (bytes of common.Config).

    `administrators` are certificates (PEM) of administrators of the channel's members who are known beside those who
    signed. `is_down` returns whether a consenter is known not to run. Raises ConfigError or DecodeError for what cannot be
    shown to people.
    """
    present = ChannelConfig.from_bytes(config, channel_id=proposal.channel)
    void = outdated(present, proposal.update)
    if void:
        return Review(outdated=void, is_in_force=_is_made(proposal, config))
    try:
        after = simulate(present, proposal.update, now=now, is_down=is_down)
        needed = requirements(present, proposal.update, proposal.signatures)
        signatures = check_signatures(present, proposal.update, proposal.signatures)
    except ConfigError as error:
        return Review(problems=(str(error),))
    valid = (
        raw for raw, one in zip(proposal.signatures, signatures, strict=True) if not one.problem
    )
    known = (*administrators, *(read_serialized(signer(one)).id_bytes for one in valid))
    made = after.raw.SerializeToString(deterministic=True)
    changes = differences(config, made)
    return Review(
        changes=changes,
        rewritten=tuple(_rewritten(read_delta(present, proposal.update), changes)),
        requirements=needed,
        signatures=signatures,
        problems=(
            *lost_policies(present, after),
            *lost_administrators(present, after, known),
            *lost_quorum(present, after, is_down),
        ),
        remarks=tuple(_remarks(proposal, config, made)),
    )


def _is_made(proposal: Proposal, config: bytes) -> bool:
    try:
        made = edit_config(config, proposal.edits)
    except ConfigError:
        return False
    return bool(proposal.edits) and not differences(config, made)


def _rewritten(delta: Iterable[str], changes: Sequence[Difference]) -> Iterator[str]:
    """Yield the elements that an update sets though no change of them, or in them, is shown."""
    shown = {one.path for one in changes}
    for key in delta:
        path = key[key.index("/") :]
        within = key.startswith("[Group]") and any(one.startswith(f"{path}/") for one in shown)
        if not within and not any(path == one or path.startswith(f"{one}/") for one in shown):
            yield path


def _remarks(proposal: Proposal, config: bytes, made: bytes) -> Iterator[str]:
    if proposal.base is not None and proposal.base != Base.of(config):
        yield (
            "the channel's configuration has changed since the update was computed, but nothing that it builds on"
        )
    if not proposal.edits:
        return
    try:
        differs = bool(differences(edit_config(config, proposal.edits), made))
        warnings = edit_warnings(config, proposal.edits)
    except ConfigError as error:
        yield f"the edits in the file cannot be made any more: {error}"
    else:
        yield from warnings
        if differs:
            yield "the edits in the file make something else than its update: the update is what counts"
