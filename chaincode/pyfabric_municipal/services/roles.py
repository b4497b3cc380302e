"""Who acts in services: windows, the departments that handle, review and supervise, and the applicant by a key."""

from pyfabric_municipal.common.roles import Appointed, HolderRole, MemberRole, On, Role

_CLERK = ("role", "clerk")

MEMBER = MemberRole("member", "成员部门", attribute=_CLERK)
SUPERVISOR = Role("supervisor", "政务服务管理部门", Appointed("supervisor"), ("role", "manager"))
IMPLEMENTER = Role("implementer", "实施部门", On("department"), _CLERK)
WINDOW = Role("window", "收件窗口", On("window"), _CLERK)
HANDLER = Role("handler", "办理部门", On("department"), _CLERK)
REVIEWER = Role("reviewer", "会办部门", On("reviewers"), _CLERK)
APPLICANT = HolderRole("applicant", "申请人")
