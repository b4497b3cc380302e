"""Which updates bring a channel's configuration from one topology to another. Pure.

What the topologies have in common stays as departments have it now, also where they have changed it themselves.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeAlias

from fabric_protos.common import configuration_pb2 as common_configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.peer import configuration_pb2

from pyfabric.admin.channels import (
    AddConsenter,
    AddOrganization,
    Edit,
    RemoveACLs,
    RemoveConsenter,
    RemoveOrganization,
    RemovePolicy,
    SetACLs,
    SetAnchorPeers,
    SetBatch,
    SetCapabilities,
    SetConsensusOptions,
    SetEndpoints,
    SetPolicy,
    differences,
)
from pyfabric.admin.config.edits.draft import Draft, Section
from pyfabric.admin.config.model import (
    ApplicationModel,
    BFTModel,
    ChannelModel,
    ConsenterModel,
    OrdererModel,
    RaftModel,
)
from pyfabric.admin.config.values import get_value
from pyfabric.errors import ConfigError
from pyfabric.messages.addresses import Address, join
from pyfabric.messages.config_values import ORDERER, GroupValues
from pyfabric.messages.consensus import BFT, RAFT
from pyfabric.rules.configuration.parts import read_consenters
from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME
from pyfabric.rules.policies.usual import orderer_policies

Consensus: TypeAlias = RaftModel | BFTModel

_TYPES: Final[Mapping[type[Consensus], str]] = {RaftModel: RAFT, BFTModel: BFT}
_ORDERER: Final = "/Channel/Orderer"
_APPLICATION: Final = "/Channel/Application"
_DISCARD_PORT: Final = 9
"""Of a service (RFC 863) that machines do not run."""
_BATCH: Final = {
    "max_message_count": "max_message_count",
    "absolute_max_bytes": "absolute_max_bytes",
    "preferred_max_bytes": "preferred_max_bytes",
    "batch_timeout": "timeout",
}


@dataclass(frozen=True, slots=True)
class Update:
    """The edits of one configuration update.

    `joins` is the address (host:port) of an orderer that must follow the channel already, `serves` of one that must be a
    consenter by now, and `leaves` of one that is not afterwards. `removes`: a member or an orderer is taken out.
    """

    edits: tuple[Edit, ...]
    joins: str | None = None
    serves: str | None = None
    leaves: str | None = None
    removes: bool = False


def updates_towards(
    before: ChannelModel, after: ChannelModel, present: bytes
) -> tuple[Update, ...]:
    """Return the updates, in their order, that bring a configuration from one topology to another.

    `present` (bytes of common.Config) may have some of them already, since a command was interrupted or departments
    have made them. Orderers come one by one before others go, since Raft changes one consenter at a time; who is taken
    out goes last. Raises ConfigError for another consensus type: that is a procedure of its own.
    """
    found, draft = [], Draft.read(present)
    if type(before.orderer.consensus) is not type(after.orderer.consensus):
        if _consensus_type(draft) != _TYPES[type(after.orderer.consensus)]:
            raise ConfigError(
                "another consensus type is not an update: `pyfabric channel move-to-bft` moves all channels"
            )
        before = replace(before, orderer=replace(before.orderer, consensus=after.orderer.consensus))
    for update in _all(before, after, draft):
        needed = tuple(edit for edit in update.edits if changes(draft, edit))
        for edit in needed:
            edit.apply(draft)
        if needed:
            found.append(replace(update, edits=needed))
    return tuple(found)


def changes(draft: Draft, edit: Edit) -> bool:
    """Return whether an edit still changes a draft: it may have been made already."""
    match edit:
        case AddOrganization():
            return edit.organization.name not in draft.section(edit.section).groups
        case RemoveOrganization():
            return edit.organization in draft.section(edit.section).groups
        case AddConsenter():
            return _address(edit.consenter) not in consenter_addresses(draft)
        case RemoveConsenter():
            return edit.address in consenter_addresses(draft)
        case RemovePolicy():
            group, name = draft.element(edit.path)
            return name in group.policies
        case RemoveACLs():
            acls = get_value(draft.section("application"), "ACLs", configuration_pb2.ACLs).acls
            return any(resource in acls for resource in edit.resources)
        case _:
            before = draft.config.SerializeToString(deterministic=True)
            changed = Draft.read(before)
            edit.apply(changed)
            return bool(differences(before, changed.config.SerializeToString(deterministic=True)))


def _consensus_type(draft: Draft) -> str:
    orderer = draft.section("orderer")
    return get_value(orderer, "ConsensusType", orderer_configuration_pb2.ConsensusType).type


def consenter_addresses(draft: Draft) -> tuple[str, ...]:
    """Return the addresses (host:port) of a channel's consenters."""
    found = read_consenters(GroupValues(draft.section("orderer"), ORDERER))
    return tuple(join(one.host, one.port) for one in found)


def _all(before: ChannelModel, after: ChannelModel, draft: Draft) -> Iterator[Update]:
    """Yield every update between two models, in order; `draft` has the changes of those before it."""
    yield Update((*_settings(before, after), *_newcomers(before, after, draft)))
    yield from _consenters_changed(before.orderer, after.orderer, draft)
    yield Update(tuple(_leavers(before, after)), removes=True)
    yield Update(tuple(_removed_settings(before, after)))


def _settings(before: ChannelModel, after: ChannelModel) -> Iterator[Edit]:
    """Yield the edits of what is neither a member nor an orderer."""
    if before.capabilities != after.capabilities:
        yield SetCapabilities("channel", after.capabilities)
    limits = {
        field: getattr(after.orderer, name)
        for name, field in _BATCH.items()
        if getattr(before.orderer, name) != getattr(after.orderer, name)
    }
    if limits:
        yield SetBatch(**limits)
    options = _options(before.orderer.consensus, after.orderer.consensus)
    if options:
        yield SetConsensusOptions(options)
    old, new = before.application, after.application
    for name, rule in new.policies.items():
        if old.policies.get(name) != rule:
            yield SetPolicy(f"{_APPLICATION}/{name}", rule)
    acls = {name: one for name, one in new.acls.items() if old.acls.get(name) != one}
    if acls:
        yield SetACLs(acls)


def _removed_settings(before: ChannelModel, after: ChannelModel) -> Iterator[Edit]:
    """Yield the edits that take policies and ACLs out, of which nothing may make use any more."""
    old, new = before.application, after.application
    for resource in old.acls:
        if resource not in new.acls:
            yield RemoveACLs((resource,))
    for name in old.policies:
        if name not in new.policies:
            yield RemovePolicy(f"{_APPLICATION}/{name}")


def _newcomers(before: ChannelModel, after: ChannelModel, draft: Draft) -> Iterator[Edit]:
    """Yield the edits of new members, of others' anchor peers, and of orderers' new organisations.

    On a Raft channel, BlockValidation names the organisations whose orderers sign blocks: those that come and those that
    go are in it until they are gone.
    """
    members = {one.name: one for one in before.application.organizations}
    for one in after.application.organizations:
        if one.name not in members:
            yield AddOrganization("application", one)
        elif one.anchor_peers != members[one.name].anchor_peers:
            yield SetAnchorPeers(one.name, one.anchor_peers)
    operators = {one.name: one for one in before.orderer.organizations}
    added = [one for one in after.orderer.organizations if one.name not in operators]
    for one in added:
        yield AddOrganization("orderer", replace(one, endpoints=(nowhere(one.endpoints[0]),)))
    wanted = [one.name for one in after.orderer.organizations]
    going = [name for name in operators if name not in wanted]
    if (added or going) and isinstance(after.orderer.consensus, RaftModel):
        present = draft.section("orderer").groups
        yield _block_validation([*wanted, *(name for name in going if name in present)])


def _leavers(before: ChannelModel, after: ChannelModel) -> Iterator[Edit]:
    """Yield the edits that take members and orderers' organisations out."""
    yield from _organizations_gone("application", before.application, after.application)
    gone = tuple(_organizations_gone("orderer", before.orderer, after.orderer))
    yield from gone
    if gone and isinstance(after.orderer.consensus, RaftModel):
        yield _block_validation([one.name for one in after.orderer.organizations])


def _organizations_gone(
    section: Section,
    before: ApplicationModel | OrdererModel,
    after: ApplicationModel | OrdererModel,
) -> Iterator[Edit]:
    kept = {one.name for one in after.organizations}
    for one in before.organizations:
        if one.name not in kept:
            yield RemoveOrganization(section, one.name)


def _block_validation(msp_ids: Sequence[str]) -> SetPolicy:
    rule = orderer_policies(msp_ids)[BLOCK_VALIDATION_NAME]
    return SetPolicy(f"{_ORDERER}/{BLOCK_VALIDATION_NAME}", rule)


def _consenters_changed(old: OrdererModel, new: OrdererModel, draft: Draft) -> Iterator[Update]:
    """Yield the updates of consenters.

    Clients are sent to an orderer only while it is a consenter: any other refuses their transactions, and
    gateways do not try another one then.
    """
    operators = {
        address: one.name
        for one in (*old.organizations, *new.organizations)
        for address in one.endpoints
    }
    for address, consenter in _missing(_consenters(new), _consenters(old)).items():
        yield Update((AddConsenter(replace(consenter, number=0)),), joins=address)
        edit = with_endpoint(draft, operators[address], address)
        yield Update((edit,), serves=address)
    for address in _missing(_consenters(old), _consenters(new)):
        yield Update(without_endpoint(draft, operators[address], address), removes=True)
        yield Update((RemoveConsenter(address),), leaves=address, removes=True)


def with_endpoint(draft: Draft, organization: str, address: str) -> SetEndpoints:
    """Return the edit that sends clients to an orderer too."""
    present = tuple(one for one in _endpoints(draft, organization) if one != nowhere(one))
    return SetEndpoints(organization, present if address in present else (*present, address))


def without_endpoint(draft: Draft, organization: str, address: str) -> tuple[SetEndpoints, ...]:
    """Return the edit that sends clients to an orderer no more; none if its organisation is gone already."""
    present = _endpoints(draft, organization)
    if address not in present:
        return ()
    rest = tuple(one for one in present if one != address)
    return (SetEndpoints(organization, rest or (nowhere(address),)),)


def nowhere(address: str) -> str:
    """Return the endpoint of an organisation that has no consenter: V3_0 demands one, and nothing listens there."""
    return join(Address.parse(address).host, _DISCARD_PORT)


def is_somewhere(draft: Draft, *, besides: str) -> bool:
    """Return whether clients find an orderer of a channel without the one at an address."""
    found = [
        address
        for name in draft.section("orderer").groups
        for address in _endpoints(draft, name)
        if address not in (besides, nowhere(address))
    ]
    return bool(found)


def _endpoints(draft: Draft, organization: str) -> tuple[str, ...]:
    groups = draft.section("orderer").groups
    if organization not in groups:
        return ()
    found = get_value(groups[organization], "Endpoints", common_configuration_pb2.OrdererAddresses)
    return tuple(found.addresses)


def _options(before: Consensus, after: Consensus) -> dict[str, Any]:
    """Return the options of the consensus that differ, by name."""
    return {
        field.name: getattr(after, field.name)
        for field in fields(after)
        if field.name != "consenters" and getattr(before, field.name) != getattr(after, field.name)
    }


def _consenters(orderer: OrdererModel) -> dict[str, ConsenterModel]:
    return {_address(one): one for one in orderer.consensus.consenters}


def _missing(these: dict[str, ConsenterModel], among: Collection[str]) -> dict[str, ConsenterModel]:
    return {address: one for address, one in these.items() if address not in among}


def _address(consenter: ConsenterModel) -> str:
    return join(consenter.host, consenter.port)
