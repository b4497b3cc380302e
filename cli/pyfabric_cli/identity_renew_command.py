"""`pyfabric identity renew`: a user's next certificate, before the present one ends."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Authority, Ordering, ProfileFile, network_of, profile_of
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import progress

if TYPE_CHECKING:
    from pyfabric_network.profile import Profile

app = plain_app()


@command(app, without="user channel")
def renew(
    invocation: Acting,
    name: Annotated[
        str | None, typer.Argument(help="A user of the context's department on this machine.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Renew the identity in these files instead: a wallet's file (NAME.id), an MSP folder, or a folder with "
            "cert.pem and key.pem.",
        ),
    ] = None,
    same_key: Annotated[
        bool, typer.Option("--same-key", help="Keep the key (default: a new one is made).")
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Then revoke the former certificate, on all channels.")
    ] = False,
    ca: Authority = None,
    ordering: Ordering = False,
    profile_file: ProfileFile = None,
) -> None:
    """Get the next certificate of somebody, before the present one ends; the former one is kept.

    A user of this machine gets it from the CA server that issued the present one, or from the CA's key as by `pyfabric network
    renew`. With --from, the certificate authority of the context's connection profile issues it by the present certificate, and
    nothing else of the department is needed.
    """
    if (name is None) == (source is None):
        raise ConfigError("give the name of a user of this machine, or --from")
    profile = profile_of(invocation, profile_file)
    if name is not None:
        _renew_user(invocation, profile, name, same_key=same_key, revoke=revoke, ordering=ordering)
        return
    if revoke:
        raise ConfigError(
            "--revoke goes where the department's CA is: `pyfabric identity revoke DEPARTMENT --certificate FILE`, with the "
            "former certificate that this command keeps"
        )
    _renew_files(invocation, profile, source or Path(), ca, same_key=same_key)


def _renew_user(
    invocation: Acting,
    profile: "Profile",
    name: str,
    *,
    same_key: bool,
    revoke: bool,
    ordering: bool,
) -> None:
    from pyfabric_network.identities.holders import find_holder

    from pyfabric_cli.identity_list_command import facts

    network = network_of(invocation, profile)
    organization = network.organization(profile.department, ordering=ordering)
    former = find_holder(organization, name).file.read_bytes()
    with progress(f"renew {name}") as report:
        holder = network.renew_user(organization.msp_id, name, same_key=same_key, report=report)
        if revoke:
            network.revoke(organization.msp_id, [former], report=report)
    invocation.printer.facts(facts(holder, datetime.now(UTC)))


def _renew_files(
    invocation: Acting, profile: "Profile", source: Path, ca: str | None, *, same_key: bool
) -> None:
    from pyfabric_network.identities.forms import (
        check_replaceable,
        read_identity,
        replace_identity,
    )
    from pyfabric_network.identities.reenrolling import reenrolled

    from pyfabric.gateway import CertificateAuthority
    from pyfabric.identity.certificates import load_certificate

    check_replaceable(source, same_key=same_key)
    present = read_identity(source, profile.authority(ca).msp_id)
    with CertificateAuthority.of_profile(profile, ca) as authority:
        made = reenrolled(authority, present, same_key=same_key, now=datetime.now(UTC))
    kept = replace_identity(source, present, made)
    certificate = load_certificate(made.identity.certificate)
    invocation.printer.facts(
        {
            "file": str(source),
            "serial": f"{certificate.serial_number:x}",
            "ends": f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M}",
            "former": str(kept),
        }
    )
