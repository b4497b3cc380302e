"""What Fabric accepts of an update though it harms the channel: nobody can change it further, or order blocks.

Each guard compares two configurations and yields a sentence for each harm. What was so before is no fault of an update.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.msp import MemberIdentity, MSPManager
from pyfabric.identity.principals import check_principal
from pyfabric.identity.units import Role
from pyfabric.messages.policies import role_principal
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric.rules.consensus.types import consensus_type
from pyfabric.rules.lifecycle.endorsement import lifecycle_policy
from pyfabric.rules.policies import paths
from pyfabric.rules.policies.choices import can_be_satisfied, members_of

_NEEDED: Final[Mapping[str, str]] = {
    paths.CHANNEL_WRITERS: "send anything to the orderers, updates included",
    paths.CHANNEL_READERS: "receive blocks from the orderers",
    paths.ORDERER_WRITERS: "change anything in maintenance mode",
    paths.BLOCK_VALIDATION: "sign a block that peers accept",
    paths.ENDORSEMENT: "endorse for chaincodes without a policy of their own",
    paths.LIFECYCLE_ENDORSEMENT: "approve or commit a chaincode",
}


def lost_policies(old: ChannelConfig, new: ChannelConfig) -> Iterator[str]:
    """Yield the policies that could be satisfied and cannot be any more, and what nobody can do then.

    A policy can be satisfied if the MSPs of the channel can recognise those that it names.
    """
    before, after = _satisfiable(old), _satisfiable(new)
    for path, purpose in _NEEDED.items():
        if before(path) and not after(path) and not _is_replaced(path, new):
            yield f"nobody could {purpose}: {path} cannot be satisfied"
    stuck: dict[str, list[str]] = {}
    for key, element in new.elements.items():
        path = element.mod_policy_path
        former = old.elements.get(key)
        if not after(path) and (former is None or before(former.mod_policy_path)):
            stuck.setdefault(path, []).append(key[key.index("/") :])
    for path, elements in sorted(stuck.items()):
        named = ", ".join(sorted(elements)[:3]) + (" …" if len(elements) > 3 else "")
        yield f"nobody could sign the next change of {named}: {path} cannot be satisfied"


def lost_administrators(
    old: ChannelConfig, new: ChannelConfig, known: Sequence[bytes]
) -> Iterator[str]:
    """Yield the organisations of which no administrator counts any more of those that are known.

    `known` are certificates (PEM) of members; the administrators that an MSP names are known, too.
    """
    for msp_id in sorted(old.msp_manager.msps.keys() & new.msp_manager.msps.keys()):
        before = _administrators(old.msp_manager, msp_id, known)
        if before and not _administrators(new.msp_manager, msp_id, known):
            reason = _problem(new.msp_manager, before[0])
            yield (
                f"no administrator of {msp_id} that is known could sign the next update "
                f"({before[0].parsed.subject.common_name}: {reason}); give the certificate of one who could"
            )


def lost_quorum(
    old: ChannelConfig, new: ChannelConfig, is_down: Callable[[Consenter], bool]
) -> Iterator[str]:
    """Yield why the ordering service would stand still: too few consenters stay that have the channel's blocks.

    One that gets new certificates at its address stays. Fabric looks at this for Raft alone, and not while a channel
    has one or two consenters.
    """
    if {one.node for one in old.consenters} == {one.node for one in new.consenters}:
        return
    before = {(one.host, one.port) for one in old.consenters}
    staying = [one for one in new.consenters if (one.host, one.port) in before]
    running = [one for one in staying if not is_down(one)]
    needed = consensus_type(new).quorum(len(new.consenters))
    grows_from_one = len(old.consenters) == 1 and len(staying) == 1 and len(new.consenters) == 2
    if len(running) < needed and not (grows_from_one and running):
        yield (
            f"the ordering service would stand still: {needed} of {len(new.consenters)} consenters "
            f"must run, and only {len(running)} of those that have the channel's blocks do"
        )


def _satisfiable(config: ChannelConfig) -> Callable[[str], bool]:
    able = members_of(config.msp_manager)
    known: dict[str, bool] = {}

    def satisfiable(path: str) -> bool:
        if path not in known:
            known[path] = can_be_satisfied(config.policy(path), able)
        return known[path]

    return satisfiable


def _is_replaced(path: str, config: ChannelConfig) -> bool:
    """Return whether Fabric does without a policy: `_lifecycle` then asks a majority of the members."""
    return path == paths.LIFECYCLE_ENDORSEMENT and lifecycle_policy(config).HasField(
        "signature_policy"
    )


def _administrators(
    manager: MSPManager, msp_id: str, known: Collection[bytes]
) -> list[MemberIdentity]:
    msp = manager.msps[msp_id]
    found = []
    for certificate in (*known, *msp.definition.admin_certificates):
        try:
            found.append(msp.identity(certificate))
        except IdentityError:
            continue
    return [one for one in found if not _problem(manager, one)]


def _problem(manager: MSPManager, identity: MemberIdentity) -> str:
    """Return why an identity is no administrator in a channel; empty if it is one."""
    principal: msp_principal_pb2.MSPPrincipal = role_principal(identity.msp_id, Role.ADMIN)
    try:
        check_principal(manager.deserialize(identity.serialized()), principal)
    except IdentityError as error:
        return str(error)
    return ""
