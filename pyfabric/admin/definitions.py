"""Chaincode definitions: what a channel's organisations agree on before a chaincode runs there."""

from dataclasses import dataclass

from pyfabric.errors import ConfigError
from pyfabric.messages.lifecycle import ENDORSEMENT_PLUGIN, VALIDATION_PLUGIN
from pyfabric.messages.values import is_integer, is_text
from pyfabric.rules.policies.application import application_policy, describe_policy

__all__ = [
    "ApprovedDefinition",
    "ChaincodeDefinition",
    "CommittedDefinition",
    "application_policy",
    "describe_policy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaincodeDefinition:
    """One version of a chaincode on a channel; `sequence` grows by one with each change.

    `endorsement_policy` is an expression such as "OR('A.peer', 'B.peer')", the path of a channel's
    policy such as /Channel/Application/Endorsement, or the bytes of peer.ApplicationPolicy; None
    leaves it to the channel's Endorsement policy. `collections` are the bytes of
    peer.CollectionConfigPackage. The plugins are Fabric's own unless the peers have others.
    """

    name: str
    version: str
    sequence: int
    endorsement_policy: str | bytes | None = None
    collections: bytes = b""
    init_required: bool = False
    endorsement_plugin: str = ENDORSEMENT_PLUGIN
    validation_plugin: str = VALIDATION_PLUGIN

    def __post_init__(self) -> None:
        """Raise ConfigError for a value that a definition cannot hold."""
        for field in ("name", "version", "endorsement_plugin", "validation_plugin"):
            if not is_text(value := getattr(self, field)):
                raise ConfigError(f"chaincode definition: {field} must be text, not {value!r}")
        if not is_integer(self.sequence, 0, 2**63 - 1):
            raise ConfigError(
                f"chaincode definition {self.name}: sequence must be an integer from 0 to 2^63 - 1, "
                f"not {self.sequence!r}"
            )

    def validation_parameter(self) -> bytes:
        """Return the policy as peers store it, empty for the channel's; raises PolicySyntaxError."""
        policy = self.endorsement_policy
        return policy if isinstance(policy, bytes) else application_policy(policy or "")


@dataclass(frozen=True, slots=True)
class ApprovedDefinition:
    """What an organisation approved, and the package it will run: None when it will not endorse."""

    definition: ChaincodeDefinition
    package_id: str | None


@dataclass(frozen=True, slots=True)
class CommittedDefinition:
    """What the channel agreed on, and which organisations (by MSP id) approved exactly that."""

    definition: ChaincodeDefinition
    approvals: dict[str, bool]
