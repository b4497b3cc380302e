"""crypto-config.yaml of cryptogen: how many peers, orderers and users each organisation has.

Source of its keys: cmd/cryptogen of Fabric 3.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pyfabric_network.importing.source import Source

SECTIONS: Final = ("PeerOrgs", "OrdererOrgs")
_NAMES: Final = "hosts are named after departments: peer0.tax, orderer0.tax"
_MOST_USERS: Final = 1000


@dataclass(frozen=True, slots=True)
class CryptoOrganization:
    """An organisation of cryptogen; `nodes` is the number of its peers or orderers."""

    source: Source
    name: str
    domain: str
    nodes: int
    users: int

    def is_of(self, name: str, msp_id: str, msp_folder: str) -> bool:
        """Return whether it is an organisation of configtx.yaml: its MSP is in this one's folder, or so called."""
        if self.domain and self.domain in msp_folder.replace("\\", "/").split("/"):
            return True
        return self.name in (name, msp_id)


def is_crypto_config(document: Mapping[str, object]) -> bool:
    """Return whether a document looks like a crypto-config.yaml."""
    return any(section in document for section in SECTIONS)


def crypto_organizations(document: Source, section: str) -> list[CryptoOrganization]:
    """Return the organisations of a section; raise ConfigError."""
    return [_organization(one) for one in document.parts(section)]


def _organization(source: Source) -> CryptoOrganization:
    if source.get("EnableNodeOUs") is not True:
        source.leave("EnableNodeOUs", "certificates always have roles")
    template, specs = source.part("Template"), source.parts("Specs")
    for one in (template, *specs):
        one.leave_if_given(_NAMES, "Start", "Hostname", "CommonName", "SANS")
    source.leave_if_given(_NAMES, "Domain")
    users = source.part("Users").number("Count", 0)
    if users > _MOST_USERS:
        source.part("Users").leave("Count", f"the topology has the first {_MOST_USERS}")
    return CryptoOrganization(
        source,
        source.text("Name"),
        source.text("Domain", ""),
        template.number("Count", 0) + len(specs),
        min(users, _MOST_USERS),
    )
