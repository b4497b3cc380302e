"""The configuration that a department's Fabric CA starts with, and its first registrar's password.

It issues with the department's own CA, whose certificate and key are mounted. Keys of the configuration:
docs/source/serverconfig.rst of Hyperledger Fabric CA 1.5.
"""

import secrets
from typing import Final

import yaml

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.yaml_text import load_yaml
from pyfabric_network.topology.nodes import Member

CA_CONFIG: Final = "fabric-ca-server-config.yaml"
CA_CHAIN: Final = "chain.pem"
REGISTRAR: Final = "admin"


def write_ca_server(server: Member, certificate: bytes, root: bytes) -> None:
    """Write the configuration (0600: it holds the password) to the server's folder; one there stays."""
    config = server.folder / CA_CONFIG
    if config.exists():
        return
    chain = certificate if certificate == root else certificate + root
    files.write_public(server.folder / CA_CHAIN, chain, error=NetworkError)
    text = yaml.safe_dump(_config(server.name, secrets.token_urlsafe(24)), sort_keys=False)
    files.write_private(config, text.encode(), error=NetworkError)


def registrar_password(server: Member) -> str:
    """Return the first registrar's password."""
    config = load_yaml((server.folder / CA_CONFIG).read_bytes())
    password: str = config["registry"]["identities"][0]["pass"]
    return password


def _config(name: str, password: str) -> dict[str, object]:
    return {
        "ca": {"name": name},
        "registry": {
            "maxenrollments": -1,
            "identities": [
                {
                    "name": REGISTRAR,
                    "pass": password,
                    "type": "client",
                    "affiliation": "",
                    "attrs": {
                        "hf.Registrar.Roles": "*",
                        "hf.Registrar.DelegateRoles": "*",
                        "hf.Registrar.Attributes": "*",
                        "hf.Revoker": True,
                        "hf.GenCRL": True,
                        "hf.AffiliationMgr": True,
                    },
                }
            ],
        },
        "signing": {"default": {"usage": ["digital signature"], "expiry": "8760h"}},
    }
