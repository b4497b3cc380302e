"""`pyfabric chaincode`: packages made, read, installed on a department's peers, and fetched from them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric.errors import ConfigError, PackageError
from pyfabric.local import files
from pyfabric_cli import completion
from pyfabric_cli.acting import Acting
from pyfabric_cli.administrators import administrator, chosen_peers, peer_name
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import Invocation, OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say, waiting

if TYPE_CHECKING:
    from pyfabric.admin.packages import ChaincodePackage

app = plain_app()

Peers = Annotated[
    list[str] | None,
    typer.Option("--peer", help="A peer of the department, by name or address (default: all)."),
]
PackageFile = Annotated[Path, typer.Argument(metavar="FILE", help="The package.")]


@command(app)
def package(
    invocation: OnNetwork,
    label: Annotated[
        str | None, typer.Argument(help="The package's label, such as registry_1.0.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Package the chaincode in this folder.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type",
            help="What is in the folder: node, golang, java, ccaas, or what an external builder of the peers detects.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            help="Package the address (host:port) of a chaincode that runs as a service; it may hold templates of the "
            "peers' builders, as {{.address}}.",
        ),
    ] = None,
    tls_roots: Annotated[
        Path | None,
        typer.Option(
            "--tls-roots",
            help="PEM file of the CA of the service at --address (default: without TLS).",
        ),
    ] = None,
    contract: Annotated[
        str | None,
        typer.Option(
            "--contract",
            help="Package a contract of the topology, which contract hosts serve.",
            autocompletion=completion.contracts,
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: LABEL.tar.gz).")
    ] = None,
) -> None:
    """Make a chaincode package.

    The same content makes the same bytes, and so the same package id, on any machine.
    """
    given = [one for one in (folder, address, contract) if one is not None]
    if len(given) != 1:
        raise ConfigError("say what to package: one of --folder, --address and --contract")
    if contract is not None:
        made = invocation.opened.plan.contract(contract).package
    else:
        made = _made(label, folder, kind, address, tls_roots)
    made.check_installable()
    target = to or Path(f"{made.label}.tar.gz")
    _write(target, made)
    invocation.printer.facts({**_facts(made), "file": str(target)})


@command(app, "package-id")
def package_id(invocation: Invocation, file: PackageFile) -> None:
    """Print a package's id and its files, or why peers would refuse it."""
    read = read_package(file)
    invocation.printer.facts({**_facts(read), "files": list(read.files())})


@command(app, without="channel")
def install(invocation: Acting, file: PackageFile, peers: Peers = None) -> None:
    """Install a package on the department's peers.

    Safe to repeat. A package that peers would refuse is refused before it is sent, with the reason.
    """
    read = read_package(file)
    rows = []
    with administrator(invocation) as party:
        for peer in chosen_peers(party, peers):
            with waiting(f"waiting for {peer_name(peer)}"):
                there = {one.package_id for one in party.admin.installed(peer)}
                found = party.admin.install(peer, read)
            rows.append(
                {"peer": peer_name(peer), "package_id": found, "changed": found not in there}
            )
    invocation.printer.rows(["peer", "package_id", "changed"], rows)


@command(app, without="channel")
def installed(invocation: Acting, peers: Peers = None) -> None:
    """List the packages on the department's peers, with the definitions that use them."""
    with administrator(invocation) as party:
        rows = [
            {
                "peer": peer_name(peer),
                "package_id": one.package_id,
                "label": one.label,
                "used_by": [
                    f"{name} {version} on {channel}" for channel, name, version in one.references
                ],
            }
            for peer in chosen_peers(party, peers)
            for one in party.admin.installed(peer)
        ]
    invocation.printer.rows(["peer", "package_id", "used_by"], rows)


@command(app, "get-package", without="channel")
def get_package(
    invocation: Acting,
    package_id: Annotated[str, typer.Argument(help="The package id, as `installed` shows it.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: LABEL.tar.gz).")
    ] = None,
    peers: Peers = None,
) -> None:
    """Write a package to a file, as it was installed."""
    with administrator(invocation) as party:
        found = party.admin.installed_package(chosen_peers(party, peers)[0], package_id)
    target = to or Path(f"{found.label}.tar.gz")
    _write(target, found)
    invocation.printer.facts({**_facts(found), "file": str(target)})


def _made(
    label: str | None,
    folder: Path | None,
    kind: str | None,
    address: str | None,
    tls_roots: Path | None,
) -> "ChaincodePackage":
    from pyfabric.admin import ChaincodePackage, package_folder

    if label is None:
        raise ConfigError("give the package a label, such as registry_1.0")
    if folder is not None:
        if kind is None:
            raise ConfigError("say with --type what is in the folder: node, golang, java, ccaas, …")
        return package_folder(folder, label=label, kind=kind)
    connection: dict[str, object] = {
        "address": address,
        "dial_timeout": "10s",
        "tls_required": tls_roots is not None,
    }
    if tls_roots is not None:
        connection["root_cert"] = _certificates(tls_roots)
    return ChaincodePackage.build(label, connection)


def _certificates(file: Path) -> str:
    from pyfabric.identity.pem import not_certificates

    content = file.read_bytes()
    if (problem := not_certificates(content)) is not None:
        raise ConfigError(f"{file}: {problem}")
    return content.decode()


def read_package(file: Path) -> "ChaincodePackage":
    """Read a package that peers would install; raises PackageError with the reason why they would not."""
    from pyfabric.admin.packages import ChaincodePackage

    try:
        read = ChaincodePackage.read(file.read_bytes())
        read.check_installable()
    except PackageError as error:
        raise PackageError(f"{file}: peers refuse this package: {error}") from error
    return read


def _write(target: Path, made: "ChaincodePackage") -> None:
    if target.exists():
        if target.read_bytes() == made.data:
            return
        raise ConfigError(
            f"{target} exists already, with another content: name another file with --to"
        )
    files.write_public(target, made.data, error=ConfigError)
    say(f"wrote {target}: {len(made.data)} bytes")


def _facts(made: "ChaincodePackage") -> dict[str, Any]:
    return {"label": made.label, "type": made.type, "package_id": made.package_id}
