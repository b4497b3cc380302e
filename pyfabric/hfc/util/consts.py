"""Words for chaincodes, their steps and their languages (the module is of fabric-sdk-py's repository after 1.0.0)."""

from typing import Final

SYSTEM_CHANNEL_NAME: Final = "testchainid"

CC_INSTALL: Final = "install"
CC_INSTANTIATE: Final = "deploy"
CC_INVOKE: Final = "invoke"
CC_UPGRADE: Final = "upgrade"
CC_QUERY: Final = "query"

LIFECYCLE_CC: Final = "_lifecycle"
LC_INSTALL: Final = "InstallChaincode"
LC_APPROVE_FOR_MY_ORG: Final = "ApproveChaincodeDefinitionForMyOrg"
LC_COMMIT: Final = "CommitChaincodeDefinition"
LC_QUERY_INSTALLED: Final = "QueryInstalledChaincodes"
LC_QUERY_APPROVED: Final = "QueryApprovedChaincodeDefinition"
LC_QUERY_CC_DEFINITION: Final = "QueryChaincodeDefinition"
LC_QUERY_CC_DEFINITIONS: Final = "QueryChaincodeDefinitions"

CC_TYPE_GOLANG: Final = "GOLANG"
CC_TYPE_JAVA: Final = "JAVA"
CC_TYPE_NODE: Final = "NODE"
CC_TYPE_CAR: Final = "CAR"

DEFAULT_WAIT_FOR_EVENT_TIMEOUT: Final = 30
"""Seconds."""
GRPC_BROKER_UNAVAILABLE_RETRY_DELAY: Final = 3000
"""Milliseconds."""
SUCCESS_STATUS: Final = 200

__all__ = [
    "CC_INSTALL",
    "CC_INSTANTIATE",
    "CC_INVOKE",
    "CC_QUERY",
    "CC_TYPE_CAR",
    "CC_TYPE_GOLANG",
    "CC_TYPE_JAVA",
    "CC_TYPE_NODE",
    "CC_UPGRADE",
    "DEFAULT_WAIT_FOR_EVENT_TIMEOUT",
    "GRPC_BROKER_UNAVAILABLE_RETRY_DELAY",
    "LC_APPROVE_FOR_MY_ORG",
    "LC_COMMIT",
    "LC_INSTALL",
    "LC_QUERY_APPROVED",
    "LC_QUERY_CC_DEFINITION",
    "LC_QUERY_CC_DEFINITIONS",
    "LC_QUERY_INSTALLED",
    "LIFECYCLE_CC",
    "SUCCESS_STATUS",
    "SYSTEM_CHANNEL_NAME",
]
