"""What each department's contract host serves, and how it answers (see `pyfabric.chaincode.host`)."""

import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pyfabric_network.state_folder import TICKER
from pyfabric_network.topology.contracts import ServedPackage
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.spec import ContractProcess
from pyfabric_network.topology.values import octets

HOST_COMMAND: Final = (sys.executable, "-P", "-m", "pyfabric.chaincode.host")


def host_services(
    department: DepartmentPlan,
    served: Sequence[ServedPackage],
    *,
    inside: DepartmentPlan | None = None,
    user: str | None = None,
) -> dict[str, Any]:
    """Return all that the host of a department is to serve, as an object for its file.

    `inside` is the department as the host sees it, if that is in a container; `user` is whose rights
    contracts have, None for the host's own.
    """
    seen = inside or department
    member, own = seen.contract_host, department.contract_host
    tls = {
        "tls_certificate": str(member.tls_certificate),
        "tls_key": str(member.tls_key),
    }
    clients = _client_certificates(department.contract_client)
    services = [
        {
            "package_id": item.package_id,
            "address": str(seen.contract_address(item.slot)),
            "contracts": list(item.classes),
            "digest": item.code,
            **tls,
            "tls_digest": _digest(own.tls_certificate),
            "client_certificates": clients,
            "msp_id": department.msp_id,
            **_limits(item.process),
            "user": user,
        }
        for item in served
    ]
    operations = {
        "address": str(seen.host_operations),
        **tls,
        "tls_digest": _digest(own.tls_certificate, own.tls_roots),
        "client_roots": str(member.tls_roots),
    }
    return {
        "services": services,
        "operations": operations,
        "programs": [_ticker(department, seen)] if department.ticked else [],
    }


def _ticker(department: DepartmentPlan, seen: DepartmentPlan) -> dict[str, Any]:
    """Return the program that ticks the clocks of a department's channels, as its host sees its files and peers."""
    user = seen.users[TICKER]
    peers = [
        {
            "address": str(peer.outside if seen is department else peer.inside),
            "name": peer.name,
            "tls_roots": str(user.tls_roots),
            "client_certificate": str(user.tls_certificate) if peer.client else None,
            "client_key": str(user.tls_key) if peer.client else None,
        }
        for peer in department.peers
    ]
    settings = {
        "msp_id": department.msp_id,
        "msp": str(user.msp),
        "peers": peers,
        "channels": [
            {
                "channel": one.channel,
                "chaincode": one.contract,
                "place": one.place,
                "departments": one.departments,
            }
            for one in department.ticked
        ],
        "digest": _digest(department.users[TICKER].certificate, department.users[TICKER].tls_roots),
    }
    return {"name": TICKER, "module": "pyfabric_network.ticker", "settings": settings}


def _limits(process: ContractProcess) -> dict[str, Any]:
    memory = None if process.memory is None else octets(process.memory)
    return {"transactions": process.transactions, "memory": memory, "nice": process.nice}


def serves(services: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Return the check of a host's answer: that it is about exactly these services.

    It serves them, or names why one is down.
    """
    wanted = sorted(item["package_id"] for item in services["services"])
    return lambda answer: (
        "serving" in answer and sorted([*answer["serving"], *answer.get("down", ())]) == wanted
    )


def builder_values(department: DepartmentPlan) -> dict[str, str]:
    """Return what fills the templates of packages at this department's peers: a key is among it."""
    client = department.contract_client
    files = {
        "root_cert": department.contract_host.tls_roots,
        "client_cert": client.tls_certificate,
        "client_key": client.tls_key,
    }
    texts = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    return texts | department.builder_addresses()


def can_fill(department: DepartmentPlan) -> bool:
    """Return whether there is all that `builder_values` and `host_services` read; what was deleted, `up` makes again."""
    client, host = department.contract_client, department.contract_host
    files = [host.tls_roots, host.tls_certificate, client.tls_certificate, client.tls_key]
    if department.ticked:
        ticker = department.users[TICKER]
        files += [ticker.certificate, ticker.tls_roots]
    return all(file.exists() for file in files)


def former_client(client: Member) -> Path:
    """Return the file with the certificate that a department's peers showed before, while hosts still take it."""
    return client.tls / "former.crt"


def _client_certificates(client: Member) -> str:
    """Return the certificates of clients that a contract host takes."""
    found = (client.tls_certificate, former_client(client))
    return "".join(file.read_text(encoding="utf-8") for file in found if file.exists())


def _digest(*files: Path) -> str:
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
