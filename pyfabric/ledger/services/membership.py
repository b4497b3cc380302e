"""Membership: what one peer knows of the others: who they are, which channels they share, what they can run.

Sources: gossip and discovery/support/gossip of Fabric 3.1. There peers learn of each other by gossip; the
peers of one process know each other at once, and sign what is asked when it is asked.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from fabric_protos.gossip import message_pb2
from fabric_protos.msp import identities_pb2

from pyfabric.errors import IdentityError
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.peer.peers import Peers
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.discovery.endorsement import ChannelView, Member
from pyfabric.rules.discovery.policies import DefinedChaincode, lifecycle_chaincode


class Membership:
    """The peers known to one peer. `now` stamps what they announce."""

    def __init__(self, own: Peer, peers: Peers, now: Callable[[], datetime]) -> None:
        self._own = own
        self._peers = peers
        self._now = now
        self._started = now()

    def known(self) -> Mapping[str, Sequence[Peer]]:
        """Return by MSP id the peers of the own department and those that share a channel with this one."""
        found: dict[str, list[Peer]] = defaultdict(list)
        for peer in self._peers:
            near = peer.msp_id == self._own.msp_id
            if near or not peer.joined.keys().isdisjoint(self._own.joined):
                found[peer.msp_id].append(peer)
        return found

    def view(self, joined: JoinedChannel) -> ChannelView[JoinedChannel]:
        """Return a channel's members and definitions, now, as the own peer knows them."""

        def definition(name: str) -> DefinedChaincode | None:
            if name == LIFECYCLE:
                return lifecycle_chaincode(joined.config)
            chaincode = joined.chaincodes.get(name)
            if chaincode is None:
                return None
            defined = chaincode.definition
            return DefinedChaincode(
                name,
                defined.sequence,
                defined.validation.validation_parameter,
                defined.collections,
            )

        members = []
        for member in self._peers.members(joined.channel):
            try:
                identity = joined.config.msp_manager.deserialize(member.peer.serialized)
            except IdentityError:  # its organisation is no longer a member
                continue
            members.append(Member(member, identity, offered(member)))
        return ChannelView(joined.config, definition, members)

    def alive_message(self, peer: Peer) -> message_pb2.Envelope:
        """Return what a peer announces of itself: where it is reached."""
        alive = message_pb2.AliveMessage(
            membership=message_pb2.Member(endpoint=peer.address, pki_id=_gossip_id(peer)),
            timestamp=self._time(),
        )
        return _signed(
            peer, message_pb2.GossipMessage(tag=message_pb2.GossipMessage.EMPTY, alive_msg=alive)
        )

    def state_info(self, joined: JoinedChannel) -> message_pb2.Envelope:
        """Return what a peer announces of a channel: its height, the chaincodes that it runs."""
        gossip_id = _gossip_id(joined.peer)
        state = message_pb2.StateInfo(
            timestamp=self._time(),
            pki_id=gossip_id,
            channel_MAC=sha256(gossip_id + joined.channel_id.encode()).digest(),
            properties=message_pb2.Properties(
                ledger_height=joined.channel.height,
                chaincodes=[
                    message_pb2.Chaincode(name=name, version=version)
                    for name, version in offered(joined).items()
                ],
            ),
        )
        return _signed(
            joined.peer,
            message_pb2.GossipMessage(tag=message_pb2.GossipMessage.CHAN_OR_ORG, state_info=state),
        )

    def _time(self) -> message_pb2.PeerTime:
        return message_pb2.PeerTime(
            inc_num=_nanoseconds(self._started), seq_num=_nanoseconds(self._now())
        )


def offered(joined: JoinedChannel) -> Mapping[str, str]:
    """Return the chaincodes that a peer announces it runs, each with its sequence as version."""
    running = {
        name: str(chaincode.definition.sequence)
        for name, chaincode in sorted(joined.chaincodes.items())
        if chaincode.endorses
    }
    return {**running, LIFECYCLE: "1"}


def _gossip_id(peer: Peer) -> bytes:
    identity = decode(identities_pb2.SerializedIdentity, peer.serialized)
    return sha256(identity.mspid.encode() + identity.id_bytes).digest()


def _signed(peer: Peer, message: message_pb2.GossipMessage) -> message_pb2.Envelope:
    payload = message.SerializeToString()
    return message_pb2.Envelope(payload=payload, signature=peer.sign_message(payload))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
