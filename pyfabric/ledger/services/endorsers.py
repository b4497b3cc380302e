"""The peers of a channel as one peer's gateway sees them, and how each answers it.

Source: internal/pkg/gateway/{registry,apiutils}.go of Fabric 3.1; texts are those. Peers of one process
call each other in process; an error of another peer reads as if it had come over gRPC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ErrorDetail, FabricError, PolicyError, StatusCode
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.peer.peer import Peer
from pyfabric.ledger.services.discovery_members import Membership
from pyfabric.ledger.services.endorser import EarlyRefusalError, Endorser
from pyfabric.ledger.services.execution import SYSTEM_CHAINCODES
from pyfabric.ledger.services.planning import Plan, arrange
from pyfabric.messages.go_texts import rpc_error
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.discovery.endorsement import Descriptor
from pyfabric.rules.proposals import Proposal, ProposalError


class NoPlanError(FabricError):
    """No peers can be found for what is asked; the text is Fabric's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer said: an endorsement, or why there is none and whether another may be asked."""

    response: proposal_response_pb2.ProposalResponse | None
    code: StatusCode = StatusCode.OK
    message: str = ""
    retry: bool = False


def detail(peer: Peer, message: str) -> ErrorDetail:
    """What a peer said, for the client."""
    return ErrorDetail(peer.address, peer.msp_id, message)


class Endorsers:
    """The endorsing peers known to one peer, its own first; `random` shuffles layouts."""

    def __init__(
        self, own: Peer, channels: Channels, now: Callable[[], datetime], random: Random
    ) -> None:
        self._own = own
        self._channels = channels
        self._membership = Membership(own, channels, now)
        self._now = now
        self._random = random
        self._descriptors: dict[tuple[str, bytes], tuple[int, Descriptor[Peer]]] = {}

    async def ask(self, peer: Peer, proposal: Proposal, *, sign: bool = True) -> Answer:
        """Have a peer process a proposal, and endorse it unless told not to `sign`."""
        try:
            response = await Endorser(peer, self._now).endorse(proposal, sign=sign)
        except ProposalError as error:
            if peer is not self._own:
                text = rpc_error(StatusCode.UNKNOWN, error.message)
                return Answer(None, StatusCode.UNAVAILABLE, text, retry=True)
            if isinstance(error, EarlyRefusalError):
                return Answer(None, StatusCode.UNAVAILABLE, error.message, retry=True)
            return Answer(None, StatusCode.FAILED_PRECONDITION, error.message)
        status, message = response.response.status, response.response.message
        if 200 <= status < 400:
            return Answer(response)
        if status == 500 and not response.payload:
            return Answer(response, StatusCode.ABORTED, message, retry=True)
        return Answer(response, StatusCode.UNKNOWN, f"chaincode response {status}, {message}")

    def for_evaluation(
        self, channel_id: str, chaincode: str, organizations: Sequence[str]
    ) -> list[Peer]:
        """Whom to ask, in order; raises NoPlanError."""
        running = self._running(channel_id, chaincode)
        wanted = [peer for peer in running if not organizations or peer.msp_id in organizations]
        if not wanted:
            raise NoPlanError(
                f"no peers available to evaluate chaincode {chaincode} in channel {channel_id}"
            )
        return wanted

    def for_organizations(
        self, channel_id: str, chaincode: str, organizations: Sequence[str]
    ) -> Plan[Peer]:
        """A plan for one peer of each organisation; raises NoPlanError.

        As at Fabric's gateway the peers of one that is named twice are asked again when they refuse.
        """
        running = self._running(channel_id, chaincode)
        groups = {
            msp_id: [peer for peer in running if peer.msp_id == msp_id]
            * organizations.count(msp_id)
            for msp_id in organizations
        }
        missing = [msp_id for msp_id in organizations if not groups[msp_id]]
        if missing:
            raise NoPlanError(
                f"failed to find any endorsing peers for org(s): {', '.join(missing)}"
            )
        return Plan([dict.fromkeys(groups, 1)], groups)

    def for_policies(
        self,
        channel_id: str,
        interest: proposal_response_pb2.ChaincodeInterest,
        preferred: Peer | None,
    ) -> Plan[Peer]:
        """A plan that satisfies every policy that the interest touches; raises NoPlanError."""
        key = (channel_id, interest.SerializeToString(deterministic=True))
        generation = self._channels.generation(channel_id)
        known = self._descriptors.get(key)
        if known is None or known[0] != generation:
            known = (generation, self._describe(channel_id, interest))
            self._descriptors[key] = known
        return arrange(known[1], preferred, self._members(channel_id), self._random)

    def _describe(
        self, channel_id: str, interest: proposal_response_pb2.ChaincodeInterest
    ) -> Descriptor[Peer]:
        try:
            channel = self._own.channel(channel_id)
            if channel is None:
                name = interest.chaincodes[0].name
                raise PolicyError(
                    f"No metadata was found for chaincode {name} in channel {channel_id}"
                )
            return self._membership.view(channel).endorsers(interest)
        except PolicyError as error:
            raise NoPlanError(
                "no combination of peers can be derived which satisfy the endorsement policy: "
                f"{error}"
            ) from error

    def _running(self, channel_id: str, chaincode: str) -> list[Peer]:
        """The channel's peers that offer a chaincode, by preference."""
        if self._own.channel(channel_id) is None:
            return []
        return [
            peer
            for peer in self._members(channel_id)
            if chaincode in SYSTEM_CHAINCODES or _offers(peer, channel_id, chaincode)
        ]

    def _members(self, channel_id: str) -> list[Peer]:
        """The peers of a channel: this one, its department's, the others'."""
        peers = self._channels.members(channel_id)
        return sorted(
            peers, key=lambda peer: (peer is not self._own, peer.msp_id != self._own.msp_id)
        )


def _offers(peer: Peer, channel_id: str, name: str) -> bool:
    if name == LIFECYCLE:
        return True
    chaincode = peer.chaincodes(channel_id).get(name)
    return chaincode is not None and chaincode.endorses
