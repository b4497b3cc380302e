"""`_lifecycle`: installing packages, approving and committing chaincode definitions.

Source: core/chaincode/lifecycle/scc.go and lifecycle.go of Fabric 3.1; texts are Fabric's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fabric_protos.peer import proposal_response_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2
from google.protobuf.message import Message

from pyfabric.errors import ContractError, DecodeError
from pyfabric.ledger.system import installing
from pyfabric.ledger.system.calls import NOT_FOUND, SystemCall, failure, success
from pyfabric.ledger.system.states import OrganizationState, PublicState, hashed_state
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import (
    ARGUMENTS,
    LIFECYCLE,
    NAMESPACES,
    approval_name,
    implicit_collection,
    metadata_key,
    metadata_range,
    split_approval_name,
)
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle import inputs
from pyfabric.rules.lifecycle.definitions import (
    Definition,
    approval_mismatches,
    read_approval,
    read_definition,
    read_package_id,
    read_sequence,
    write_approval,
    write_definition,
)
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric.rules.state.private_simulation import PrivateSimulation

NAME = LIFECYCLE
LEGACY = "lscc"


class NotDefinedError(ContractError):
    """The chaincode has no committed definition: answered with status 404."""


def invoke(call: SystemCall) -> proposal_response_pb2.Response:
    """Run one call."""
    count = len(call.arguments)
    if count == 0:
        return failure("lifecycle scc must be invoked with arguments")
    if count != 2:
        return failure(
            f"lifecycle scc operations require exactly two arguments but received {count}"
        )
    name = call.text(0)
    config = None if call.joined is None else call.joined.config
    refusal = call.refusal(f"{LIFECYCLE}/{name}", call.channel_id, config)
    if refusal is not None:
        return failure(f"Failed to authorize invocation due to failed ACL check: {refusal}")
    try:
        return success(_dispatch(name, call).SerializeToString())
    except NotDefinedError as error:
        return failure(str(error), NOT_FOUND)
    except (ContractError, DecodeError) as error:
        return failure(f"failed to invoke backing implementation of '{name}': {error}")


def _dispatch(name: str, call: SystemCall) -> Message:
    run = FUNCTIONS.get(name)
    if run is None:
        raise ContractError(f"receiver *lifecycle.Invocation.{name} does not exist")
    arguments = decode(
        ARGUMENTS[name],
        call.arguments[1],
        ContractError,
        f"could not decode input arg for *lifecycle.Invocation.{name}",
    )
    return run(call, arguments)


@dataclass(frozen=True, slots=True)
class _OnChannel:
    """A call that needs a channel, with what it works on."""

    call: SystemCall
    config: ChannelConfig
    simulation: PrivateSimulation

    @property
    def public(self) -> PublicState:
        return PublicState(self.simulation)

    @property
    def own(self) -> OrganizationState:
        """The collection of this peer's department."""
        return OrganizationState(self.simulation, implicit_collection(self.call.peer.msp_id))


def _on_channel(call: SystemCall, missing: str = "no application config for channel") -> _OnChannel:
    if call.joined is None or call.simulation is None:
        raise ContractError(f"{missing} '{call.channel_id}'")
    return _OnChannel(call, call.joined.config, call.simulation)


def _validated(call: SystemCall, request: Any) -> _OnChannel:
    """Return what a call with a definition works on, once the definition has been checked."""
    try:
        inputs.check_names(request.name, request.version)
        collections = inputs.static_collections(request.collections)
        context = _on_channel(call, "could not get channelconfig for channel")
        inputs.check_collections(collections, context.config.msp_manager)
        committed = read_definition(request.name, context.public)
        if committed is None:
            context.simulation.get_state(LEGACY, request.name)
        else:
            inputs.check_against_committed(collections, committed.collections)
        return context
    except ContractError as error:
        raise ContractError(f"error validating chaincode definition: {error}") from error


def _check_default_policy(context: _OnChannel, request: Any) -> None:
    application = context.config.raw.channel_group.groups["Application"]
    if not request.validation_parameter and "Endorsement" not in application.policies:
        channel_id = context.call.channel_id
        raise ContractError(
            f"could not set defaults for chaincode definition in channel {channel_id}: policy "
            f"'{ENDORSEMENT}' must be defined for channel '{channel_id}' before chaincode "
            "operations can be attempted"
        )


def _approve(
    call: SystemCall, request: lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs
) -> Message:
    context = _validated(call, request)
    current = read_sequence(request.name, context.public)
    inputs.check_sequence(current, request.sequence)
    _check_default_policy(context, request)
    definition = Definition.requested(request)
    package_id = request.source.local_package.package_id
    if request.sequence == current:
        _check_same(context, request.name, definition)
        if _unchanged(context, request.name, definition, package_id):
            raise ContractError(
                f"attempted to redefine the current committed sequence ({current}) for namespace "
                f"{request.name}"
            )
    elif _unchanged(context, request.name, definition, package_id):
        raise ContractError(
            f"attempted to redefine uncommitted sequence ({request.sequence}) for namespace "
            f"{request.name} with unchanged content"
        )
    write_approval(request.name, definition, package_id, context.own)
    return lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgResult()


def _check_same(context: _OnChannel, name: str, passed: Definition) -> None:
    committed = read_definition(name, context.public)
    difference = None if committed is None else committed.difference(passed)
    if difference is not None:
        raise ContractError(
            f"attempted to redefine the current committed sequence ({passed.sequence}) for "
            f"namespace {name} with different parameters: {difference}"
        )


def _unchanged(context: _OnChannel, name: str, passed: Definition, package_id: str) -> bool:
    approved = read_approval(name, passed.sequence, context.own)
    if approved is None or approved.difference(passed) is not None:
        return False
    return read_package_id(name, passed.sequence, context.own) == package_id


def _query_approved(
    call: SystemCall, request: lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs
) -> Message:
    context = _on_channel(call)
    sequence = request.sequence or _latest_sequence(context, request.name)
    approved = read_approval(request.name, sequence, context.own)
    if approved is None:
        raise ContractError(
            f"could not fetch approved chaincode definition (name: '{request.name}', sequence: "
            f"'{sequence}') on channel '{call.channel_id}'"
        )
    result = lifecycle_pb2.QueryApprovedChaincodeDefinitionResult(**approved.described())
    _set_source(result, context, request.name, approved)
    return result


def _latest_sequence(context: _OnChannel, name: str) -> int:
    current = read_sequence(name, context.public)
    following = approval_name(name, current + 1)
    if context.own.get(metadata_key(NAMESPACES, following)) is not None:
        return current + 1
    return current


def _set_source(result: Any, context: _OnChannel, name: str, approved: Definition) -> None:
    package_id = read_package_id(name, approved.sequence, context.own)
    if package_id:
        result.source.local_package.package_id = package_id
    else:
        result.source.unavailable.SetInParent()


def _query_all_approved(
    call: SystemCall, _request: lifecycle_pb2.QueryApprovedChaincodeDefinitionsArgs
) -> Message:
    context = _on_channel(call)
    own = context.own
    start, end = metadata_range(NAMESPACES)
    scan = context.simulation.private_range(LIFECYCLE, own.collection, start, end)
    result = lifecycle_pb2.QueryApprovedChaincodeDefinitionsResult()
    for key, _ in scan:
        name, sequence = split_approval_name(key.removeprefix(start))
        approved = read_approval(name, sequence, own)
        if approved is not None:
            entry = result.approved_chaincode_definitions.add(name=name, **approved.described())
            _set_source(entry, context, name, approved)
    return result


def _approvals(context: _OnChannel, name: str, definition: Definition) -> dict[str, list[str]]:
    """Return for each department the parts of the definition that it did not approve."""
    return {
        msp_id: approval_mismatches(name, definition, hashed_state(context.simulation, msp_id))
        for msp_id in context.config.application_organizations
    }


def _readiness(context: _OnChannel, request: Any) -> tuple[Definition, dict[str, list[str]]]:
    current = read_sequence(request.name, context.public)
    if request.sequence != current + 1:
        raise ContractError(
            f"requested sequence is {request.sequence}, but new definition must be sequence "
            f"{current + 1}"
        )
    _check_default_policy(context, request)
    definition = Definition.requested(request)
    return definition, _approvals(context, request.name, definition)


def _check_readiness(call: SystemCall, request: lifecycle_pb2.CheckCommitReadinessArgs) -> Message:
    _, different = _readiness(_on_channel(call), request)
    result = lifecycle_pb2.CheckCommitReadinessResult()
    for msp_id, items in different.items():
        result.approvals[msp_id] = not items
        if items:
            result.mismatches[msp_id].items.extend(items)
    return result


def _commit(call: SystemCall, request: lifecycle_pb2.CommitChaincodeDefinitionArgs) -> Message:
    context = _validated(call, request)
    msp_id = call.peer.msp_id
    if msp_id not in context.config.application_organizations:
        raise ContractError(
            "impossibly, this peer's org is processing requests for a channel it is not a member of"
        )
    definition, different = _readiness(context, request)
    write_definition(request.name, definition, context.public)
    if different[msp_id]:
        raise ContractError(f"chaincode definition not agreed to by this org ({msp_id})")
    return lifecycle_pb2.CommitChaincodeDefinitionResult()


def _query_definition(
    call: SystemCall, request: lifecycle_pb2.QueryChaincodeDefinitionArgs
) -> Message:
    context = _on_channel(call)
    definition = read_definition(request.name, context.public)
    if definition is None:
        raise NotDefinedError(f"namespace {request.name} is not defined")
    result = lifecycle_pb2.QueryChaincodeDefinitionResult(**definition.described())
    for msp_id, items in _approvals(context, request.name, definition).items():
        result.approvals[msp_id] = not items
    return result


def _query_definitions(
    call: SystemCall, _request: lifecycle_pb2.QueryChaincodeDefinitionsArgs
) -> Message:
    context = _on_channel(call)
    start, end = metadata_range(NAMESPACES)
    scan = context.simulation.range(LIFECYCLE, start, end)
    result = lifecycle_pb2.QueryChaincodeDefinitionsResult()
    for key, _ in scan:
        name = key.removeprefix(start)
        definition = read_definition(name, context.public)
        if definition is not None:
            result.chaincode_definitions.add(name=name, **definition.described())
    return result


FUNCTIONS: Mapping[str, Callable[[SystemCall, Any], Message]] = {
    "InstallChaincode": installing.install,
    "QueryInstalledChaincode": installing.query_installed,
    "QueryInstalledChaincodes": installing.query_all_installed,
    "GetInstalledChaincodePackage": installing.get_package,
    "ApproveChaincodeDefinitionForMyOrg": _approve,
    "QueryApprovedChaincodeDefinition": _query_approved,
    "QueryApprovedChaincodeDefinitions": _query_all_approved,
    "CheckCommitReadiness": _check_readiness,
    "CommitChaincodeDefinition": _commit,
    "QueryChaincodeDefinition": _query_definition,
    "QueryChaincodeDefinitions": _query_definitions,
}
