"""Updates of a channel, signed by the administrators of a machine and sent to the orderers."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from fabric_protos.common import common_pb2

from pyfabric.admin import config_of_block
from pyfabric.admin.config.proposal import Base, Proposal
from pyfabric.admin.config.requirements import check_signatures
from pyfabric.errors import (
    DeliverError,
    GatewayError,
    IdentityError,
    NetworkError,
    OrdererError,
    PolicyError,
    StatusCode,
)
from pyfabric.gateway import Admin, Endpoint, connect
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric.rules.consensus.broadcast import writers_policy
from pyfabric.rules.consensus.maintenance import MAINTENANCE
from pyfabric.rules.policies.evaluation import holds

_SECONDS: Final = 60.0
"""How long an update may take to be in force on the department's peer."""
LEADER_SECONDS: Final = 20.0
"""How long orderers may take to elect a leader after they have started; it takes Raft 5 to 10 s."""
_PAUSE: Final = 0.3
_QUORUM_LOSS: Final = "nodes are alive, configuration will result in quorum loss"
"""Source: orderer/consensus/etcdraft/chain.go of Fabric 3.1."""


def silent_consenters(orderers: Sequence[Endpoint]) -> Callable[[Consenter], bool]:
    """Return whether a consenter is one of these orderers and takes no connection; each is tried once."""
    known: dict[Endpoint, bool] = {}

    def is_down(consenter: Consenter) -> bool:
        for one in orderers:
            if _is_at(consenter, one):
                if one not in known:
                    known[one] = not listens(Address.parse(one.address))
                return known[one]
        return False

    return is_down


def add_signatures(
    proposal: Proposal, config: bytes, administrators: Collection[SigningIdentity]
) -> Proposal:
    """Return a proposal signed by those administrators whose signatures count for it.

    `config` is the configuration in force (bytes of common.Config). Raises ConfigError for a void update.
    """
    present = ChannelConfig.from_bytes(config, channel_id=proposal.channel)
    signed = []
    for one in administrators:
        with Admin(one) as admin:
            signed.append(admin.sign_update(proposal.update))
    judged = check_signatures(present, proposal.update, signed)
    useful = (raw for raw, found in zip(signed, judged, strict=True) if not found.problem)
    return proposal.signed(*useful)


def submit(
    proposal: Proposal,
    config: bytes,
    administrators: Mapping[str, SigningIdentity],
    orderers: Sequence[Endpoint],
    peers: Sequence[Endpoint],
    reader: SigningIdentity,
) -> bytes:
    """Send an update to the first orderer that answers, wait until it is in force, and return the configuration then.

    `config` is the one before (bytes of common.Config), `reader` a member of the channel. Raises OrdererError for an update that is refused, PolicyError if
    none of the administrators may write to the channel, NetworkError if no orderer answers, and what
    `Network.wait_for_config` raises if the update was sent and is not in force in time. Peers receive no blocks in
    maintenance mode: then it is in force at the orderers.
    """
    present = ChannelConfig.from_bytes(config, channel_id=proposal.channel)
    sender = _sender(present, administrators)
    consenters = present.consenters
    with Admin(sender) as admin:
        # An orderer that has no part in the channel refuses.
        ordered = sorted(
            orderers, key=lambda one: not any(_is_at(each, one) for each in consenters)
        )
        _send(admin, ordered, proposal)
    made = _ordered_after(present, administrators, ordered)
    if (
        made is not None
        and ChannelConfig.from_bytes(made, channel_id=proposal.channel).consensus_state
        == MAINTENANCE
    ):
        return made
    if made is not None and not peers:
        return made
    try:
        with connect(reader, peers) as gateway:
            return gateway.network(proposal.channel).wait_for_config(config, timeout=_SECONDS)
    except DeliverError as error:  # The update may have taken the reader's access away.
        if made is not None:
            return made
        raise NetworkError(
            f"the orderers took the update, but whether the peers have it cannot be seen: {error}; ask with "
            "`pyfabric channel show`"
        ) from error


def newest_config(
    channel: str,
    administrators: Mapping[str, SigningIdentity],
    orderers: Sequence[Endpoint],
    peers: Sequence[Endpoint],
    reader: SigningIdentity,
) -> bytes:
    """Return the configuration (bytes of common.Config) that the next update changes.

    Orderers are asked, as one of the administrators, since peers receive no blocks in maintenance mode; then the
    first peer, as the `reader`. Orderers that have just started are waited for until they have a leader. Raises what
    `Admin.config` raises.
    """
    found = ordered_config(channel, administrators, orderers, timeout=LEADER_SECONDS)
    if found is not None:
        return found
    with Admin(reader) as admin:
        return admin.config(peers[0], channel)


def ordered_config(
    channel: str,
    administrators: Mapping[str, SigningIdentity],
    orderers: Sequence[Endpoint],
    *,
    timeout: float = 0.0,
) -> bytes | None:
    """Return the newest configuration (bytes of common.Config) of the first orderer that gives it to an administrator.

    None if none does. Orderers that have no leader are waited for, up to `timeout` seconds.
    """
    found = poll(
        lambda: _asked(channel, administrators.values(), orderers),
        until=lambda found: found.block is not None or not found.has_no_leader,
        every=_PAUSE,
        timeout=timeout,
    )
    return None if found.block is None else config_of_block(found.block)


def ordered_config_block(
    channel: str, administrators: Collection[SigningIdentity], orderers: Sequence[Endpoint]
) -> bytes | None:
    """Return the newest configuration block of the first orderer that gives it to an administrator; None if none does."""
    return _asked(channel, administrators, orderers).block


class _Asked(NamedTuple):
    """The block that an orderer gave; without one, whether an orderer has no leader, as when it has just started."""

    block: bytes | None
    has_no_leader: bool = False


def _asked(
    channel: str, administrators: Collection[SigningIdentity], orderers: Sequence[Endpoint]
) -> _Asked:
    has_no_leader = False
    for orderer in orderers:
        if not listens(Address.parse(orderer.address)):
            continue
        for one in administrators:
            try:
                with Admin(one) as admin:
                    return _Asked(admin.ordered_config_block(orderer, channel))
            except DeliverError as error:  # another administrator may be one of the orderers'
                has_no_leader |= error.status == common_pb2.Status.SERVICE_UNAVAILABLE
            except GatewayError:
                break
    return _Asked(None, has_no_leader)


def _ordered_after(
    present: ChannelConfig,
    administrators: Mapping[str, SigningIdentity],
    orderers: Sequence[Endpoint],
) -> bytes | None:
    """Wait until the orderers have the next configuration, and return it; None if they do not show it."""

    def is_newer(found: bytes | None) -> bool:
        return found is not None and Base.of(found).sequence > present.sequence

    found = poll(
        lambda: ordered_config(present.channel_id, administrators, orderers),
        until=lambda found: found is None or is_newer(found),
        every=0.1,
        timeout=_SECONDS,
    )
    return found if is_newer(found) else None


def _send(admin: Admin, orderers: Sequence[Endpoint], proposal: Proposal) -> None:
    """Send a proposal to one orderer after the other until one takes it or refuses it for good."""
    failure: GatewayError | None = None
    refusal: OrdererError | None = None
    for orderer in orderers:
        try:
            admin.submit_update(orderer, proposal.channel, proposal.update, proposal.signatures)
        except GatewayError as error:
            if error.code is not StatusCode.UNAVAILABLE:
                raise
            failure = failure or error
        except OrdererError as error:
            if not may_be_taken_again(error):
                raise
            refusal = refusal or error
        else:
            return
    raise refusal or NetworkError(
        f"no orderer of {proposal.channel} answers: {failure or 'the profile names none'}; start one, or name it in the "
        "connection profile"
    ) from failure


def may_be_taken_again(error: OrdererError) -> bool:
    """Return whether another orderer, or the same a moment later, may take what one refuses.

    One has no leader, or does not know which of Raft's consenters run, as their leader does.
    """
    return error.status == common_pb2.SERVICE_UNAVAILABLE or _QUORUM_LOSS in error.message


def _sender(
    config: ChannelConfig, administrators: Mapping[str, SigningIdentity]
) -> SigningIdentity:
    path = writers_policy(config)
    for one in administrators.values():
        with suppress(IdentityError):  # Its organisation may have no part in this channel.
            if holds(config.policy(path), [config.msp_manager.deserialize(one.serialized())]):
                return one
    raise PolicyError(
        f"none of the administrators {', '.join(administrators) or 'on this machine'} may send an update: {path} does not "
        "count them; let another department submit it"
    )


def _is_at(consenter: Consenter, orderer: Endpoint) -> bool:
    address = f"{consenter.host}:{consenter.port}"
    return orderer.address == address or orderer.server_name == consenter.host
