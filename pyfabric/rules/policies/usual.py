"""The policies of new channels and their members, as in Fabric's sample configtx.yaml.

A policy is written like a Rule of configtx.yaml: "MAJORITY Admins" counts the sub-groups' policies,
"OR('A.admin')" is a signature policy.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME

Policies: TypeAlias = Mapping[str, str]

CHANNEL_POLICIES: Final[Policies] = {
    "Readers": "ANY Readers",
    "Writers": "ANY Writers",
    "Admins": "MAJORITY Admins",
}
APPLICATION_POLICIES: Final[Policies] = {
    **CHANNEL_POLICIES,
    "LifecycleEndorsement": "MAJORITY Endorsement",
    "Endorsement": "MAJORITY Endorsement",
}


def organization_policies(msp_id: str) -> Policies:
    """Return policies by which every certificate reads and writes, admins administer, and peers endorse.

    They are an ordering organisation's: orderers sign the new configuration that they make of an update.
    """
    return {
        "Readers": f"OR('{msp_id}.member')",
        "Writers": f"OR('{msp_id}.member')",
        "Admins": f"OR('{msp_id}.admin')",
        "Endorsement": f"OR('{msp_id}.peer')",
    }


def member_policies(msp_id: str) -> Policies:
    """Return the policies of a channel's member: only clients and admins write, so that no node submits a transaction."""
    return {
        **organization_policies(msp_id),
        "Writers": f"OR('{msp_id}.admin', '{msp_id}.client')",
    }


def orderer_policies(msp_ids: Sequence[str]) -> Policies:
    """Return the usual policies of the Orderer group.

    A block is valid when a node with the role orderer signed it. (configtxgen's sample has ANY Writers, with
    which any client of an orderer organisation could sign blocks.)
    """
    signers = ", ".join(f"'{msp_id}.orderer'" for msp_id in msp_ids)
    return {**CHANNEL_POLICIES, BLOCK_VALIDATION_NAME: f"OR({signers})"}
