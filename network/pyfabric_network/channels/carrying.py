"""Edits of a channel made with the keys of this machine: checked, signed, sent, and in force when this returns."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from pyfabric.admin.channels import Edit
from pyfabric.admin.config.proposal import Base, Proposal, make_proposal
from pyfabric.admin.config.proposal_files import write_proposal
from pyfabric.admin.config.review import Review, review
from pyfabric.errors import ConfigError, FabricError, NetworkError, OrdererError, PolicyError
from pyfabric.gateway import Endpoint
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local.waiting import poll
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.maintenance import MAINTENANCE
from pyfabric_network.channels.admission import config_of_peer
from pyfabric_network.connections import Connections, administrator, administrators, endpoint
from pyfabric_network.topology.plan import ChannelPlan, Plan
from pyfabric_network.updating import (
    LEADER_SECONDS,
    add_signatures,
    may_be_taken_again,
    ordered_config,
    silent_consenters,
    submit,
)

_SECONDS: Final = 60.0
"""How long orderers may take to elect a leader among changed consenters."""
_PAUSE: Final = 0.3
_PEER_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Proposed:
    """The next update of a channel, for departments to sign: what it changes in words, and the proposal's file.

    `missing` are the policies that need more signatures, `first` is an orderer that must follow the channel before it is
    submitted, unless it is known to, and `later` the number of updates after it.
    """

    channel: str
    words: str
    content: bytes
    missing: tuple[str, ...]
    first: str | None = None
    later: int = 0


@dataclass(frozen=True)
class Carrier:
    """Makes updates of a channel. `channel` has those departments alone that are in it before and afterwards."""

    plan: Plan
    connections: Connections
    channel: ChannelPlan

    def config(self) -> bytes:
        """Return the newest configuration (bytes of common.Config) that an orderer or a peer of this machine has.

        Peers get none in maintenance mode, and an orderer may be behind. Where there is no such peer, orderers that have
        just started are waited for until they have a leader. Raises NetworkError if none answers.
        """
        committed = config_of_peer(self.connections, self.channel)
        ordered = self._ordered(LEADER_SECONDS if committed is None else 0)
        found = [one for one in (ordered, committed) if one is not None]
        if not found:
            raise NetworkError(
                f"no node gives the configuration of {self.channel.name} to this machine: start its nodes (`pyfabric "
                "network up`), if its department has a part in the channel"
            )
        return max(found, key=lambda one: Base.of(one).sequence)

    def ordered(self) -> bytes:
        """Return the newest configuration that an orderer gives to this machine, also in maintenance mode.

        Orderers that have just started are waited for until they have a leader. Raises NetworkError if none gives it.
        """
        found = self._ordered(LEADER_SECONDS)
        if found is None:
            raise NetworkError(
                f"no orderer gives the configuration of {self.channel.name} to this machine: see `pyfabric network "
                "status`, and run the command again once orderers run that have a leader"
            )
        return found

    def _ordered(self, timeout: float) -> bytes | None:
        return ordered_config(
            self.channel.name, self._every_administrator, self._orderers, timeout=timeout
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
        if self._read(made).consensus_state != MAINTENANCE:  # in which peers get no blocks
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

    def propose(self, edits: Sequence[Edit]) -> Proposed:
        """Return edits as a proposal with the signatures of this machine; nothing is changed.

        Raises ConfigError for what may not be made.
        """
        proposal, found = self.signed(edits)
        self._refuse(found)
        return Proposed(
            channel=self.channel.name,
            words="; ".join(one.words for one in found.changes),
            content=write_proposal(proposal),
            missing=tuple(str(one.policy) for one in found.missing),
        )

    def signed(self, edits: Sequence[Edit]) -> tuple[Proposal, Review]:
        """Return the proposal of edits with the signatures of this machine, and how it stands."""
        config = self.config()
        return self._signed(edits, config, self._administrators(config).values())

    def _refuse(self, found: Review) -> None:
        if found.problems:
            raise ConfigError(f"{self.channel.name} is not changed: {'; '.join(found.problems)}")

    def _signed(
        self, edits: Sequence[Edit], config: bytes, administrators: Collection[SigningIdentity]
    ) -> tuple[Proposal, Review]:
        proposal = make_proposal(self.channel.name, config, edits)
        proposal = add_signatures(proposal, config, administrators)
        return proposal, review(
            proposal,
            config,
            now=datetime.now(UTC),
            administrators=[one.serialized() for one in administrators],
            is_down=silent_consenters(self._orderers),
        )

    def _try(self, edits: Sequence[Edit]) -> bytes | OrdererError:
        """Return the new configuration, or the refusal of an orderer that will take the update a moment later."""
        config = self.config()
        administrators = self._administrators(config)
        proposal, found = self._signed(edits, config, administrators.values())
        self._refuse(found)
        if found.missing:
            missing = "; ".join(str(one.policy) for one in found.missing)
            raise PolicyError(
                f"more signatures are needed for {self.channel.name} than this machine has keys for: {missing}; "
                "write proposals for the others to sign (--to FOLDER)"
            )
        own = next(iter(self.channel.own), None)
        peers = [] if own is None else [endpoint(peer) for peer in self.channel.peers_of(own)]
        reader = administrator(own or self.plan.own_organizations[0])
        try:
            return submit(proposal, config, administrators, self._orderers, peers, reader)
        except OrdererError as error:
            if not may_be_taken_again(error):
                raise
            return error

    @property
    def _orderers(self) -> list[Endpoint]:
        """The orderers whose TLS certificates are known: others have yet to be made, or to send their definition."""
        known = (node for node in self.plan.orderers if node.member.tls_roots.exists())
        return [endpoint(node) for node in known]

    @cached_property
    def _every_administrator(self) -> dict[str, SigningIdentity]:
        return administrators(self.plan)

    def _administrators(self, config: bytes) -> dict[str, SigningIdentity]:
        """Return the administrators of this machine whose organisations are in a configuration, by MSP id."""
        members = self._read(config).msp_manager.msps
        return {name: one for name, one in self._every_administrator.items() if name in members}

    def _read(self, config: bytes) -> ChannelConfig:
        return ChannelConfig.from_bytes(config, channel_id=self.channel.name)


def configurations(plan: Plan) -> dict[str, ChannelConfig]:
    """Return the configuration in force of each channel of this machine's departments; raises NetworkError."""
    with Connections(plan) as connections:
        return {
            name: ChannelConfig.from_bytes(
                Carrier(plan, connections, channel).config(), channel_id=name
            )
            for name, channel in plan.channels.items()
            if any(channel in plan.channels_of(department) for department in plan.own)
        }
