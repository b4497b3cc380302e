"""Which policies the peers of a topology's channel can meet, and which peers keep a collection."""

from collections.abc import Mapping
from dataclasses import dataclass

from fabric_protos.common import policies_pb2

from pyfabric.admin.config.model import APPLICATION_POLICIES, organization_policies
from pyfabric.rules.policies.endorsers import can_be_met, endorsing_organization
from pyfabric.rules.policies.evaluation import meta_threshold
from pyfabric.rules.policies.paths import ENDORSEMENT, organization_policy
from pyfabric.rules.policies.syntax import format_principal, parse_signature_policy
from pyfabric_network.topology.spec import Channel, Topology


@dataclass(frozen=True)
class Endorsers:
    """The peers of a channel, counted by MSP id."""

    peers: Mapping[str, int]
    policies: Mapping[str, str]

    @classmethod
    def of(cls, topology: Topology, channel: Channel) -> "Endorsers":
        """Return those of a channel."""
        peers = {
            topology.msp_id(name): topology.departments[name].peers for name in channel.departments
        }
        below = ENDORSEMENT.rpartition("/")[0]
        policies = {**APPLICATION_POLICIES, **channel.policies}
        return cls(peers, {f"{below}/{name}": rule for name, rule in policies.items()})

    def can_meet(self, rule: str, *, of: Mapping[str, int] | None = None) -> bool:
        """Return whether the peers (or `of` them, these) can meet a rule or the policy at a path.

        A policy of another group than the application's and its members' is taken to be met.
        """
        peers = self.peers if of is None else of
        if "(" in rule:
            return can_be_met(parse_signature_policy(rule), peers)
        if rule.startswith("/"):
            found = self.policies.get(rule) or self._member_policy(rule)
            return found is None or self.can_meet(found, of=of)
        kind, _, name = rule.partition(" ")
        rules = [organization_policies(msp_id).get(name) for msp_id in self.peers]
        met = sum(one is not None and self.can_meet(one, of=of) for one in rules)
        return met >= meta_threshold(policies_pb2.ImplicitMetaPolicy.Rule.Value(kind), len(rules))

    def keepers(self, policy: str) -> dict[str, int]:
        """Return the peers that a collection's policy makes its members, counted by MSP id."""
        principals = parse_signature_policy(policy).identities
        members = {endorsing_organization(one) for one in principals}
        return {msp_id: count for msp_id, count in self.peers.items() if msp_id in members}

    def _member_policy(self, path: str) -> str | None:
        for msp_id in self.peers:
            for name, rule in organization_policies(msp_id).items():
                if path == organization_policy(msp_id, name):
                    return rule
        return None


def roles_without_peers(rule: str) -> list[str]:
    """Return the principals of a signature policy that no peer has, as the policy writes them."""
    if "(" not in rule:
        return []
    principals = parse_signature_policy(rule).identities
    return [format_principal(one) for one in principals if endorsing_organization(one) is None]
