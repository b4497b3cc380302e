"""Who acts in security: the security officers of each department, those that approve, and the cyber police."""

from typing import Final

from pyfabric_municipal.common.roles import Appointed, MemberRole, On, Role
from pyfabric_municipal.sharing.roles import ProviderRole

_OFFICER: Final = ("role", "security")
_PROPOSING: Final = ("propose_lowering", "propose_policy")

OFFICER = MemberRole("security officer", "安全员", attribute=_OFFICER)
PROVIDER = ProviderRole("provider", "提供部门安全员", On("resource"), _OFFICER)
OWNER = Role("owner", "所属部门安全员", On("owner"), _OFFICER)
SECOND = Role(
    "second officer", "所属部门另一名安全员", On("owner"), _OFFICER, not_person=("register_key",)
)
APPROVER = Role("approver", "审批部门", Appointed("approver"), _OFFICER, not_person=_PROPOSING)
POLICE = Role("cyber police", "网安部门", Appointed("police"), _OFFICER)
REVIEWER = Role(
    "reviewer",
    "审查部门",
    Appointed("reviewer"),
    _OFFICER,
    not_department=("report_incident",),
    not_person=("report_incident",),
)
USER = MemberRole("user", "使用部门")
