"""Who acts in the contract `Credit`: departments that the city's register appoints, and those that records name."""

from typing import Final

from pyfabric_municipal.common.roles import Appointed, On, Role

_STEWARD: Final = ("role", "steward")

REGISTRAR = Role("registrar", "登记机关", Appointed("registrar"), _STEWARD)
PLATFORM = Role("platform", "信用平台", Appointed("platform"), ("role", "manager"))
AUTHORITY = Role("authority", "作出决定的机关", On("authority"), _STEWARD)
DECIDER = Role("decider", "处理部门", On("deciders"), _STEWARD)
TAX_AUTHORITY = Role("tax authority", "税务机关", Appointed("tax-authority"), _STEWARD)
REVIEWER = Role(
    "reviewer", "复核部门", Appointed("reviewer"), _STEWARD, not_department=("seek_withdrawal",)
)
