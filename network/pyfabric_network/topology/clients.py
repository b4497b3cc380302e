"""Whose TLS certificate this machine's programs show to the nodes that demand one. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member, Node
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.spec import Topology


def with_clients(
    departments: Mapping[str, DepartmentPlan], topology: Topology
) -> dict[str, DepartmentPlan]:
    """Return the departments, whose nodes that demand client certificates know whose they are shown.

    Nodes of this machine are shown that of their own organisation's administrator, which they take before they
    have joined a channel, too; nodes of other machines that of a department of this one.
    """
    here = [one.organizations[-1].admin for one in departments.values() if one.place.here]
    other = here[0] if here else None
    return {
        name: _with_client(department, other)
        if topology.demands_client_certificates(name)
        else department
        for name, department in departments.items()
    }


def _with_client(department: DepartmentPlan, other: Member | None) -> DepartmentPlan:
    peers = _shown(department, department, other)
    ordering = department.ordering
    if ordering is not None:
        ordering = replace(ordering, nodes=_shown(department, ordering, other))
    anchors = peers[: len(department.anchor_peers)]
    return replace(department, nodes=peers, anchor_peers=anchors, ordering=ordering)


def _shown(
    department: DepartmentPlan, organization: Organization, other: Member | None
) -> tuple[Node, ...]:
    client = organization.admin if department.place.here else other
    return tuple(replace(node, client=client) for node in organization.nodes)
