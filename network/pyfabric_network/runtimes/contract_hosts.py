"""What each department's contract host is told to serve (see `pyfabric.chaincode.host`)."""

import sys
from collections.abc import Sequence
from typing import Any

from pyfabric_network.topology.plan import DepartmentPlan, Served

HOST_COMMAND = (sys.executable, "-m", "pyfabric.chaincode.host")


def host_services(department: DepartmentPlan, served: Sequence[Served]) -> dict[str, Any]:
    """The line for the host of a department, as an object."""
    member = department.contract_host
    services = [
        {
            "package_id": item.package_id,
            "address": str(department.contract_address(item.slot)),
            "contracts": list(item.classes),
            "tls_certificate": str(member.tls_certificate),
            "tls_key": str(member.tls_key),
            "client_roots": None,
        }
        for item in served
    ]
    operations = {
        "address": str(department.host_operations),
        "tls_certificate": str(member.tls_certificate),
        "tls_key": str(member.tls_key),
        "client_roots": str(member.tls_roots),
    }
    return {"services": services, "operations": operations}


def builder_values(department: DepartmentPlan) -> dict[str, str]:
    """What fills the templates of packages at this department's peers."""
    roots = department.contract_host.tls_roots.read_text(encoding="utf-8")
    return {"root_cert": roots, **department.builder_addresses()}
