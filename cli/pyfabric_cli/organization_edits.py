"""Commands that edit the organisations of a channel, and what others know of them."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from pyfabric.admin import channels
from pyfabric.errors import IdentityError
from pyfabric_cli.edit_commands import edit_command
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from pyfabric.admin import AnchorPeer
    from pyfabric.admin.channels import Edit

app = plain_app()

Organization: TypeAlias = Annotated[
    str, typer.Argument(metavar="ORGANIZATION", help="An MSP id, or the name of its group.")
]


class Section(StrEnum):
    """What an organisation does on a channel."""

    APPLICATION = "application"
    ORDERER = "orderer"


class Part(StrEnum):
    """A part of an MSP's definition."""

    ROOTS = "roots"
    INTERMEDIATES = "intermediates"
    ADMINS = "admins"
    TLS_ROOTS = "tls-roots"
    TLS_INTERMEDIATES = "tls-intermediates"


SectionOption: TypeAlias = Annotated[
    Section, typer.Option(help="As a member, or as one that runs orderers.")
]
Source: TypeAlias = Annotated[
    Path,
    typer.Argument(
        help="A department's public definition, an MSP folder (with --msp-id), or what "
        "`configtxgen -printOrg` prints."
    ),
]
MSPId: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID", help="The MSP id of a folder, which does not name it.")
]
Addresses: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[HOST:PORT...]", help="All of them; none removes the value."),
]
Certificates: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Files with PEM certificates.")
]
Lists: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Revocation lists, PEM or DER.")
]
MSPPart: TypeAlias = Annotated[Part, typer.Option("--part", help="What the certificates are.")]


@edit_command(app, "add-organization")
def add_organization(
    source: Source,
    section: SectionOption = Section.APPLICATION,
    name: Annotated[
        str | None, typer.Option(help="The name of its group (default: its MSP id).")
    ] = None,
    msp_id: MSPId = None,
    anchors: Annotated[
        list[str] | None,
        typer.Option("--anchor", metavar="HOST:PORT", help="An anchor peer of it."),
    ] = None,
    endpoints: Annotated[
        list[str] | None,
        typer.Option("--endpoint", metavar="HOST:PORT", help="Where an orderer of it is reached."),
    ] = None,
) -> "Edit":
    """Add an organisation, with the usual policies where its source has none.

    Its peers join, and its approval of chaincodes follows, as `channel add-member` does it in one.
    """
    from dataclasses import replace

    from pyfabric_cli.organization_sources import find_organization

    found = find_organization(source, section.value, name=name, msp_id=msp_id)
    if anchors:
        found = replace(found, anchor_peers=tuple(map(_anchor, anchors)))
    if endpoints:
        found = replace(found, endpoints=tuple(endpoints))
    return channels.AddOrganization(section.value, found)


@edit_command(app, "remove-organization")
def remove_organization(
    organization: Organization, section: SectionOption = Section.APPLICATION
) -> "Edit":
    """Remove an organisation from the members, or from those that run orderers."""
    return channels.RemoveOrganization(section.value, organization)


@edit_command(app, "set-msp")
def set_msp(
    organization: Organization,
    source: Source,
    section: Annotated[
        Section, typer.Option(help="Of a public definition: the MSP of its peers, or its orderers.")
    ] = Section.APPLICATION,
    msp_id: MSPId = None,
) -> "Edit":
    """Replace the whole definition of an organisation's MSP."""
    from pyfabric_cli.organization_sources import find_msp

    return channels.SetMSP(organization, find_msp(source, section.value, msp_id))


@edit_command(app, "add-certificate")
def add_certificate(
    organization: Organization, files: Certificates, part: MSPPart = Part.ROOTS
) -> "Edit":
    """Add certificates to an MSP, such as a second root before the first one ends."""
    return channels.AddToMSP(organization, part.value, _items(files))


@edit_command(app, "remove-certificate")
def remove_certificate(
    organization: Organization, files: Certificates, part: MSPPart = Part.ROOTS
) -> "Edit":
    """Remove certificates from an MSP: what they issued is no longer accepted."""
    return channels.RemoveFromMSP(organization, part.value, _items(files))


@edit_command(app, "add-crl")
def add_crl(organization: Organization, files: Lists) -> "Edit":
    """Add lists of revoked certificates to an MSP, beside the ones that it has."""
    return channels.AddToMSP(organization, "crls", _lists(files))


@edit_command(app, "remove-crl")
def remove_crl(organization: Organization, files: Lists) -> "Edit":
    """Remove lists of revoked certificates from an MSP."""
    return channels.RemoveFromMSP(organization, "crls", _lists(files))


@edit_command(app, "set-crl")
def set_crl(
    organization: Organization,
    file: Annotated[
        Path,
        typer.Argument(
            help="The new list of all that a CA revoked, PEM or DER; in PEM also of several CAs."
        ),
    ],
) -> "Sequence[Edit]":
    """Replace the lists of one CA of an MSP by a new one, which must hold all that they held."""
    return [channels.SetRevocationList(organization, one) for one in _lists([file])]


@edit_command(app, "set-anchors")
def set_anchors(organization: Organization, peers: Addresses = None) -> "Edit":
    """Set the anchor peers of a member."""
    return channels.SetAnchorPeers(organization, tuple(map(_anchor, peers or ())))


@edit_command(app, "set-endpoints")
def set_endpoints(organization: Organization, addresses: Addresses = None) -> "Edit":
    """Set where the orderers of an organisation are reached."""
    return channels.SetEndpoints(organization, tuple(addresses or ()))


@edit_command(app, "set-orderer-addresses")
def set_orderer_addresses(addresses: Addresses = None) -> "Edit":
    """Set addresses of orderers for the whole channel, which V3_0 forbids."""
    return channels.SetOrdererAddresses(tuple(addresses or ()))


def _anchor(text: str) -> "AnchorPeer":
    from pyfabric.admin import AnchorPeer
    from pyfabric.messages.addresses import Address

    address = Address.parse(text)
    return AnchorPeer(address.host, address.port)


def _items(files: Iterable[Path]) -> tuple[bytes, ...]:
    """Return what files hold, each PEM block by itself: Fabric reads the first of an item, and no other."""
    from pyfabric.identity import pem

    contents = [one.read_bytes() for one in files]
    return tuple(item for one in contents for item in pem.split(one) or [one])


def _lists(files: Iterable[Path]) -> tuple[bytes, ...]:
    """Return the revocation lists of files as PEM, which configurations hold."""
    from pyfabric.identity import pem
    from pyfabric.identity.revocation import read_revocation_list

    found = []
    for file in files:
        for item in _items([file]):
            try:
                read_revocation_list(item)
            except IdentityError as error:
                raise IdentityError(f"{file}: {error}") from error
            found.append(item if pem.find(item) is not None else pem.encode("X509 CRL", item))
    return tuple(found)
