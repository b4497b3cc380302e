"""What a department's CA server starts with: the chains of its CAs, the secret of the first registrar, its configurations.

The secret is made once, at random, in a file of mode 0600; it counts where a CA has no registry yet. Keys of the
configurations: docs/source/serverconfig.rst of Hyperledger Fabric CA 1.5.
"""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.messages.addresses import Address
from pyfabric_network.topology.ca_servers import CAServer, ServedCA

CA_CONFIG: Final = "fabric-ca-server-config.yaml"
REGISTRAR: Final = "admin"
"""The name of the first registrar."""

_SECRET_BYTES: Final = 24
_REGISTRY: Final = "fabric-ca-server.db"
_TLS_USAGES: Final = ("signing", "key encipherment", "server auth", "client auth", "key agreement")
_RIGHTS: Final[Mapping[str, object]] = {
    "hf.Registrar.Roles": "*",
    "hf.Registrar.DelegateRoles": "*",
    "hf.Registrar.Attributes": "*",
    "hf.Revoker": True,
    "hf.GenCRL": True,
    "hf.AffiliationMgr": True,
}


def write_ca_server(server: CAServer) -> None:
    """Write the chains of intermediate CAs, and the registrar's secret if there is none yet."""
    if not server.registrar_secret.exists():
        secret = secrets.token_urlsafe(_SECRET_BYTES).encode()
        files.write_private(server.registrar_secret, secret, error=NetworkError)
    for ca in server.served:
        if ca.root is not None:
            chain = ca.certificate.read_bytes() + (ca.root / "ca.pem").read_bytes()
            if not ca.chain.exists() or ca.chain.read_bytes() != chain:
                files.write_public(ca.chain, chain, error=NetworkError)


def registrar_secret(server: CAServer) -> str:
    """Return the first registrar's secret; raises NetworkError if its file is lost."""
    try:
        return server.registrar_secret.read_text(encoding="ascii").strip()
    except OSError as error:
        raise NetworkError(
            f"{error.filename}: {error.strerror}: `pyfabric network up` makes another, for CAs without a registry"
        ) from error


def certificates_digest(server: CAServer) -> str:
    """Return a digest of the certificates that a server reads when it starts: with others it must start again."""
    member = server.member
    served = [file for ca in server.served for file in (ca.certificate, ca.chain)]
    found = [one for one in (member.tls_certificate, member.tls_roots, *served) if one.exists()]
    return sha256(b"".join(one.read_bytes() for one in found)).hexdigest()


def server_configs(
    server: CAServer, *, listen: Address, operations: Address, inside: Path, member: Path
) -> dict[str, str]:
    """Return the configurations of `fabric-ca-server`, by their paths below its home.

    The server sees the folder of the department as `inside`, and that of the server as `member`. The first one is the
    server's own and that of its first CA; each other CA has a folder for what it remembers.
    """
    first, *others = server.served
    own = {
        **_ca(server, first, inside, member),
        "address": listen.host,
        "port": listen.port,
        "cafiles": [f"{ca.name}/{CA_CONFIG}" for ca in others],
        "tls": {
            "enabled": True,
            "certfile": str(member / "tls" / "server.crt"),
            "keyfile": str(member / "tls" / "server.key"),
        },
        "operations": {
            "listenAddress": str(operations),
            "tls": {
                "enabled": True,
                "cert": {"file": str(member / "tls" / "server.crt")},
                "key": {"file": str(member / "tls" / "server.key")},
                # Its own name, clientRootCAs, is read by nothing (lib/server/operations/tls.go).
                "clientcacertfiles": [str(member / "tls" / "ca.crt")],
            },
        },
        "metrics": {"provider": "prometheus"},
    }
    found = {f"{ca.name}/{CA_CONFIG}": _ca(server, ca, inside, member) for ca in others}
    return {
        name: yaml.safe_dump(config, sort_keys=False)
        for name, config in {CA_CONFIG: own, **found}.items()
    }


def _ca(server: CAServer, ca: ServedCA, inside: Path, member: Path) -> dict[str, Any]:
    usages = list(_TLS_USAGES) if ca.tls else ["digital signature"]
    above = server.member.folder.parent
    return {
        "ca": {
            "name": ca.name,
            "certfile": str(inside / ca.certificate.relative_to(above)),
            "keyfile": str(inside / ca.key.relative_to(above)),
            "chainfile": str(_chain(ca, above, inside, member, server)),
        },
        "db": {"type": "sqlite3", "datasource": _REGISTRY},
        "registry": {
            "maxenrollments": -1,
            "identities": [
                {
                    "name": REGISTRAR,
                    "pass": registrar_secret(server),
                    "type": "client",
                    "affiliation": "",
                    "attrs": dict(_RIGHTS),
                }
            ],
        },
        "cfg": {
            "identities": {"allowremove": True, "passwordattempts": 10},
            "affiliations": {"allowremove": True},
        },
        "crl": {"expiry": "24h"},
        "signing": {
            "default": {"usage": usages, "expiry": "8760h"},
            "profiles": {
                "ca": {
                    "usage": ["cert sign", "crl sign"],
                    "expiry": "43800h",
                    "caconstraint": {"isca": True, "maxpathlen": 0},
                },
                "tls": {"usage": list(_TLS_USAGES), "expiry": "8760h"},
            },
        },
    }


def _chain(ca: ServedCA, above: Path, inside: Path, member: Path, server: CAServer) -> Path:
    if ca.root is None:
        return inside / ca.certificate.relative_to(above)
    return member / ca.chain.relative_to(server.member.folder)
