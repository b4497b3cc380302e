"""Who acts in the register: windows, registrars, reviewing departments, banks and courts."""

from typing import Final

from pyfabric_municipal.common import Appointed, HolderRole, MemberRole, On, OrganisationRole, Role

CLERK: Final = ("role", "clerk")
_REGISTRAR: Final = ("role", "registrar")

WINDOW = MemberRole("window", "受理窗口", attribute=CLERK)
APPLICANT = Role("applicants' window", "申请人的受理窗口", On("window"), CLERK)
REGISTRAR = Role("registrar", "登记机构", Appointed("registrar"), _REGISTRAR)
CHECKER = Role(
    "checking registrar",
    "登簿审核人员",
    Appointed("registrar"),
    _REGISTRAR,
    not_person=("accept", "propose_correction"),
)
IDENTITY = Role("identity reviewer", "身份核验部门", Appointed("identity"), CLERK)
FAMILY = Role("family reviewer", "婚姻亲属核验部门", Appointed("family"), CLERK)
FILING = Role("contract reviewer", "合同备案核验部门", Appointed("filing"), CLERK)
TAX = Role("tax", "税务部门", Appointed("tax"), CLERK)
BANK = OrganisationRole("mortgagee", "抵押权人", On("mortgagee"), ("role", "bank"))
COURT = OrganisationRole("court", "法院", On("court"), ("role", "court"))
ANY_COURT = OrganisationRole("any court", "任一法院", attribute=("role", "court"))
NOTICE_HOLDER = HolderRole("notice holder", "预告登记权利人")
