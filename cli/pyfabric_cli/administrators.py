"""Who administers: the administrator of the context's department, and the others whose keys are on this machine."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyfabric.errors import ConfigError
from pyfabric_cli.acting import Acting

if TYPE_CHECKING:  # loaded by the commands that administer
    from pyfabric_network.lifecycle import Lifecycle
    from pyfabric_network.parties import Party

    from pyfabric.gateway import Endpoint


@contextmanager
def administrator(invocation: Acting) -> "Iterator[Party]":
    """Connect as the administrator (or --user) of the context's department; raises ConfigError or IdentityError."""
    from pyfabric_network.parties import Party

    from pyfabric.identity.loading import check_not_expired

    party = Party.of(invocation.found.load_profile(), invocation.user)
    try:
        check_not_expired(party.identity.identity, datetime.now(UTC))
        yield party
    finally:
        party.close()


@contextmanager
def channel_lifecycle(invocation: Acting, *, others: bool = True) -> "Iterator[Lifecycle]":
    """Provide the definitions of a channel, for the context's department and the `others` of this machine."""
    from pyfabric_network.lifecycle import Lifecycle
    from pyfabric_network.parties import others_here

    found = invocation.found
    with administrator(invocation) as party, ExitStack() as stack:
        beside = others_here(found.profile, found.load_profile()) if others else []
        for one in beside:
            stack.callback(one.close)
        yield Lifecycle(invocation.channel or found.channel, party, beside)


def chosen_peers(party: "Party", names: Sequence[str] | None) -> "list[Endpoint]":
    """Return the department's peers of these names or addresses, by default all; raises ConfigError."""
    if not names:
        return list(party.peers)
    known = {name: peer for peer in party.peers for name in (peer.address, peer.server_name)}
    for name in names:
        if name not in known:
            there = ", ".join(peer_name(peer) for peer in party.peers)
            raise ConfigError(f"{party.department} has no peer {name}; there are: {there}")
    return [known[name] for name in names]


def peer_name(peer: "Endpoint") -> str:
    """Return what a peer is called: by its profile, else by its address."""
    return peer.server_name or peer.address
