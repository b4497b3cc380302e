"""A peer's discovery service: members, configuration and endorsers for clients that may know them.

Source: discovery/service.go and discovery/support/acl of Fabric 3.1; texts are Fabric's. The hash of the client's
TLS certificate in a request is not compared, also under mutual TLS: Fabric's NewService forgets its configuration, so
that its comparison never takes place.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import grpc
from fabric_protos.discovery import protocol_pb2
from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ConfigError, PolicyError, StatusCode
from pyfabric.identity.msp import MSPManager
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.peer.peers import Peers
from pyfabric.ledger.services.membership import Membership
from pyfabric.messages.decoding import decode
from pyfabric.messages.policies import Role, role_principal, signed_by
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.discovery.config import config_result
from pyfabric.rules.discovery.effort import Effort, TooManyCombinationsError
from pyfabric.rules.discovery.wording import interest_text
from pyfabric.rules.policies.evaluation import Policy, SignaturePolicy
from pyfabric.rules.policies.paths import WRITERS

_ACCESS_DENIED = "access denied"
_QUERY = 20_000
"""Steps that a query takes beside its policies: its signature is checked, members are described."""


def _unknown(text: str) -> CallError:
    return CallError(StatusCode.UNKNOWN, text)


class _RefusedError(Exception):
    """One query is refused; the others of its request are not."""


class DiscoveryService:
    """Discover of one peer: raises CallError for a bad request, answers refusals query by query."""

    def __init__(
        self,
        peer: Peer,
        peers: Peers,
        now: Callable[[], datetime],
    ) -> None:
        self._peer = peer
        self._membership = Membership(peer, peers, now)
        self._admins = _admins_of(peer)

    async def discover(
        self, signed: protocol_pb2.SignedRequest, _context: grpc.aio.ServicerContext
    ) -> protocol_pb2.Response:
        """Return the answer to each query of a request, in order."""
        request = decode(protocol_pb2.Request, signed.payload, _unknown, "failed parsing request")
        self._check(request)
        data = SignedData(signed.payload, request.authentication.client_identity, signed.signature)
        effort = Effort()
        return protocol_pb2.Response(
            results=[self._answer(one, data, effort) for one in request.queries]
        )

    def _check(self, request: protocol_pb2.Request) -> None:
        problem = ""
        if not request.HasField("authentication"):
            problem = "access denied, no authentication info in request"
        elif not request.authentication.client_identity:
            problem = "access denied, client identity wasn't supplied"
        if problem:
            raise _unknown(problem)

    def _answer(
        self, query: protocol_pb2.Query, data: SignedData, effort: Effort
    ) -> protocol_pb2.QueryResult:
        try:
            effort.spend(_QUERY)
            if query.channel:
                return self._of_channel(query, data, effort)
            self._allow(self._admins, data)
            if query.WhichOneof("query") != "local_peers":
                raise _RefusedError("unknown or missing request type")
            return protocol_pb2.QueryResult(members=self._local_members())
        except (_RefusedError, TooManyCombinationsError) as error:
            return protocol_pb2.QueryResult(error=protocol_pb2.Error(content=str(error)))

    def _of_channel(
        self, query: protocol_pb2.Query, data: SignedData, effort: Effort
    ) -> protocol_pb2.QueryResult:
        joined = self._peer.channel(query.channel)
        if joined is None:
            raise _RefusedError(_ACCESS_DENIED)
        self._allow(joined.config.policy(WRITERS), data)
        match query.WhichOneof("query"):
            case "config_query":
                return protocol_pb2.QueryResult(config_result=_config(joined))
            case "peer_query":
                members = self._members(joined, query.peer_query.filter, effort)
                return protocol_pb2.QueryResult(members=members)
            case "cc_query":
                content = self._descriptors(joined, query.cc_query.interests, effort)
                return protocol_pb2.QueryResult(cc_query_res={"content": content})
            case _:
                raise _RefusedError("unknown or missing request type")

    @staticmethod
    def _allow(policy: Policy, data: SignedData) -> None:
        try:
            policy.evaluate([data])
        except PolicyError as error:
            raise _RefusedError(_ACCESS_DENIED) from error

    def _local_members(self) -> protocol_pb2.PeerMembershipResult:
        result = protocol_pb2.PeerMembershipResult()
        for msp_id, peers in self._membership.known().items():
            result.peers_by_org[msp_id].peers.extend(self._described(peer) for peer in peers)
        return result

    def _members(
        self,
        joined: JoinedChannel,
        interest: proposal_response_pb2.ChaincodeInterest,
        effort: Effort,
    ) -> protocol_pb2.PeerMembershipResult:
        """Return the members that an interest asks for; departments without any are named too, as by Fabric."""
        try:
            found = self._membership.view(joined).authorized(interest, effort)
        except PolicyError as error:
            raise _RefusedError(str(error)) from error
        wanted = {member.endorser.peer: member.endorser for member in found}
        result = protocol_pb2.PeerMembershipResult()
        for msp_id, peers in self._membership.known().items():
            result.peers_by_org[msp_id].peers.extend(
                self._described(peer, wanted[peer]) for peer in peers if peer in wanted
            )
        return result

    def _descriptors(
        self,
        joined: JoinedChannel,
        interests: Sequence[proposal_response_pb2.ChaincodeInterest],
        effort: Effort,
    ) -> list[protocol_pb2.EndorsementDescriptor]:
        _check_interests(interests)
        return [self._descriptor(joined, interest, effort) for interest in interests]

    def _descriptor(
        self,
        joined: JoinedChannel,
        interest: proposal_response_pb2.ChaincodeInterest,
        effort: Effort,
    ) -> protocol_pb2.EndorsementDescriptor:
        try:
            found = self._membership.view(joined).endorsers(interest, effort)
        except TooManyCombinationsError:
            raise
        except PolicyError as error:
            raise _RefusedError(
                f"failed constructing descriptor for {interest_text(interest)}"
            ) from error
        result = protocol_pb2.EndorsementDescriptor(
            chaincode=found.chaincode,
            layouts=[protocol_pb2.Layout(quantities_by_group=one) for one in found.layouts],
        )
        for name, members in found.groups.items():
            result.endorsers_by_groups[name].peers.extend(
                self._described(member.peer, member) for member in members
            )
        return result

    def _described(self, peer: Peer, joined: JoinedChannel | None = None) -> protocol_pb2.Peer:
        return protocol_pb2.Peer(
            identity=peer.serialized,
            membership_info=self._membership.alive_message(peer),
            state_info=None if joined is None else self._membership.state_info(joined),
        )


def _admins_of(peer: Peer) -> Policy:
    """Return the policy of queries without a channel: administrators of the peer's department."""
    admins = signed_by(1, [role_principal(peer.msp_id, Role.ADMIN)])
    return SignaturePolicy(admins, MSPManager([peer.local_msp]))


def _check_interests(interests: Sequence[proposal_response_pb2.ChaincodeInterest]) -> None:
    if not interests:
        raise _RefusedError("chaincode query must have at least one chaincode interest")
    for interest in interests:
        if not interest.chaincodes:
            raise _RefusedError("chaincode interest must contain at least one chaincode")
        if not all(call.name for call in interest.chaincodes):
            raise _RefusedError("chaincode name in interest cannot be empty")


def _config(joined: JoinedChannel) -> protocol_pb2.ConfigResult:
    try:
        return config_result(joined.config.raw)
    except ConfigError as error:
        raise _RefusedError(f"failed fetching config for channel {joined.channel_id}") from error
