"""`pyfabric chaincode`: definitions proposed, approved by departments, committed, and changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import options
from pyfabric_cli.acting import Acting
from pyfabric_cli.administrators import channel_lifecycle, peer_name
from pyfabric_cli.commands import command
from pyfabric_cli.document_files import read_document
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, say, waiting, warn
from pyfabric_cli.package_commands import read_package

if TYPE_CHECKING:
    from pyfabric_network.lifecycle import Lifecycle
    from pyfabric_network.parties import Party

    from pyfabric.admin import ChaincodeDefinition, ChaincodePackage, FieldDifference

app = plain_app()

Version = Annotated[
    str | None, typer.Option("--version", help="Its version (default: as it is committed).")
]
Policy = Annotated[
    str | None,
    typer.Option(
        "--policy",
        help="Who must endorse: an expression such as \"OR('TaxMSP.peer', 'LandMSP.peer')\", the path of a policy of the "
        "channel, or an implicit meta rule that one of them has, such as 'MAJORITY Endorsement' "
        "(default: as it is committed; for a new chaincode, /Channel/Application/Endorsement).",
    ),
]
Collections = Annotated[
    Path | None,
    typer.Option(
        "--collections",
        help="YAML or JSON file of all its collections of private data, as Fabric's collections files (default: as they "
        "are committed).",
    ),
]
InitRequired = Annotated[
    bool | None,
    typer.Option(
        "--init-required/--no-init-required",
        help="Whether it takes a first call with --is-init (default: as it is committed).",
    ),
]
DefinitionFile = Annotated[
    Path | None,
    typer.Option(
        "--definition",
        help="The whole definition, from a file that `pyfabric chaincode approved -o json` of another department wrote.",
    ),
]
PackageFile = Annotated[
    Path | None, typer.Option("--package", help="The package that the peers will run.")
]


@command(app)
def approve(
    invocation: Acting,
    name: options.ChaincodeName,
    version: Version = None,
    sequence: Annotated[
        int | None, typer.Option("--sequence", help="Its sequence (default: the next one).")
    ] = None,
    policy: Policy = None,
    collections: Collections = None,
    init_required: InitRequired = None,
    definition: DefinitionFile = None,
    package: PackageFile = None,
    package_id: Annotated[
        str | None, typer.Option("--package-id", help="The same, by its id.")
    ] = None,
    without_package: Annotated[
        bool,
        typer.Option(
            "--without-package", help="Approve only: the department's peers do not run it."
        ),
    ] = False,
) -> None:
    """Approve a definition for the context's department.

    What is not named stays as it is committed. What peers would refuse is refused before anything is sent. Safe to
    repeat.
    """
    changes = _changes(
        collections,
        version=version,
        sequence=sequence,
        endorsement_policy=policy,
        init_required=init_required,
    )
    chosen = _package_id(package, package_id)
    with channel_lifecycle(invocation, others=False) as lifecycle:
        wanted = _proposed(lifecycle, name, changes, definition)
        _check(lifecycle, wanted)
        if chosen is None and not without_package:
            chosen = _package_in_use(lifecycle, lifecycle.party, wanted)
        _tell_differences(_changed(lifecycle, wanted))
        _warn_of_missing_package(lifecycle.party, chosen)
        with waiting("waiting for the approval"):
            changed = lifecycle.approve(lifecycle.party, wanted, chosen)
    invocation.printer.facts(
        {
            "name": name,
            "channel": lifecycle.channel,
            "department": lifecycle.party.department,
            "version": wanted.version,
            "sequence": wanted.sequence,
            "package_id": chosen,
            "changed": changed,
        }
    )


@command(app)
def readiness(
    invocation: Acting, name: options.ChaincodeName, definition: DefinitionFile = None
) -> None:
    """List which departments have approved a definition, and why the others are not ready.

    The definition is the one that the context's department approved last, or the one of a file.
    """
    with channel_lifecycle(invocation) as lifecycle:
        wanted = _approved_or_given(lifecycle, name, definition)
        found = lifecycle.readiness(wanted)
    invocation.printer.rows(["msp_id", "ready", "reason"], found)


@command(app)
def commit(
    invocation: Acting, name: options.ChaincodeName, definition: DefinitionFile = None
) -> None:
    """Commit a definition that enough departments have approved.

    The definition is the one that the context's department approved last, or the one of a file. How many are enough,
    decides the channel's LifecycleEndorsement policy. Safe to repeat.
    """
    with channel_lifecycle(invocation) as lifecycle:
        wanted = _approved_or_given(lifecycle, name, definition)
        with waiting("waiting for the commit"):
            changed = lifecycle.commit(wanted)
    invocation.printer.facts(
        {
            "name": name,
            "channel": lifecycle.channel,
            "version": wanted.version,
            "sequence": wanted.sequence,
            "changed": changed,
        }
    )


@command(app)
def approved(
    invocation: Acting,
    name: options.ChaincodeName,
    sequence: Annotated[
        int, typer.Option("--sequence", help="At this sequence (default: the newest).")
    ] = 0,
) -> None:
    """Print what the context's department approved, with the package that its peers run."""
    from pyfabric.admin.definition_documents import definition_document

    with channel_lifecycle(invocation, others=False) as lifecycle:
        found = lifecycle.approved(lifecycle.party, name, sequence)
    if found is None:
        raise ConfigError(_nothing_approved(lifecycle, name, sequence))
    document = definition_document(found.definition)
    _print_definition(invocation, document, {"package_id": found.package_id})


@command(app)
def committed(invocation: Acting, name: options.ChaincodeName) -> None:
    """Print the definition in force, and which departments approved it."""
    from pyfabric.admin.definition_documents import definition_document

    with channel_lifecycle(invocation, others=False) as lifecycle:
        found = lifecycle.committed(name)
    if found is None:
        raise ConfigError(f"{name} is not defined on {lifecycle.channel}")
    document = definition_document(found.definition)
    _print_definition(invocation, document, {"approvals": found.approvals})


@command(app)
def upgrade(
    invocation: Acting,
    name: options.ChaincodeName,
    version: Version = None,
    policy: Policy = None,
    collections: Collections = None,
    init_required: InitRequired = None,
    package: PackageFile = None,
    yes: options.Yes = False,
) -> None:
    """Change a committed definition: its next sequence, with what is named here.

    Shows what changes, and asks. Every department whose administrator's key is on this machine installs the package, if
    one is given, and approves; once all departments of the channel have approved, the definition is committed.
    """
    changes = _changes(
        collections, version=version, endorsement_policy=policy, init_required=init_required
    )
    new = None if package is None else read_package(package)
    with channel_lifecycle(invocation) as lifecycle:
        if lifecycle.in_force(name) is None:
            raise ConfigError(
                f"{name} is not defined on {lifecycle.channel} yet: `pyfabric chaincode approve` begins it"
            )
        wanted = lifecycle.proposed(name, changes)
        differences = _changed(lifecycle, wanted)
        if not differences and new is None:
            raise ConfigError(
                f"nothing of {name} changes: name what shall, as --policy or --collections"
            )
        _check(lifecycle, wanted)
        _tell_differences(differences)
        departments = ", ".join(one.department for one in lifecycle.parties)
        confirm(
            f"approve sequence {wanted.sequence} of {name} on {lifecycle.channel} for {departments}?",
            yes=yes,
        )
        for party in lifecycle.parties:
            with waiting(f"waiting for {party.department}"):
                _take_part(lifecycle, party, wanted, new)
        found = lifecycle.await_own(wanted)
        if done := all(one.ready for one in found):
            with waiting("waiting for the commit"):
                lifecycle.commit(wanted)
        else:
            absent = ", ".join(one.msp_id for one in found if not one.ready)
            say(
                f"not committed yet: {absent} must approve; then `pyfabric chaincode commit {name}`"
            )
    invocation.printer.record(
        {
            "name": name,
            "channel": lifecycle.channel,
            "version": wanted.version,
            "sequence": wanted.sequence,
            "committed": done,
        },
        changes=(["field", "before", "after"], differences),
        departments=(["msp_id", "ready", "reason"], found),
    )


def _take_part(
    lifecycle: "Lifecycle",
    party: "Party",
    wanted: "ChaincodeDefinition",
    new: "ChaincodePackage | None",
) -> None:
    """Install the new package for a department, and approve with it, or with the one that it runs."""
    if new is None:
        package_id = _package_in_use(lifecycle, party, wanted)
    else:
        package_id = new.package_id
        for peer in party.peers:
            party.admin.install(peer, new)
    lifecycle.approve(party, wanted, package_id)


def _changes(collections: Path | None, **others: object) -> dict[str, Any]:
    """Return the fields of a definition that options name, the collections read from their file."""
    read = None if collections is None else _collections(collections)
    fields = {**others, "collections": read}
    return {field: value for field, value in fields.items() if value is not None}


def _collections(file: Path) -> bytes:
    from pyfabric.admin.collections import collection_package, read_collections

    try:
        return collection_package(read_collections(read_document(file)))
    except ConfigError as error:
        raise ConfigError(str(error) if str(file) in str(error) else f"{file}: {error}") from error


def _proposed(
    lifecycle: "Lifecycle", name: str, changes: dict[str, Any], file: Path | None
) -> "ChaincodeDefinition":
    if file is None:
        return lifecycle.proposed(name, changes)
    if changes:
        raise ConfigError(
            "--definition is the whole definition: leave out the options for its fields"
        )
    return _read_definition(file, name)


def _approved_or_given(
    lifecycle: "Lifecycle", name: str, file: Path | None
) -> "ChaincodeDefinition":
    if file is not None:
        return _read_definition(file, name)
    found = lifecycle.approved(lifecycle.party, name)
    if found is None:
        raise ConfigError(_nothing_approved(lifecycle, name, 0))
    return found.definition


def _nothing_approved(lifecycle: "Lifecycle", name: str, sequence: int) -> str:
    which = f"sequence {sequence} of {name}" if sequence else name
    return f"{lifecycle.party.department} has not approved {which} on {lifecycle.channel}"


def _read_definition(file: Path, name: str) -> "ChaincodeDefinition":
    from pyfabric.admin.definition_documents import read_definition

    document = read_document(file)
    if isinstance(document, dict):
        for member in ("package_id", "approvals"):  # a department's own, beside what all share
            document.pop(member, None)
    try:
        found = read_definition(document)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error
    if found.name != name:
        raise ConfigError(f"{file} is the definition of {found.name}, not of {name}")
    return found


def _package_id(file: Path | None, given: str | None) -> str | None:
    if file is not None and given is not None:
        raise ConfigError("give either --package or --package-id")
    return given if file is None else read_package(file).package_id


def _package_in_use(
    lifecycle: "Lifecycle", party: "Party", wanted: "ChaincodeDefinition"
) -> str | None:
    """Return the package that a department runs for this version; ConfigError if there is none yet."""
    found = lifecycle.last_approved(party, wanted.name)
    if found is None or found.definition.version != wanted.version:
        raise ConfigError(
            f"{party.department} runs no package for version {wanted.version} of {wanted.name} yet: name one with "
            "--package"
        )
    return found.package_id


def _check(lifecycle: "Lifecycle", wanted: "ChaincodeDefinition") -> None:
    """Raise ConfigError for a definition that peers refuse, and warn of what will not work."""
    findings = lifecycle.check(wanted)
    refusals = [one.message for one in findings if one.refused]
    if refusals:
        raise ConfigError(f"peers refuse this definition of {wanted.name}: {'; '.join(refusals)}")
    warn(one.message for one in findings)


def _changed(
    lifecycle: "Lifecycle", wanted: "ChaincodeDefinition"
) -> "tuple[FieldDifference, ...]":
    from pyfabric.admin import definition_differences

    present = lifecycle.in_force(wanted.name)
    return () if present is None else definition_differences(present, wanted)


def _tell_differences(differences: "Sequence[FieldDifference]") -> None:
    from pyfabric.admin.definition_fields import show_value

    for one in differences:
        say(f"{one.field}: {show_value(one.before)} becomes {show_value(one.after)}")


def _warn_of_missing_package(party: "Party", package_id: str | None) -> None:
    """Warn of the department's peers that do not have the package yet: they do not run the chaincode."""
    if package_id is None:
        say(f"warning: without a package, the peers of {party.department} do not run it")
        return
    warn(
        f"{peer_name(peer)} does not have {package_id} yet: `pyfabric chaincode install`"
        for peer in party.peers
        if all(one.package_id != package_id for one in party.admin.installed(peer))
    )


def _print_definition(
    invocation: Invocation, document: dict[str, Any], facts: dict[str, Any]
) -> None:
    collections = document.pop("collections")
    invocation.printer.record(
        {**document, **facts},
        collections=(
            ["name", "policy", "requiredPeerCount", "maxPeerCount", "blockToLive"],
            collections,
        ),
    )
