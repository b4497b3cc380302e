"""A chaincode's definition on a channel: proposed, checked, approved and committed by the departments of this machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from pyfabric.admin import (
    ApprovedDefinition,
    ChaincodeDefinition,
    CommittedDefinition,
    FieldDifference,
    Finding,
    check_definition,
    definition_differences,
)
from pyfabric.admin.channel_policies import can_commit, find_policy, member_ids
from pyfabric.admin.definition_documents import endorsement_policy
from pyfabric.admin.definition_fields import show_value
from pyfabric.errors import (
    CommitError,
    ConfigError,
    EndorseError,
    PeerResponseError,
    PolicyError,
    StatusCode,
)
from pyfabric.local.waiting import poll
from pyfabric.messages.lifecycle import PARAMETERS
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric_network.parties import Party

_NOT_DEFINED: Final = 404
_SPREAD_SECONDS: Final = 10.0
_PAUSE: Final = 0.05
_IMPLICIT: Final = ("ANY ", "ALL ", "MAJORITY ")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether an organisation has approved a definition; if not, why, and what it approved otherwise.

    The differences are from what it approved to what is proposed, where its approval can be read: its
    administrator's key is on this machine.
    """

    msp_id: str
    ready: bool
    reason: str = ""
    differences: tuple[FieldDifference, ...] = ()


@dataclass(frozen=True)
class Lifecycle:
    """The definitions of a channel, for one department; `others` are further ones of this machine."""

    channel: str
    party: Party
    others: Sequence[Party] = ()

    @cached_property
    def parties(self) -> tuple[Party, ...]:
        """The departments of the channel whose administrators are on this machine."""
        members = member_ids(self.config, self.channel)
        return (self.party, *(one for one in self.others if one.msp_id in members))

    @cached_property
    def config(self) -> bytes:
        """The channel's configuration (bytes of common.Config)."""
        return self.party.through(lambda peer: self.party.admin.config(peer, self.channel))

    @cached_property
    def live(self) -> Mapping[str, int]:
        """How many peers of each organisation the department's peer knows to be alive, by MSP id."""
        found = self.party.through(lambda peer: self.party.admin.discover_peers(peer, self.channel))
        msp_ids = [one.msp_id for one in found]
        return {msp_id: msp_ids.count(msp_id) for msp_id in sorted(set(msp_ids))}

    def committed(self, name: str) -> CommittedDefinition | None:
        """Return the definition in force, with who approved it; None if the chaincode has none."""
        admin = self.party.admin
        try:
            return self.party.through(
                lambda peer: admin.committed_definition(peer, self.channel, name)
            )
        except PeerResponseError as error:
            if error.status == _NOT_DEFINED:
                return None
            raise

    def in_force(self, name: str) -> ChaincodeDefinition | None:
        """Return the definition in force; None if the chaincode has none."""
        found = self.committed(name)
        return None if found is None else found.definition

    def approved(self, party: Party, name: str, sequence: int = 0) -> ApprovedDefinition | None:
        """Return what a department approved at a sequence, or last for 0; None if it approved nothing there."""
        try:
            return party.through(
                lambda peer: party.admin.approved(peer, self.channel, name, sequence)
            )
        except PeerResponseError as error:
            if "could not fetch approved chaincode definition" in error.message:
                return None
            raise

    def last_approved(self, party: Party, name: str) -> ApprovedDefinition | None:
        """Return what a department approved last of what has been in force; None if it has approved nothing."""
        present = self.in_force(name)
        sequences = range(present.sequence if present else 0, 0, -1)
        approvals = (self.approved(party, name, sequence) for sequence in sequences)
        return next((one for one in approvals if one is not None), None)

    def proposed(self, name: str, changes: Mapping[str, Any]) -> ChaincodeDefinition:
        """Return the next definition: the one in force, or a first one, with fields changed.

        An `endorsement_policy` may be an implicit meta rule that a policy of the channel has, such as MAJORITY
        Endorsement. Raises ConfigError for a first definition without a version.
        """
        given = dict(changes)
        if "endorsement_policy" in given:
            given["endorsement_policy"] = self._policy(given["endorsement_policy"])
        before = self.in_force(name)
        if before is not None:
            return replace(before, **{"sequence": before.sequence + 1, **given})
        if "version" not in given:
            raise ConfigError(f"{name} is not defined on {self.channel} yet: give it a version")
        return ChaincodeDefinition(
            **{"name": name, "sequence": 1, "endorsement_policy": ENDORSEMENT, **given}
        )

    def check(self, definition: ChaincodeDefinition) -> tuple[Finding, ...]:
        """Return what is wrong with a definition; see `check_definition`."""
        return check_definition(
            definition,
            channel=self.channel,
            config=self.config,
            committed=self.in_force(definition.name),
            peers=self.live,
        )

    def approve(
        self, party: Party, definition: ChaincodeDefinition, package_id: str | None
    ) -> bool:
        """Approve for a department; return false if it has approved just this already."""
        before = self.approved(party, definition.name, definition.sequence)
        if (
            before is not None
            and before.package_id == package_id
            and not definition_differences(before.definition, definition)
        ):
            return False
        party.through(lambda peer: party.admin.approve(peer, self.channel, definition, package_id))
        return True

    def readiness(self, definition: ChaincodeDefinition) -> tuple[Readiness, ...]:
        """Return for each organisation of the channel whether it has approved a definition, and why not.

        The definition may be in force already.
        """
        admin, present = self.party.admin, self.committed(definition.name)
        if present is not None and _same(present.definition, definition):
            return tuple(
                Readiness(
                    msp_id, ready, "" if ready else "has not approved it: its peers do not run it"
                )
                for msp_id, ready in present.approvals.items()
            )
        parts = self.party.through(
            lambda peer: admin.unapproved_parts(peer, self.channel, definition)
        )
        everyone = self.party.through(
            lambda peer: admin.check_commit_readiness(peer, self.channel, definition)
        )
        return tuple(
            Readiness(msp_id, ready=True)
            if ready
            else self._unready(msp_id, parts.get(msp_id, ()), definition)
            for msp_id, ready in everyone.items()
        )

    def await_own(self, definition: ChaincodeDefinition) -> tuple[Readiness, ...]:
        """Return the readiness once the approvals of this machine's departments are known, or after ten seconds."""
        own = {one.msp_id for one in self.parties}
        return poll(
            lambda: self.readiness(definition),
            until=lambda found: all(one.ready for one in found if one.msp_id in own),
            every=_PAUSE,
            timeout=_SPREAD_SECONDS,
        )

    def commit(self, definition: ChaincodeDefinition) -> bool:
        """Commit a definition that enough organisations have approved; return false if it was in force already.

        The ones that approved it and live endorse. Raises PolicyError, which names the ones that have not
        approved, if the channel's LifecycleEndorsement policy asks for more.
        """
        if self._holds(definition):
            return False
        found = self.readiness(definition)
        ready = {
            one.msp_id: self.live[one.msp_id]
            for one in found
            if one.ready and one.msp_id in self.live
        }
        if not can_commit(self.config, ready):
            missing = "; ".join(f"{one.msp_id} {one.reason}" for one in found if not one.ready)
            raise PolicyError(
                f"{definition.name} on {self.channel}: approved by {', '.join(ready) or 'no organisation that lives'}, "
                f"which the channel's LifecycleEndorsement policy does not take for enough: {missing}"
            )
        endorsing = list(ready)
        commit_agreed(
            lambda: self.party.through(
                lambda peer: self.party.admin.commit(peer, self.channel, definition, endorsing)
            ),
            lambda: self._holds(definition),
        )
        return True

    def _policy(self, text: str) -> str:
        return (
            find_policy(text, self.config)
            if text.startswith(_IMPLICIT)
            else endorsement_policy(text)
        )

    def _holds(self, definition: ChaincodeDefinition) -> bool:
        present = self.in_force(definition.name)
        return present is not None and _same(present, definition)

    def _unready(
        self, msp_id: str, parts: Sequence[str], definition: ChaincodeDefinition
    ) -> Readiness:
        """Return why an organisation is not ready: the fields if its approval can be read, else Fabric's parts."""
        if PARAMETERS in parts:
            reason = f"has approved nothing with sequence {definition.sequence}"
            return Readiness(msp_id, ready=False, reason=reason)
        differences = tuple(
            difference
            for party in self.parties
            if party.msp_id == msp_id
            for approved in [self.approved(party, definition.name, definition.sequence)]
            if approved is not None
            for difference in definition_differences(approved.definition, definition)
        )
        what = [
            f"{one.field} is {show_value(one.before)}, proposed is {show_value(one.after)}"
            for one in differences
        ]
        reason = "has not approved it"
        if what or parts:
            reason = f"has approved another definition: {'; '.join(what or parts)}"
        return Readiness(msp_id, ready=False, reason=reason, differences=differences)


def _same(one: ChaincodeDefinition, other: ChaincodeDefinition) -> bool:
    return one.sequence == other.sequence and not definition_differences(one, other)


def commit_agreed(commit: Callable[[], object], in_force: Callable[[], bool]) -> None:
    """Commit a definition, unless another department has done it first.

    A peer that has not had the last approvals yet endorses otherwise than the rest, or not at all: nothing
    was sent then, and the call is repeated for ten seconds. Raises EndorseError or CommitError.
    """

    def attempt() -> EndorseError | CommitError | None:
        try:
            commit()
        except (EndorseError, CommitError) as error:
            if in_force():
                return None
            if error.code is not StatusCode.ABORTED:
                raise
            return error
        return None

    error = poll(attempt, every=_PAUSE, timeout=_SPREAD_SECONDS)
    if error is not None:
        raise error
