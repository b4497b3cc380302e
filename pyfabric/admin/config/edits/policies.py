"""Edits of policies, of who may change what, and of access control lists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from fabric_protos.peer import configuration_pb2

from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.policies import parse_policy, set_policy
from pyfabric.admin.config.values import get_value, set_value
from pyfabric.errors import ConfigError, PolicyError, PolicySyntaxError
from pyfabric.rules.policies.choices import choices, members_of
from pyfabric.rules.policies.paths import absolute
from pyfabric.rules.resources import CHANNEL_RESOURCES


@dataclass(frozen=True, slots=True)
class SetPolicy(Edit):
    """A policy by its path, such as /Channel/Application/Auditors, and its rule as in configtx.yaml.

    A rule is "MAJORITY Admins" or "OR('A.admin')". The group must exist; the policy may be new.
    """

    kind: ClassVar[str] = "set-policy"

    path: str
    rule: str

    def apply(self, draft: Draft) -> None:
        """Put the policy into its group; it keeps its mod_policy, and a new one gets Admins."""
        group, name = draft.element(self.path)
        try:
            policy = parse_policy(self.rule)
        except PolicySyntaxError as error:
            raise ConfigError(f"policy {self.path}, {self.rule!r}: {error}") from error
        set_policy(group, name, policy)


@dataclass(frozen=True, slots=True)
class RemovePolicy(Edit):
    """A policy, by its path, that no longer exists afterwards."""

    kind: ClassVar[str] = "remove-policy"

    path: str

    def apply(self, draft: Draft) -> None:
        """Take the policy out of its group."""
        group, name = draft.element(self.path)
        if name not in group.policies:
            raise ConfigError(f"there is no policy {self.path}")
        del group.policies[name]


@dataclass(frozen=True, slots=True)
class SetModPolicy(Edit):
    """The policy of those who may change an element: a name in the element's group, or a whole path."""

    kind: ClassVar[str] = "set-mod-policy"

    path: str
    element: Literal["group", "value", "policy"]
    mod_policy: str

    def apply(self, draft: Draft) -> None:
        """Set the mod_policy of the element."""
        if self.element == "group":
            draft.group(self.path).mod_policy = self.mod_policy
            return
        group, name = draft.element(self.path)
        members = group.values if self.element == "value" else group.policies
        if name not in members:
            raise ConfigError(f"there is no {self.element} {self.path}")
        members[name].mod_policy = self.mod_policy


@dataclass(frozen=True, slots=True)
class SetACLs(Edit):
    """Policies of resources, such as {"peer/Propose": "/Channel/Application/Writers"}; others stay.

    A policy is named by its path; a bare name is a policy of the application's group.
    """

    kind: ClassVar[str] = "set-acls"

    acls: Mapping[str, str]

    def apply(self, draft: Draft) -> None:
        """Change ACLs of the Application group."""
        application = draft.section("application")
        value = get_value(application, "ACLs", configuration_pb2.ACLs)
        for resource, reference in self.acls.items():
            if not reference:
                raise ConfigError(f"ACL of {resource}: it names no policy; remove-acl removes it")
            value.acls[resource].policy_ref = reference
        set_value(application, "ACLs", value)

    def warnings(self, draft: Draft) -> Iterator[str]:
        """Yield resources that peers don't ask for, and policies by which they refuse everybody."""
        for resource, reference in self.acls.items():
            if resource not in CHANNEL_RESOURCES:
                yield (
                    f"no peer of Fabric 3.1 asks for the resource {resource}: its ACL has no effect"
                )
            path = absolute(reference)
            group, name = draft.element(path)
            if name not in group.policies:
                yield f"there is no policy {path}: peers refuse everybody {resource}"
            elif not _one_suffices(draft, path):
                yield (
                    f"{path} needs several signatures, and a request has one: peers refuse everybody "
                    f"{resource}"
                )


def _one_suffices(draft: Draft, path: str) -> bool:
    """Return whether some single identity satisfies a policy, as far as can be known."""
    config = draft.judged()
    if config is None:
        return True
    try:
        found = choices(config.policy(path), members_of(config.msp_manager))
    except PolicyError:  # more ways than are looked at
        return True
    return any(len(one.signers) == 1 for one in found)


@dataclass(frozen=True, slots=True)
class RemoveACLs(Edit):
    """Resources that peers decide by their default policy again."""

    kind: ClassVar[str] = "remove-acls"

    resources: tuple[str, ...]

    def apply(self, draft: Draft) -> None:
        """Change ACLs of the Application group."""
        application = draft.section("application")
        value = get_value(application, "ACLs", configuration_pb2.ACLs)
        for resource in self.resources:
            if resource not in value.acls:
                raise ConfigError(f"the channel has no ACL of {resource}")
            del value.acls[resource]
        set_value(application, "ACLs", value)
