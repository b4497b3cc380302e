"""The arguments that the commands about identities share."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli.acting import Acting

if TYPE_CHECKING:
    from pyfabric_network.network import Network
    from pyfabric_network.profile import Profile


class Form(StrEnum):
    """How an identity is kept in files."""

    WALLET = "wallet"
    MSP = "msp"
    PEM = "pem"


FormOption: TypeAlias = Annotated[
    Form,
    typer.Option(
        "--as",
        help="A wallet of the official SDKs, an MSP folder, or the files cert.pem and key.pem.",
    ),
]
Name: TypeAlias = Annotated[str, typer.Argument(help="A user's short name, or a node's host name.")]
Ordering: TypeAlias = Annotated[
    bool,
    typer.Option("--ordering", help="Of the organisation of the department's orderers."),
]
Attributes: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="An attribute that contracts read; repeatable."),
]
Authority: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--ca", metavar="NAME", help="The CA, if the server has several (default: the first)."
    ),
]
ProfileFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        exists=True,
        dir_okay=False,
        help="The department's connection profile, where there is no context yet.",
    ),
]
SecretTo: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        dir_okay=False,
        help="Write the secret to this file (mode 0600) instead of printing it.",
    ),
]
PKCS11: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--pkcs11",
        metavar="URI",
        help="The PKCS#11 token (HSM) that keeps the key: pkcs11:token=LABEL?module-path=LIBRARY&pin-source=file:PATH "
        "(without pin-source the PIN is asked for).",
    ),
]


def profile_of(invocation: Acting, file: Path | None) -> "Profile":
    """Return the connection profile in a file, or that of the context; raises ConfigError, NetworkError."""
    from pyfabric_network.profile import load_profile

    return invocation.found.load_profile() if file is None else load_profile(file)


def network_of(invocation: Acting, profile: "Profile") -> "Network":
    """Return the network of a profile on this machine; raises NetworkError."""
    from pyfabric_network.network import Network

    settings = invocation.settings
    return Network.open(settings.state, profile.network, programs=settings.programs)


def handed_out(secret: str, to: Path | None) -> Mapping[str, str]:
    """Return what is printed of a secret: itself, or the file that it is written to; raises ConfigError."""
    from pyfabric.local import files

    if to is None:
        return {"secret": secret}
    files.write_private(to, secret.encode(), error=ConfigError)
    return {"secret_file": str(to)}


def pairs(attributes: Sequence[str] | None) -> dict[str, str]:
    """Return the values of attributes by their names; raises ConfigError for one that is not NAME=VALUE."""
    return dict(map(_pair, attributes or ()))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"--attribute {text}: must be a name and a value: NAME=VALUE")
    return name, value
