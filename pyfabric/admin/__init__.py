"""What administrators work with: packages, definitions, collections, configurations, discovery.

The calls themselves are methods of `Admin`, `OrdererAdmin` and `Operations` in `pyfabric.gateway` and `pyfabric.aio`.
"""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.admin.collections import (
        CollectionConfig,
        collection_package,
        collections_document,
        read_collections,
    )
    from pyfabric.admin.config.genesis import genesis_block
    from pyfabric.admin.config.model import (
        AnchorPeer,
        ApplicationModel,
        BFTModel,
        ChannelModel,
        ConsenterModel,
        OrdererModel,
        OrganizationModel,
        RaftModel,
    )
    from pyfabric.admin.config.update import compute_update, config_of_block
    from pyfabric.admin.definition_checks import Finding, check_definition
    from pyfabric.admin.definition_documents import definition_document, read_definition
    from pyfabric.admin.definition_fields import FieldDifference, definition_differences
    from pyfabric.admin.definitions import (
        ApprovedDefinition,
        ChaincodeDefinition,
        CommittedDefinition,
        application_policy,
        describe_policy,
    )
    from pyfabric.admin.discovery import (
        ChaincodeCall,
        DiscoveredConfig,
        DiscoveredEndorsers,
        DiscoveredPeer,
    )
    from pyfabric.admin.inspection import (
        Invocation,
        KeyPolicy,
        PrivateRead,
        PrivateSet,
        PrivateWrite,
        RangeRead,
        Read,
        TransactionView,
        Write,
        describe_transaction,
    )
    from pyfabric.admin.lifecycle import InstalledChaincode
    from pyfabric.admin.operations import Health
    from pyfabric.admin.orderers import ChannelInfo
    from pyfabric.admin.package_folders import package_folder
    from pyfabric.admin.packages import ChaincodePackage
    from pyfabric.admin.peers import ChainInfo, ProcessedTransaction
    from pyfabric.admin.snapshots import JoinBySnapshotStatus
    from pyfabric.rules.policies.usual import (
        member_policies,
        orderer_policies,
        organization_policies,
    )
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.admin.collections": [
                "CollectionConfig",
                "collection_package",
                "collections_document",
                "read_collections",
            ],
            "pyfabric.admin.config.genesis": ["genesis_block"],
            "pyfabric.admin.config.model": [
                "AnchorPeer",
                "ApplicationModel",
                "BFTModel",
                "ChannelModel",
                "ConsenterModel",
                "OrdererModel",
                "OrganizationModel",
                "RaftModel",
            ],
            "pyfabric.rules.policies.usual": [
                "member_policies",
                "orderer_policies",
                "organization_policies",
            ],
            "pyfabric.admin.config.update": ["compute_update", "config_of_block"],
            "pyfabric.admin.definition_checks": ["Finding", "check_definition"],
            "pyfabric.admin.definition_fields": ["FieldDifference", "definition_differences"],
            "pyfabric.admin.definition_documents": ["definition_document", "read_definition"],
            "pyfabric.admin.definitions": [
                "ApprovedDefinition",
                "ChaincodeDefinition",
                "CommittedDefinition",
                "application_policy",
                "describe_policy",
            ],
            "pyfabric.admin.discovery": [
                "ChaincodeCall",
                "DiscoveredConfig",
                "DiscoveredEndorsers",
                "DiscoveredPeer",
            ],
            "pyfabric.admin.inspection": [
                "Invocation",
                "KeyPolicy",
                "PrivateRead",
                "PrivateSet",
                "PrivateWrite",
                "RangeRead",
                "Read",
                "TransactionView",
                "Write",
                "describe_transaction",
            ],
            "pyfabric.admin.lifecycle": ["InstalledChaincode"],
            "pyfabric.admin.operations": ["Health"],
            "pyfabric.admin.orderers": ["ChannelInfo"],
            "pyfabric.admin.package_folders": ["package_folder"],
            "pyfabric.admin.packages": ["ChaincodePackage"],
            "pyfabric.admin.peers": ["ChainInfo", "ProcessedTransaction"],
            "pyfabric.admin.snapshots": ["JoinBySnapshotStatus"],
        },
    )

__all__ = [
    "AnchorPeer",
    "ApplicationModel",
    "ApprovedDefinition",
    "BFTModel",
    "ChainInfo",
    "ChaincodeCall",
    "ChaincodeDefinition",
    "ChaincodePackage",
    "ChannelInfo",
    "ChannelModel",
    "CollectionConfig",
    "CommittedDefinition",
    "ConsenterModel",
    "DiscoveredConfig",
    "DiscoveredEndorsers",
    "DiscoveredPeer",
    "FieldDifference",
    "Finding",
    "Health",
    "InstalledChaincode",
    "Invocation",
    "JoinBySnapshotStatus",
    "KeyPolicy",
    "OrdererModel",
    "OrganizationModel",
    "PrivateRead",
    "PrivateSet",
    "PrivateWrite",
    "ProcessedTransaction",
    "RaftModel",
    "RangeRead",
    "Read",
    "TransactionView",
    "Write",
    "application_policy",
    "check_definition",
    "collection_package",
    "collections_document",
    "compute_update",
    "config_of_block",
    "definition_differences",
    "definition_document",
    "describe_policy",
    "describe_transaction",
    "genesis_block",
    "member_policies",
    "orderer_policies",
    "organization_policies",
    "package_folder",
    "read_collections",
    "read_definition",
]
