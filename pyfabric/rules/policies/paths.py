"""The paths of a channel's policies that Fabric's programs ask for by default.

Source: common/policies/policy.go and core/aclmgmt/defaultaclprovider.go of Fabric 3.1.
"""

from typing import Final

CHANNEL_READERS: Final = "/Channel/Readers"
CHANNEL_WRITERS: Final = "/Channel/Writers"

_ORDERER: Final = "/Channel/Orderer"
BLOCK_VALIDATION_NAME: Final = "BlockValidation"
ORDERER_READERS: Final = f"{_ORDERER}/Readers"
ORDERER_WRITERS: Final = f"{_ORDERER}/Writers"
BLOCK_VALIDATION: Final = f"{_ORDERER}/{BLOCK_VALIDATION_NAME}"

_APPLICATION: Final = "/Channel/Application"
READERS: Final = f"{_APPLICATION}/Readers"
WRITERS: Final = f"{_APPLICATION}/Writers"
ENDORSEMENT: Final = f"{_APPLICATION}/Endorsement"
LIFECYCLE_ENDORSEMENT: Final = f"{_APPLICATION}/LifecycleEndorsement"


def organization_policy(name: str, policy: str) -> str:
    """Return the path of a member's policy; `name` is that of its group."""
    return f"{_APPLICATION}/{name}/{policy}"


def organization_endorsement(name: str) -> str:
    """Return the path of a member's Endorsement policy; `name` is that of its group."""
    return organization_policy(name, "Endorsement")


def absolute(reference: str) -> str:
    """Return the path of a policy that an ACL names: a bare name is one of the application's."""
    return reference if reference.startswith("/") else f"{_APPLICATION}/{reference}"
