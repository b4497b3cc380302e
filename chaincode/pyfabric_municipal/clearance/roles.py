"""Who acts in the contract `clearance`: windows, the tax office, and the register that relies on a clearance."""

from typing import Final

from pyfabric_municipal.common import Appointed, On, Role

_STEWARD: Final = ("role", "steward")
_REGISTRAR: Final = ("role", "registrar")

WINDOW = Role("window", "申报窗口", Appointed("window"), ("role", "clerk"))
DECLARER = Role("declarer", "申报部门", On("window"), ("role", "clerk"))
OFFICER = Role("officer", "税务人员", Appointed("officer"), _STEWARD)
ASSESSOR = Role("assessor", "核税人员", Appointed("officer"), _STEWARD, not_person=("declare",))
CASHIER = Role(
    "cashier",
    "征收人员",
    Appointed("cashier"),
    ("role", "cashier"),
    not_person=("assess", "exempt"),
)
REGISTER = Role("register", "登记机构", Appointed("register"), _REGISTRAR)
RESERVER = Role("reserver", "预留部门", On("reserved_by"), _REGISTRAR)
