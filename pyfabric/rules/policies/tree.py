"""The tree of a channel's policies: names, paths, and what a missing one means.

Source: common/policies/manager.go of Fabric 3.1.
"""

from collections.abc import Mapping

from fabric_protos.common import configtx_pb2, policies_pb2

from pyfabric.errors import ConfigError
from pyfabric.identity.msp import MSPManager
from pyfabric.messages.decoding import decode
from pyfabric.rules.policies.evaluation import (
    ImplicitMetaPolicy,
    MissingPolicy,
    Policy,
    SignaturePolicy,
)


class PolicyTree:
    """The policies of a configuration group and of all groups below it.

    `path` is the group's own, without a leading slash ("Channel" for the root). Raises ConfigError at
    birth when a policy does not compile.
    """

    def __init__(self, path: str, group: configtx_pb2.ConfigGroup, manager: MSPManager) -> None:
        self.path = path
        self.groups: Mapping[str, PolicyTree] = {
            name: PolicyTree(f"{path}/{name}", sub, manager) for name, sub in group.groups.items()
        }
        self.policies: dict[str, Policy] = {
            f"{name}/{policy_name}": policy
            for name, tree in self.groups.items()
            for policy_name, policy in tree.policies.items()
        }
        for name, entry in group.policies.items():
            self.policies[name] = self._build(name, entry, manager)

    def get(self, name: str) -> Policy:
        """Return the policy of a relative name, or of an absolute path below this group.

        What is not there is a policy that refuses.
        """
        prefix = f"/{self.path}"
        if name.startswith("/"):
            if not name.startswith(prefix):
                return MissingPolicy(name)
            name = name[len(prefix) + 1 :]
        return self.policies.get(name) or MissingPolicy(name)

    def _build(self, name: str, entry: configtx_pb2.ConfigPolicy, manager: MSPManager) -> Policy:
        place = f"policy {name} at path {self.path}"
        if not entry.HasField("policy"):
            raise ConfigError(f"{place} was nil")
        kind, value = entry.policy.type, entry.policy.value
        try:
            if kind == policies_pb2.Policy.PolicyType.IMPLICIT_META:
                place = f"implicit {place}"
                rule = _meta_rule(value)
                sub_policies = [tree.get(rule.sub_policy) for tree in self.groups.values()]
                return ImplicitMetaPolicy(rule, sub_policies, manager)
            if kind == policies_pb2.Policy.PolicyType.SIGNATURE:
                return SignaturePolicy.from_bytes(value, manager)
        except ConfigError as error:
            raise ConfigError(f"{place} did not compile: {error}") from error
        raise ConfigError(f"{place} has unknown policy type: {kind}")


def _meta_rule(raw: bytes) -> policies_pb2.ImplicitMetaPolicy:
    return decode(
        policies_pb2.ImplicitMetaPolicy,
        raw,
        ConfigError,
        "Error unmarshalling to ImplicitMetaPolicy",
    )
