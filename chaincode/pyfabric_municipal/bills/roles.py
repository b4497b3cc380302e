"""Who acts in the contract `Bills`: offices of the departments, organisations without a peer, and the holder of a bill."""

from typing import Final

from pyfabric_municipal.common.roles import Appointed, HolderRole, On, OrganisationRole, Role

_CLERK: Final = ("role", "clerk")

SUPERVISOR = Role("supervisor", "财政部门", Appointed("supervisor"), _CLERK)
TAX = Role("tax authority", "税务部门", Appointed("tax"), _CLERK)
ISSUER = OrganisationRole("issuer", "开票单位", On("issuer"))
HOLDER = HolderRole("holder", "持票人", key="holder")
PAYER = Role("payer", "报销部门", On("payer"), _CLERK)
PAYERS = (PAYER, OrganisationRole("paying organisation", "报销单位", On("payer")))
