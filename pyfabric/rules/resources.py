"""The resources of a peer, with the policy that decides each by default.

Source: core/aclmgmt/defaultaclprovider.go of Fabric 3.1.
"""

from collections.abc import Mapping
from typing import Final

from pyfabric.rules.policies.paths import READERS, WRITERS

ADMINS: Final = "Admins"
MEMBERS: Final = "Members"

LOCAL_RESOURCES: Final[Mapping[str, str]] = {
    "_lifecycle/InstallChaincode": ADMINS,
    "_lifecycle/QueryInstalledChaincode": ADMINS,
    "_lifecycle/GetInstalledChaincodePackage": ADMINS,
    "_lifecycle/QueryInstalledChaincodes": ADMINS,
    "_lifecycle/ApproveChaincodeDefinitionForMyOrg": ADMINS,
    "_lifecycle/QueryApprovedChaincodeDefinition": ADMINS,
    "_lifecycle/QueryApprovedChaincodeDefinitions": ADMINS,
    "cscc/JoinChain": ADMINS,
    "cscc/JoinChainBySnapshot": ADMINS,
    "cscc/JoinBySnapshotStatus": ADMINS,
    "cscc/GetChannels": MEMBERS,
}
"""Resources that the peer's own MSP decides."""

CHANNEL_RESOURCES: Final[Mapping[str, str]] = {
    "_lifecycle/CommitChaincodeDefinition": WRITERS,
    "_lifecycle/QueryChaincodeDefinition": WRITERS,
    "_lifecycle/QueryChaincodeDefinitions": WRITERS,
    "_lifecycle/CheckCommitReadiness": WRITERS,
    "qscc/GetChainInfo": READERS,
    "qscc/GetBlockByNumber": READERS,
    "qscc/GetBlockByHash": READERS,
    "qscc/GetTransactionByID": READERS,
    "qscc/GetBlockByTxID": READERS,
    "cscc/GetConfigBlock": READERS,
    "cscc/GetChannelConfig": READERS,
    "peer/Propose": WRITERS,
    "peer/ChaincodeToChaincode": WRITERS,
    "event/Block": READERS,
    "event/FilteredBlock": READERS,
    "gateway/CommitStatus": READERS,
    "gateway/ChaincodeEvents": READERS,
}
"""Resources that a channel's policy decides, unless the channel's ACLs name another."""
