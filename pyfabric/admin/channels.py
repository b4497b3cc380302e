"""A channel's configuration for administrators: edits, and differences in words.

Configurations are bytes of common.Config, which `Admin.config` returns.
"""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.admin.config.differences import Difference, differences
    from pyfabric.admin.config.edits.batch import SetBatch
    from pyfabric.admin.config.edits.capabilities import SetCapabilities
    from pyfabric.admin.config.edits.consensus import (
        MoveToBFT,
        SetConsensusOptions,
        SetMaintenance,
    )
    from pyfabric.admin.config.edits.consenters import (
        AddConsenter,
        RemoveConsenter,
        ReplaceConsenter,
    )
    from pyfabric.admin.config.edits.documents import read_edit
    from pyfabric.admin.config.edits.edit import Edit
    from pyfabric.admin.config.edits.editing import edit_config, edit_warnings
    from pyfabric.admin.config.edits.organizations import (
        AddOrganization,
        AddToMSP,
        RemoveFromMSP,
        RemoveOrganization,
        SetAnchorPeers,
        SetEndpoints,
        SetMSP,
        SetOrdererAddresses,
    )
    from pyfabric.admin.config.edits.patch import JSONPatch
    from pyfabric.admin.config.edits.policies import (
        RemoveACLs,
        RemovePolicy,
        SetACLs,
        SetModPolicy,
        SetPolicy,
    )
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.admin.config.differences": ["Difference", "differences"],
            "pyfabric.admin.config.edits.batch": ["SetBatch"],
            "pyfabric.admin.config.edits.capabilities": ["SetCapabilities"],
            "pyfabric.admin.config.edits.consensus": [
                "MoveToBFT",
                "SetConsensusOptions",
                "SetMaintenance",
            ],
            "pyfabric.admin.config.edits.consenters": [
                "AddConsenter",
                "RemoveConsenter",
                "ReplaceConsenter",
            ],
            "pyfabric.admin.config.edits.documents": ["read_edit"],
            "pyfabric.admin.config.edits.edit": ["Edit"],
            "pyfabric.admin.config.edits.editing": ["edit_config", "edit_warnings"],
            "pyfabric.admin.config.edits.organizations": [
                "AddOrganization",
                "AddToMSP",
                "RemoveFromMSP",
                "RemoveOrganization",
                "SetAnchorPeers",
                "SetEndpoints",
                "SetMSP",
                "SetOrdererAddresses",
            ],
            "pyfabric.admin.config.edits.patch": ["JSONPatch"],
            "pyfabric.admin.config.edits.policies": [
                "RemoveACLs",
                "RemovePolicy",
                "SetACLs",
                "SetModPolicy",
                "SetPolicy",
            ],
        },
    )

__all__ = [
    "AddConsenter",
    "AddOrganization",
    "AddToMSP",
    "Difference",
    "Edit",
    "JSONPatch",
    "MoveToBFT",
    "RemoveACLs",
    "RemoveConsenter",
    "RemoveFromMSP",
    "RemoveOrganization",
    "RemovePolicy",
    "ReplaceConsenter",
    "SetACLs",
    "SetAnchorPeers",
    "SetBatch",
    "SetCapabilities",
    "SetConsensusOptions",
    "SetEndpoints",
    "SetMSP",
    "SetMaintenance",
    "SetModPolicy",
    "SetOrdererAddresses",
    "SetPolicy",
    "differences",
    "edit_config",
    "edit_warnings",
    "read_edit",
]
