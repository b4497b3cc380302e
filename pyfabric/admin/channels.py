"""A channel's configuration for administrators: views, edits, differences in words, proposals, policies.

Configurations are bytes of common.Config, which `Admin.config` returns.
"""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.admin.config.applying import apply_update
    from pyfabric.admin.config.certificates import CertificateView
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
    from pyfabric.admin.config.edits.msp import (
        AddToMSP,
        RemoveFromMSP,
        SetMSP,
        SetRevocationList,
    )
    from pyfabric.admin.config.edits.organizations import (
        AddOrganization,
        RemoveOrganization,
        SetAnchorPeers,
        SetEndpoints,
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
    from pyfabric.admin.config.policy_questions import PolicyCheck, SatisfyingSet, check_policy
    from pyfabric.admin.config.proposal import (
        Proposal,
        make_proposal,
        merge_proposals,
        renew_proposal,
    )
    from pyfabric.admin.config.proposal_files import read_proposal, write_proposal
    from pyfabric.admin.config.requirements import Requirement, UpdateSignature
    from pyfabric.admin.config.review import Review, review
    from pyfabric.admin.config.sources import read_config, read_organization
    from pyfabric.admin.config.view import (
        ConfigView,
        ConsenterView,
        OrganizationView,
        PolicyView,
        describe_config,
    )
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.admin.config.applying": ["apply_update"],
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
            "pyfabric.admin.config.edits.msp": [
                "AddToMSP",
                "RemoveFromMSP",
                "SetMSP",
                "SetRevocationList",
            ],
            "pyfabric.admin.config.edits.organizations": [
                "AddOrganization",
                "RemoveOrganization",
                "SetAnchorPeers",
                "SetEndpoints",
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
            "pyfabric.admin.config.policy_questions": [
                "PolicyCheck",
                "SatisfyingSet",
                "check_policy",
            ],
            "pyfabric.admin.config.proposal": [
                "Proposal",
                "make_proposal",
                "merge_proposals",
                "renew_proposal",
            ],
            "pyfabric.admin.config.proposal_files": ["read_proposal", "write_proposal"],
            "pyfabric.admin.config.requirements": ["Requirement", "UpdateSignature"],
            "pyfabric.admin.config.review": ["Review", "review"],
            "pyfabric.admin.config.sources": ["read_config", "read_organization"],
            "pyfabric.admin.config.certificates": ["CertificateView"],
            "pyfabric.admin.config.view": [
                "ConfigView",
                "ConsenterView",
                "OrganizationView",
                "PolicyView",
                "describe_config",
            ],
        },
    )

__all__ = [
    "AddConsenter",
    "AddOrganization",
    "AddToMSP",
    "CertificateView",
    "ConfigView",
    "ConsenterView",
    "Difference",
    "Edit",
    "JSONPatch",
    "MoveToBFT",
    "OrganizationView",
    "PolicyCheck",
    "PolicyView",
    "Proposal",
    "RemoveACLs",
    "RemoveConsenter",
    "RemoveFromMSP",
    "RemoveOrganization",
    "RemovePolicy",
    "ReplaceConsenter",
    "Requirement",
    "Review",
    "SatisfyingSet",
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
    "SetRevocationList",
    "UpdateSignature",
    "apply_update",
    "check_policy",
    "describe_config",
    "differences",
    "edit_config",
    "edit_warnings",
    "make_proposal",
    "merge_proposals",
    "read_config",
    "read_edit",
    "read_organization",
    "read_proposal",
    "renew_proposal",
    "review",
    "write_proposal",
]
