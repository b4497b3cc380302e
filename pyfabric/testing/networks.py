"""A network for tests: brought up once, set back in milliseconds, with clients that go by its clock."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pyfabric_network.development import Development
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import Profile, load_profile, profile_file
from pyfabric_network.topology.plan import ADMIN

from pyfabric.gateway import Contract, Gateway, connect

_BEGINNING = "pyfabric.testing: the beginning"


class DevelopmentNetwork:
    """A running network with its contracts; `development` is what only its ledger can do."""

    def __init__(self, network: Network, closing: ExitStack) -> None:
        self.network = network
        self.development: Development = network.development()
        self._closing = closing
        self._gateways: dict[tuple[str, str], Gateway] = {}

    def reset(self) -> None:
        """Everything is as it was when the contracts had just been deployed, and the clock goes again.

        Every message gets its block at once. Streams of events end.
        """
        self.development.revert(_BEGINNING)
        self.development.run_clock()
        self.development.cut_blocks(at_once=True)

    def profile(self, department: str) -> Profile:
        """Return a department's connection profile; raises NetworkError if there is no such department."""
        plan = self.network.plan
        return load_profile(profile_file(plan, plan.department(department)))

    def gateway(self, department: str, user: str = ADMIN) -> Gateway:
        """Return a gateway for a user of a department, that goes by the nodes' clock; closed at the
        end.

        Raises NetworkError if the department or the user is not in the topology.
        """
        key = (department, user)
        if key not in self._gateways:
            profile = self.profile(department)
            self._gateways[key] = self._closing.enter_context(
                connect(profile.user(user), profile.peers, clock=self.development.now)
            )
        return self._gateways[key]

    def contract(self, department: str, channel: str, name: str, user: str = ADMIN) -> Contract:
        """Return a contract on a channel, as a user of a department calls it; see `gateway`."""
        return self.gateway(department, user).network(channel).contract(name)


@contextmanager
def development_network(topology: Path, folder: Path) -> Iterator[DevelopmentNetwork]:
    """Yield a network of that topology on free ports, with all its contracts; down afterwards.

    Its state goes below `folder`. Raises what `Network.up` and `Network.deploy` raise.
    """
    network = Network.prepare(topology, folder, base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.development().cut_blocks(at_once=True)
        network.deploy()
        network.development().snapshot(_BEGINNING)
        with ExitStack() as closing:
            made = DevelopmentNetwork(network, closing)
            made.reset()
            yield made
    finally:
        network.down()
