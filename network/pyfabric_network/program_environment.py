"""What Fabric's own `peer` and `osnadmin` need to act as a department's administrator."""

import shlex
from collections.abc import Mapping

import yaml

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric_network.runtimes.node_config import SOFTWARE_KEYS
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.plan import Plan


def program_environment(plan: Plan, department: DepartmentPlan) -> dict[str, str]:
    """Return the environment variables, and write the core.yaml that `peer` does not start without.

    The variables that begin with CORE_ and FABRIC_ are Fabric's own; the others are for the options of
    `peer` and `osnadmin`. A department that only orders acts as its orderers' administrator. Raises NetworkError if the department's keys are not on this machine.
    """
    if not department.place.here:
        raise NetworkError(f"the keys of {department.name} are not on this machine")
    folder = plan.root / "client"
    config = yaml.safe_dump({"peer": {"BCCSP": SOFTWARE_KEYS}}, sort_keys=False)
    files.write_public(folder / "core.yaml", config.encode(), error=NetworkError)
    orderer = (*department.orderers, *plan.orderers)[0]
    variables = {
        "FABRIC_CFG_PATH": folder,
        "CORE_PEER_LOCALMSPID": department.organizations[-1].msp_id,
        "CORE_PEER_MSPCONFIGPATH": department.organizations[-1].admin.msp,
        "CORE_PEER_TLS_ENABLED": "true",
        "ORDERER_ADDRESS": orderer.outside,
        "ORDERER_CA": orderer.member.tls_roots,
    }
    for peer in department.peers[:1]:
        variables |= {
            "CORE_PEER_ADDRESS": peer.outside,
            "CORE_PEER_TLS_ROOTCERT_FILE": peer.member.tls_roots,
        }
        if peer.client is not None:
            variables |= {
                "CORE_PEER_TLS_CLIENTAUTHREQUIRED": "true",
                "CORE_PEER_TLS_CLIENTCERT_FILE": peer.client.tls_certificate,
                "CORE_PEER_TLS_CLIENTKEY_FILE": peer.client.tls_key,
            }
    if orderer.client is not None:
        variables |= {
            "ORDERER_CLIENT_CERT": orderer.client.tls_certificate,
            "ORDERER_CLIENT_KEY": orderer.client.tls_key,
        }
    if department.ordering is not None:
        variables |= {
            "OSN_ADMIN_ADDRESS": department.orderers[0].admin,
            "OSN_TLS_CA_ROOT_CERT": department.orderers[0].member.tls_roots,
            "OSN_CLIENT_CERT": department.ordering.admin.tls_certificate,
            "OSN_CLIENT_KEY": department.ordering.admin.tls_key,
            "OSN_MSPID": department.ordering.msp_id,
            "OSN_MSPCONFIGPATH": department.ordering.admin.msp,
        }
    return {name: str(value) for name, value in variables.items()}


def as_shell(variables: Mapping[str, str]) -> str:
    """Return the variables as commands of a shell, to be evaluated."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
