"""A network for tests: it is started once, reset in milliseconds, and its clients use its clock."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pyfabric_network.development import Development
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import Profile, load_profile, profile_file
from pyfabric_network.topology.departments import ADMIN

from pyfabric.gateway import Contract, Gateway, connect

_START = "pyfabric.testing: contracts deployed"


class DevelopmentNetwork:
    """A running network with its contracts; `development` has the development tools."""

    def __init__(self, network: Network, closing: ExitStack) -> None:
        self.network = network
        self.development: Development = network.development()
        self._closing = closing
        self._gateways: dict[tuple[str, str], Gateway] = {}

    def reset(self) -> None:
        """Reset the network to the state right after the deployment of its contracts.

        The clock follows the machine's again, a block is cut for every message, and event streams close.
        """
        self.development.revert(_START)
        self.development.run_clock()
        self.development.cut_blocks(at_once=True)

    def profile(self, department: str) -> Profile:
        """Return a department's connection profile; raises NetworkError if there is no such department."""
        plan = self.network.plan
        return load_profile(profile_file(plan, plan.department(department)))

    def gateway(self, department: str, user: str = ADMIN) -> Gateway:
        """Return a gateway of a department's user, which uses the nodes' clock.

        The fixture closes it. Raises NetworkError if the department or the user is not in the topology.
        """
        key = (department, user)
        if key not in self._gateways:
            profile = self.profile(department).as_user(user)
            self._gateways[key] = self._closing.enter_context(
                connect(profile.user(user), profile.peers, clock=self.development.now)
            )
        return self._gateways[key]

    def contract(self, department: str, channel: str, name: str, user: str = ADMIN) -> Contract:
        """Return a contract on a channel, called as a department's user; see `gateway`."""
        return self.gateway(department, user).network(channel).contract(name)


@contextmanager
def development_network(topology: Path, folder: Path) -> Iterator[DevelopmentNetwork]:
    """Start a network on free ports with all its contracts, and stop it afterwards.

    Its files are below `folder`. Raises what `Network.up` and `Network.deploy` raise.
    """
    network = Network.prepare(topology, folder, base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.development().cut_blocks(at_once=True)
        network.deploy()
        network.development().snapshot(_START)
        with ExitStack() as closing:
            made = DevelopmentNetwork(network, closing)
            made.reset()
            yield made
    finally:
        network.down()
