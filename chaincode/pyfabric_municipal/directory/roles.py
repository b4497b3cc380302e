"""Who acts in the directory: the manager and its deputy, whom the city's register names, and the departments."""

from pyfabric_municipal.common.roles import Appointed, MemberRole, On, Role

_MANAGES = ("role", "manager")
_PARTIES = ("submit", "claim_duties", "accept_duty", "dispute_duty")
"""Steps after which a department is a party, and does not decide for the directory."""

MEMBER = MemberRole("member", "成员部门")
MANAGER = Role("manager", "目录管理部门", Appointed("manager"), _MANAGES, not_department=_PARTIES)
DEPUTY = Role("deputy", "代行管理部门", Appointed("deputy"), _MANAGES, not_department=_PARTIES)
PROVIDER = Role("provider", "提供部门", On("provider"))
OWNER = Role("owner", "职责部门", On("owner"))
SUCCESSOR = Role("successor", "职责承接部门", On("offered_to"))
