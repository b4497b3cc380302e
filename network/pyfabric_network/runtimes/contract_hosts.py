"""What each department's contract host serves, and how it answers (see `pyfabric.chaincode.host`)."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pyfabric_network.topology.contracts import ServedPackage
from pyfabric_network.topology.departments import DepartmentPlan

HOST_COMMAND: Final = (sys.executable, "-m", "pyfabric.chaincode.host")


def host_services(department: DepartmentPlan, served: Sequence[ServedPackage]) -> dict[str, Any]:
    """Return all that the host of a department is to serve, as an object for its file."""
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


def serves(services: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Return the check of a host's answer: that it serves exactly these services."""
    wanted = sorted(item["package_id"] for item in services["services"])
    return lambda answer: sorted(answer.get("serving", ())) == wanted and "serving" in answer


def builder_values(department: DepartmentPlan) -> dict[str, str]:
    """Return what fills the templates of packages at this department's peers."""
    roots = department.contract_host.tls_roots.read_text(encoding="utf-8")
    return {"root_cert": roots, **department.builder_addresses()}
