"""Where nodes listen: the machine of each department, and how its 50 ports are divided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pyfabric.messages.addresses import is_loopback
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT

LOOPBACK: Final = "127.0.0.1"
_EVERY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - the other departments' nodes connect from outside
NodeKind: TypeAlias = Literal["peer", "orderer"]
Service: TypeAlias = Literal["peer", "orderer", "contracts"]

# From a department's first port: two ports for each peer, two for the CA server, three for each orderer, one for
# each package that its contract host serves, and the last one for the host's operations service. The last
# port of each node is the one of its operations service.
PORTS_PER_NODE: Final[Mapping[NodeKind, int]] = {"peer": 2, "orderer": 3}
FIRST_PORT: Final[Mapping[NodeKind, int]] = {"peer": 0, "orderer": 20}
CA_PORT: Final = 18
CA_OPERATIONS_PORT: Final = 19
CONTRACTS_FROM: Final = 30
HOST_OPERATIONS_PORT: Final = PORTS_PER_DEPARTMENT - 1
CONTRACT_PORTS: Final = HOST_OPERATIONS_PORT - CONTRACTS_FROM

CONTAINER_PORTS: Final[Mapping[Service, int]] = {"peer": 7051, "orderer": 7050, "contracts": 9000}
"""Where a container listens for other containers: Fabric's usual ports, and contracts from 9000 on."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a department with a machine of its own runs its nodes.

    The other departments reach them at `host` (a name or an address), at the department's ports from
    `first_port` on. `here` is true on that machine, which has the department's keys.
    """

    host: str
    first_port: int
    here: bool

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of the same machine reach the host."""
        return is_loopback(self.host)

    @property
    def listening_host(self) -> str:
        """The address that nodes listen on: every address of their machine, unless `host` is loopback."""
        return self.host if self.is_loopback else _EVERY_ADDRESS
