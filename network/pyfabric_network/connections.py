"""The connections of a network's administrators to its nodes."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar, cast

from pyfabric.admin import Health
from pyfabric.errors import GatewayError
from pyfabric.gateway import Admin, Endpoint, Operations, OrdererAdmin
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local.closing import Closing
from pyfabric.messages.addresses import Address
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member, Node
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan

C = TypeVar("C", bound=Closing)


def endpoint(node: Node) -> Endpoint:
    """Return how this machine reaches a peer or an orderer, by the name that channels have of it in containers.

    A node that demands a client certificate is shown that of an administrator of this machine.
    """
    client = node.client
    return Endpoint(
        address=str(node.outside),
        tls_roots=node.member.tls_roots.read_bytes(),
        server_name=node.name,
        client_certificate=client.tls_certificate.read_bytes() if client else None,
        client_key=client.tls_key.read_bytes() if client else None,
    )


def administrator(organization: Organization) -> SigningIdentity:
    """Return the administrator of a department or ordering organisation, as an identity that can sign."""
    return load_msp_folder(organization.admin.msp, organization.msp_id)


def administrators(plan: Plan) -> dict[str, SigningIdentity]:
    """Return the administrators of this machine, by MSP id; the keys of departments that are to come may not exist yet."""
    known = (one for one in plan.own_organizations if one.admin.certificate.exists())
    return {one.msp_id: administrator(one) for one in known}


def participation_endpoint(organization: Organization, orderer: Node) -> Endpoint:
    """Return how the administrator of an ordering organisation reaches its orderer's participation API."""
    return _secured_endpoint(organization, orderer.member, cast("Address", orderer.admin))


def operations_endpoint(organization: Organization, node: Node) -> Endpoint:
    """Return how an organisation's administrator reaches the operations service of a node of it."""
    return _secured_endpoint(organization, node.member, node.operations)


def host_operations_endpoint(department: DepartmentPlan) -> Endpoint:
    """Return how a department's administrator reaches the operations service of its contract host."""
    return _secured_endpoint(department, department.contract_host, department.host_operations)


def ca_operations_endpoint(department: DepartmentPlan, server: CAServer) -> Endpoint:
    """Return how a department's administrator reaches the operations service of its CA server."""
    return _secured_endpoint(department.organizations[-1], server.member, server.operations)


def _secured_endpoint(organization: Organization, server: Member, address: Address) -> Endpoint:
    return Endpoint(
        address=str(address),
        tls_roots=server.tls_roots.read_bytes(),
        client_certificate=organization.admin.tls_certificate.read_bytes(),
        client_key=organization.admin.tls_key.read_bytes(),
    )


def health(operations: Operations) -> Health | None:
    """Return what a node or contract host reports of its health; None if it does not answer."""
    try:
        return operations.health()
    except GatewayError:
        return None


class Connections(Closing):
    """Each department's administrator, connected to the nodes as they are first used. Thread-safe.

    Close it, or open it in `with`.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._open: dict[object, Any] = {}
        self._stack = ExitStack()

    def admin(self, department: DepartmentPlan) -> Admin:
        """Return the department's administrator, for calls to peers."""
        return self._once(("peers", department.name), lambda: Admin(administrator(department)))

    def orderer(self, node: Node) -> OrdererAdmin:
        """Return the administration of an orderer by its own organisation's administrator."""
        owner = self.plan.organization(node)
        return self._once(
            ("channels", node.name), lambda: OrdererAdmin(participation_endpoint(owner, node))
        )

    def operations(self, node: Node) -> Operations:
        """Return the operations service of a node, for its own organisation's administrator."""
        owner = self.plan.organization(node)
        return self._once(
            ("operations", node.name), lambda: Operations(operations_endpoint(owner, node))
        )

    def host_operations(self, department: DepartmentPlan) -> Operations:
        """Return the operations service of a department's contract host."""
        return self._once(
            ("host", department.name), lambda: Operations(host_operations_endpoint(department))
        )

    def ca_operations(self, department: DepartmentPlan, server: CAServer) -> Operations:
        """Return the operations service of a department's CA server."""
        return self._once(
            ("ca", department.name), lambda: Operations(ca_operations_endpoint(department, server))
        )

    def close(self) -> None:
        """Close every connection. Safe to repeat."""
        self._stack.close()

    def _once(self, key: object, connect: Callable[[], C]) -> C:
        with self._lock:
            if key not in self._open:
                self._open[key] = connect()
                self._stack.callback(self._open[key].close)
            found: C = self._open[key]
            return found
