"""Edits of a channel made with the keys of this machine: checked, signed, sent, and in force when this returns."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from pyfabric.admin.channels import Edit
from pyfabric.admin.config.proposal import Base, Proposal, make_proposal
from pyfabric.admin.config.review import Review, review
from pyfabric.errors import ConfigError, FabricError, NetworkError, OrdererError, PolicyError
from pyfabric.gateway import Endpoint
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local.waiting import poll
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.connections import Connections, administrator, endpoint
from pyfabric_network.topology.plan import ChannelPlan, Plan
from pyfabric_network.updating import (
    add_signatures,
    may_be_taken_again,
    silent_consenters,
    submit,
)

_SECONDS: Final = 60.0
"""How long orderers may take to elect a leader among changed consenters."""
_PAUSE: Final = 0.3
_PEER_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Carrier:
    """Makes updates of a channel. `channel` has those departments alone that are in it before and afterwards."""

    plan: Plan
    connections: Connections
    channel: ChannelPlan

    def config(self) -> bytes:
        """Return the configuration in force (bytes of common.Config), as a peer of this machine has it.

        Raises NetworkError if none answers.
        """
        for department in self.channel.own:
            for peer in self.channel.peers_of(department):
                with suppress(FabricError):
                    admin = self.connections.admin(department)
                    return admin.config(endpoint(peer), self.channel.name)
        raise NetworkError(
            f"no peer of this machine answers for {self.channel.name}: its configuration is not known; start "
            "the peers (`pyfabric network up`)"
        )

    def make(self, edits: Sequence[Edit]) -> bytes:
        """Make edits, and return the configuration that has them.

        Raises ConfigError for what may not be made, PolicyError if the administrators of this machine do not suffice,
        and what orderers refuse as OrdererError.
        """
        made = poll(
            lambda: self._try(edits),
            until=lambda found: isinstance(found, bytes),
            every=_PAUSE,
            timeout=_SECONDS,
        )
        if isinstance(made, OrdererError):
            raise made
        self._await_peers(made)
        return made

    def _await_peers(self, made: bytes) -> None:
        """Wait for the other peers of this machine: their gateways choose orderers by the configuration that they have.

        One that does not answer, or is far behind, is not waited for.
        """
        wanted = Base.of(made).sequence
        peers = [(one, peer) for one in self.channel.own for peer in self.channel.peers_of(one)]

        def behind() -> str | None:
            for department, peer in peers:
                with suppress(FabricError):
                    admin = self.connections.admin(department)
                    found = admin.config(endpoint(peer), self.channel.name)
                    if Base.of(found).sequence < wanted:
                        return peer.name
            return None

        poll(behind, every=_PAUSE, timeout=_PEER_SECONDS)

    def signed(self, edits: Sequence[Edit]) -> tuple[Proposal, Review]:
        """Return the proposal of edits with the signatures of this machine, and how it stands."""
        config = self.config()
        proposal = make_proposal(self.channel.name, config, edits)
        proposal = add_signatures(proposal, config, self._administrators(config).values())
        return proposal, self._review(proposal, config)

    def _try(self, edits: Sequence[Edit]) -> bytes | OrdererError:
        """Return the new configuration, or the refusal of an orderer that will take the update a moment later."""
        config = self.config()
        proposal, found = self.signed(edits)
        if found.problems:
            raise ConfigError(f"{self.channel.name} is not changed: {'; '.join(found.problems)}")
        if found.missing:
            missing = "; ".join(str(one.policy) for one in found.missing)
            raise PolicyError(
                f"more signatures are needed for {self.channel.name} than this machine has keys for: {missing}; "
                "write proposals for the others to sign (--to FOLDER)"
            )
        return self._sent(proposal, config)

    def _sent(self, proposal: Proposal, config: bytes) -> bytes | OrdererError:
        department = self.channel.own[0]
        peers = [endpoint(peer) for peer in self.channel.peers_of(department)]
        reader = administrator(department)
        sender = self._administrators(config)
        try:
            return submit(proposal, config, sender, self._orderers, peers, reader)
        except OrdererError as error:
            if not may_be_taken_again(error):
                raise
            return error

    def _review(self, proposal: Proposal, config: bytes) -> Review:
        return review(
            proposal,
            config,
            now=datetime.now(UTC),
            administrators=[one.serialized() for one in self._administrators(config).values()],
            is_down=silent_consenters(self._orderers),
        )

    @property
    def _orderers(self) -> list[Endpoint]:
        return [endpoint(node) for node in self.plan.orderers]

    @cached_property
    def _every_administrator(self) -> dict[str, SigningIdentity]:
        return {one.msp_id: administrator(one) for one in self.plan.own_organizations}

    def _administrators(self, config: bytes) -> dict[str, SigningIdentity]:
        """Return the administrators of this machine whose organisations are in a configuration, by MSP id."""
        members = ChannelConfig.from_bytes(config, channel_id=self.channel.name).msp_manager.msps
        return {name: one for name, one in self._every_administrator.items() if name in members}
