"""Who acts in the sharing of data: the users and providers of a resource, and those who stand above both."""

from dataclasses import dataclass
from typing import Any

from pyfabric_municipal.common.roles import Appointed, Asked, MemberRole, On, Role
from pyfabric_municipal.directory.records import Resource


@dataclass(frozen=True)
class ProviderRole(Role):
    """The department that provides a record's resource today: it follows the duty."""

    def parties(self, asked: Asked, record: Any) -> tuple[str, ...]:
        """Return the provider of the resource that the record names."""
        return (asked.need(Resource, record.resource).provider,)


@dataclass(frozen=True)
class ImpartialRole(Role):
    """A role of appointed departments, save those that are a party of the record themselves."""

    def parties(self, asked: Asked, record: Any) -> tuple[str, ...]:
        """Return the appointed departments that are neither the user nor the provider."""
        own = (record.user, *PROVIDER.parties(asked, record))
        return tuple(one for one in super().parties(asked, record) if one not in own)

    def party(self, asked: Asked, record: Any) -> str | None:
        """Return for whom the caller acts; None for a party's own staff, as the successor of another department, too."""
        own = (record.user, *PROVIDER.parties(asked, record))
        return None if asked.client.msp_id in own else super().party(asked, record)


APPLICANT = MemberRole("applicant", "申请部门")
USER = Role("user", "使用部门", On("user"))
PROVIDER = ProviderRole("provider", "提供部门", On("resource"))
MANAGER = ImpartialRole("manager", "目录管理部门", Appointed("manager"))
ARBITER = ImpartialRole("arbiter", "争议协调部门", Appointed("arbiter"), not_person=("check",))
