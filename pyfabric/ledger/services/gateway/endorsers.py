"""The peers of a channel as one peer's gateway sees them, and how each answers it.

Source: internal/pkg/gateway/{registry,apiutils}.go of Fabric 3.1; texts are Fabric's. Peers of one process
call each other in process; an error of another peer reads as if it had come over gRPC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import NamedTuple

from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ErrorDetail, FabricError, PolicyError, StatusCode
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.peer.peers import Peers
from pyfabric.ledger.services.endorser import EarlyRefusalError, Endorser
from pyfabric.ledger.services.execution import SYSTEM_CHAINCODES
from pyfabric.ledger.services.membership import Membership
from pyfabric.messages.go_texts import rpc_error
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.discovery.endorsement import Descriptor
from pyfabric.rules.discovery.endorsement_plan import EndorsementPlan, arrange
from pyfabric.rules.proposals import Proposal, ProposalError


class NoPlanError(FabricError):
    """No peers can be found for what is asked; the text is Fabric's."""


def no_endorsers(organizations: Sequence[str]) -> NoPlanError:
    """Return the error for organisations none of whose peers runs the chaincode on the channel."""
    return NoPlanError(f"failed to find any endorsing peers for org(s): {', '.join(organizations)}")


def no_combination(problem: str) -> NoPlanError:
    """Return the error for policies that the channel's peers cannot satisfy."""
    return NoPlanError(
        "no combination of peers can be derived which satisfy the endorsement policy: " + problem
    )


def no_metadata(chaincode: str, channel_id: str) -> NoPlanError:
    """Return the error for a channel of which nothing is known."""
    return no_combination(
        f"No metadata was found for chaincode {chaincode} in channel {channel_id}"
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer said: an endorsement, or why there is none and whether another may be asked."""

    response: proposal_response_pb2.ProposalResponse | None
    code: StatusCode = StatusCode.OK
    message: str = ""
    retry: bool = False


def detail(member: JoinedChannel, message: str) -> ErrorDetail:
    """Return what a peer answered, for the client."""
    return ErrorDetail(member.peer.address, member.peer.msp_id, message)


class Endorsers:
    """The endorsing peers known to one peer, its own first; `random` shuffles layouts."""

    def __init__(
        self, own: Peer, peers: Peers, now: Callable[[], datetime], random: Random
    ) -> None:
        self._own = own
        self._peers = peers
        self._membership = Membership(own, peers, now)
        self._now = now
        self._random = random
        self._descriptors: dict[tuple[str, bytes], _Known] = {}

    async def ask(self, member: JoinedChannel, proposal: Proposal, *, sign: bool = True) -> Answer:
        """Ask a peer to process a proposal, and to endorse it if `sign` is true."""
        try:
            response = await Endorser(member.peer, self._now).endorse(proposal, member, sign=sign)
        except ProposalError as error:
            if member.peer is not self._own:
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
        self, joined: JoinedChannel, chaincode: str, organizations: Sequence[str]
    ) -> list[JoinedChannel]:
        """Return whom to ask, in order; raises NoPlanError."""
        running = self._running(joined, chaincode)
        wanted = [one for one in running if not organizations or one.peer.msp_id in organizations]
        if not wanted:
            raise NoPlanError(
                f"no peers available to evaluate chaincode {chaincode} in channel "
                f"{joined.channel_id}"
            )
        return wanted

    def for_organizations(
        self, joined: JoinedChannel, chaincode: str, organizations: Sequence[str]
    ) -> EndorsementPlan[JoinedChannel]:
        """Plan for one peer of each organisation; raises NoPlanError.

        As at Fabric's gateway the peers of one that is named twice are asked again when they refuse.
        """
        running = self._running(joined, chaincode)
        groups = {
            msp_id: [one for one in running if one.peer.msp_id == msp_id]
            * organizations.count(msp_id)
            for msp_id in organizations
        }
        missing = [msp_id for msp_id in organizations if not groups[msp_id]]
        if missing:
            raise no_endorsers(missing)
        return EndorsementPlan([dict.fromkeys(groups, 1)], groups)

    def for_policies(
        self,
        joined: JoinedChannel,
        interest: proposal_response_pb2.ChaincodeInterest,
        preferred: JoinedChannel | None,
    ) -> EndorsementPlan[JoinedChannel]:
        """Plan so that every policy that the interest touches is satisfied; raises NoPlanError."""
        key = (joined.channel_id, interest.SerializeToString(deterministic=True))
        generation = joined.channel.generation
        known = self._descriptors.get(key)
        if known is None or known.joined is not joined or known.generation != generation:
            known = _Known(joined, generation, self._describe(joined, interest))
            self._descriptors[key] = known
        return arrange(known.descriptor, preferred, self._members(joined), self._random)

    def _describe(
        self, joined: JoinedChannel, interest: proposal_response_pb2.ChaincodeInterest
    ) -> Descriptor[JoinedChannel]:
        try:
            return self._membership.view(joined).endorsers(interest)
        except PolicyError as error:
            raise no_combination(str(error)) from error

    def _running(self, joined: JoinedChannel, chaincode: str) -> list[JoinedChannel]:
        """Return the channel's peers that offer a chaincode, by preference."""
        return [
            member
            for member in self._members(joined)
            if chaincode in SYSTEM_CHAINCODES or _offers(member, chaincode)
        ]

    def _members(self, joined: JoinedChannel) -> list[JoinedChannel]:
        """Return the peers of a channel: this one, its department's, the others'."""
        own = self._own
        members = self._peers.members(joined.channel)
        return sorted(members, key=lambda one: (one.peer is not own, one.peer.msp_id != own.msp_id))


class _Known(NamedTuple):
    """A descriptor, and as of when it holds."""

    joined: JoinedChannel
    generation: int
    descriptor: Descriptor[JoinedChannel]


def _offers(member: JoinedChannel, name: str) -> bool:
    if name == LIFECYCLE:
        return True
    chaincode = member.chaincodes.get(name)
    return chaincode is not None and chaincode.endorses
