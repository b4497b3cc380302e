"""Flows of the chaincode lifecycle: install on a peer, approve for an organisation, commit.

Questions go to the very peer that is named, and raise PeerResponseError when it refuses; approvals
and commits are transactions through that peer's gateway, done when they are committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2
from google.protobuf.message import Message

from pyfabric.admin.definitions import (
    ApprovedDefinition,
    ChaincodeDefinition,
    CommittedDefinition,
)
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.client.system_chaincodes import ask
from pyfabric.client.timeouts import Timeouts
from pyfabric.client.transactions import SubmitResult, submit
from pyfabric.errors import PeerResponseError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE, invocation

_TIMEOUTS: Final = Timeouts(endorse=60.0, submit=60.0)
"""Approvals of many departments come at once, and each may wait for the orderers longer than a client's transaction does."""

_INSTALLED_ALREADY: Final = "chaincode already successfully installed"

M = TypeVar("M", bound=Message)
A = TypeVar(
    "A",
    lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs,
    lifecycle_pb2.CommitChaincodeDefinitionArgs,
    lifecycle_pb2.CheckCommitReadinessArgs,
)
_Result: TypeAlias = (
    lifecycle_pb2.QueryChaincodeDefinitionsResult.ChaincodeDefinition
    | lifecycle_pb2.QueryChaincodeDefinitionResult
    | lifecycle_pb2.QueryApprovedChaincodeDefinitionResult
)


@dataclass(frozen=True, slots=True)
class InstalledChaincode:
    """A package on a peer; `references` are the (channel, chaincode name, version) that use it."""

    package_id: str
    label: str
    references: tuple[tuple[str, str, str], ...] = ()


def install(peer: Endpoint, admin: SigningIdentity, package: ChaincodePackage) -> Flow[str]:
    """Install a package on the peer and return its id; a package that is installed already is no error."""
    arguments = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=package.data)
    try:
        result = yield from _ask(peer, admin, "", arguments, lifecycle_pb2.InstallChaincodeResult)
    except PeerResponseError as error:
        if _INSTALLED_ALREADY in error.message:
            return package.package_id
        raise
    return result.package_id


def installed(peer: Endpoint, admin: SigningIdentity) -> Flow[tuple[InstalledChaincode, ...]]:
    """Return the packages that are installed on the peer, in the order of their ids."""
    result = yield from _ask(
        peer,
        admin,
        "",
        lifecycle_pb2.QueryInstalledChaincodesArgs(),
        lifecycle_pb2.QueryInstalledChaincodesResult,
    )
    found = [
        InstalledChaincode(
            one.package_id,
            one.label,
            tuple(
                sorted(
                    (channel, chaincode.name, chaincode.version)
                    for channel, references in one.references.items()
                    for chaincode in references.chaincodes
                )
            ),
        )
        for one in result.installed_chaincodes
    ]
    return tuple(sorted(found, key=lambda one: one.package_id))


def installed_package(
    peer: Endpoint, admin: SigningIdentity, package_id: str
) -> Flow[ChaincodePackage]:
    """Return a package as it was installed; raises PeerResponseError if it is not installed."""
    result = yield from _ask(
        peer,
        admin,
        "",
        lifecycle_pb2.GetInstalledChaincodePackageArgs(package_id=package_id),
        lifecycle_pb2.GetInstalledChaincodePackageResult,
    )
    return ChaincodePackage.read(result.chaincode_install_package)


def approve(
    peer: Endpoint,
    admin: SigningIdentity,
    channel: str,
    definition: ChaincodeDefinition,
    package_id: str | None,
) -> Flow[SubmitResult]:
    """Approve a definition for the administrator's organisation.

    Without a package id its peers will not run the chaincode. Raises what a submit raises:
    EndorseError when the definition does not follow the committed one.
    """
    source = lifecycle_pb2.ChaincodeSource(unavailable=lifecycle_pb2.ChaincodeSource.Unavailable())
    if package_id is not None:
        local = lifecycle_pb2.ChaincodeSource.Local(package_id=package_id)
        source = lifecycle_pb2.ChaincodeSource(local_package=local)
    arguments = _fill(
        lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs(source=source), definition
    )
    return (
        yield from submit(
            [peer],
            admin,
            channel,
            LIFECYCLE,
            invocation(arguments),
            endorsing_organizations=[admin.msp_id],
            timeouts=_TIMEOUTS,
        )
    )


def check_commit_readiness(
    peer: Endpoint, admin: SigningIdentity, channel: str, definition: ChaincodeDefinition
) -> Flow[Mapping[str, bool]]:
    """Return for each organisation, by MSP id, whether it has approved exactly this definition."""
    result = yield from _ask(
        peer,
        admin,
        channel,
        _fill(lifecycle_pb2.CheckCommitReadinessArgs(), definition),
        lifecycle_pb2.CheckCommitReadinessResult,
    )
    return dict(sorted(result.approvals.items()))


def unapproved_parts(
    peer: Endpoint, admin: SigningIdentity, channel: str, definition: ChaincodeDefinition
) -> Flow[Mapping[str, tuple[str, ...]]]:
    """Return the parts of a definition that each organisation, by MSP id, has not approved, in Fabric's names.

    Organisations that have approved exactly this definition are left out.
    """
    result = yield from _ask(
        peer,
        admin,
        channel,
        _fill(lifecycle_pb2.CheckCommitReadinessArgs(), definition),
        lifecycle_pb2.CheckCommitReadinessResult,
    )
    return {
        msp_id: tuple(result.mismatches[msp_id].items)
        for msp_id, approved in sorted(result.approvals.items())
        if not approved
    }


def commit(
    peer: Endpoint,
    admin: SigningIdentity,
    channel: str,
    definition: ChaincodeDefinition,
    endorsing_organizations: Sequence[str] = (),
) -> Flow[SubmitResult]:
    """Commit a definition, which is then in force on the channel.

    Without `endorsing_organizations` (MSP ids) the peer chooses them by the channel's
    LifecycleEndorsement policy. Raises what a submit raises.
    """
    arguments = _fill(lifecycle_pb2.CommitChaincodeDefinitionArgs(), definition)
    return (
        yield from submit(
            [peer],
            admin,
            channel,
            LIFECYCLE,
            invocation(arguments),
            endorsing_organizations=endorsing_organizations,
            timeouts=_TIMEOUTS,
        )
    )


def committed(
    peer: Endpoint, identity: SigningIdentity, channel: str
) -> Flow[tuple[ChaincodeDefinition, ...]]:
    """Return the definitions in force on the channel, in the order of their names."""
    result = yield from _ask(
        peer,
        identity,
        channel,
        lifecycle_pb2.QueryChaincodeDefinitionsArgs(),
        lifecycle_pb2.QueryChaincodeDefinitionsResult,
    )
    found = [_definition(one.name, one) for one in result.chaincode_definitions]
    return tuple(sorted(found, key=lambda one: one.name))


def committed_definition(
    peer: Endpoint, identity: SigningIdentity, channel: str, name: str
) -> Flow[CommittedDefinition]:
    """Return the definition of a chaincode; raises PeerResponseError with status 404 if it has none."""
    result = yield from _ask(
        peer,
        identity,
        channel,
        lifecycle_pb2.QueryChaincodeDefinitionArgs(name=name),
        lifecycle_pb2.QueryChaincodeDefinitionResult,
    )
    return CommittedDefinition(_definition(name, result), dict(sorted(result.approvals.items())))


def approved(
    peer: Endpoint, admin: SigningIdentity, channel: str, name: str, sequence: int = 0
) -> Flow[ApprovedDefinition]:
    """Return what the peer's organisation approved at that sequence, or the newest approval for 0."""
    result = yield from _ask(
        peer,
        admin,
        channel,
        lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs(name=name, sequence=sequence),
        lifecycle_pb2.QueryApprovedChaincodeDefinitionResult,
    )
    return ApprovedDefinition(
        _definition(name, result), result.source.local_package.package_id or None
    )


def _ask(
    peer: Endpoint,
    identity: SigningIdentity,
    channel: str,
    arguments: Message,
    result: type[M],
) -> Flow[M]:
    payload = yield from ask(peer, identity, channel, LIFECYCLE, invocation(arguments))
    return decode(result, payload)


def _fill(arguments: A, definition: ChaincodeDefinition) -> A:
    """Fill a definition's parameters into the arguments, and return them."""
    arguments.name = definition.name
    arguments.version = definition.version
    arguments.sequence = definition.sequence
    arguments.endorsement_plugin = definition.endorsement_plugin
    arguments.validation_plugin = definition.validation_plugin
    arguments.validation_parameter = definition.validation_parameter()
    arguments.init_required = definition.init_required
    if definition.collections:
        arguments.collections.CopyFrom(
            decode(collection_pb2.CollectionConfigPackage, definition.collections)
        )
    return arguments


def _definition(name: str, result: _Result) -> ChaincodeDefinition:
    return ChaincodeDefinition(
        name=name,
        version=result.version,
        sequence=result.sequence,
        endorsement_policy=result.validation_parameter,
        collections=result.collections.SerializeToString(),
        init_required=result.init_required,
        endorsement_plugin=result.endorsement_plugin,
        validation_plugin=result.validation_plugin,
    )
