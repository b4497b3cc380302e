"""Who acts in the contract `Funding`: enterprises and their delegates, departments that fund, and the one that pays."""

from typing import Final

from pyfabric_municipal.common import Appointed, HolderRole, On, OrganisationRole, Role
from pyfabric_municipal.funding.records import CompanyKey, Delegation

_SUBJECT: Final = On("subject")

REGISTRAR = Role("registrar", "登记机关", Appointed("registrar"), ("role", "steward"))
COMPANY = HolderRole("company", "企业（签名）", _SUBJECT, kept_by=CompanyKey)
OFFICE = OrganisationRole("company office", "企业（机构证书）", _SUBJECT)
DELEGATE = HolderRole("delegate", "受托人", On("delegation"), kept_by=Delegation)
FUNDER = Role("funder", "资助部门", On("funder"), ("role", "officer"))
PAYER = Role("payer", "拨付部门", Appointed("payer"), ("role", "clerk"), not_person=("grant",))
