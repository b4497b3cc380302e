"""Who acts in the contract `Identity`: appointed departments, those that records name, and holders of keys."""

from typing import Final

from pyfabric_municipal.common.roles import Appointed, HolderRole, MemberRole, On, Role
from pyfabric_municipal.identity.records import Did

_REGISTRAR: Final = ("role", "registrar")

OPERATOR = Role("operator", "登记系统运营部门", Appointed("operator"), ("role", "operator"))
PERSON_REGISTRAR = Role(
    "person registrar", "自然人身份登记机关", Appointed("person-registrar"), _REGISTRAR
)
ORGANISATION_REGISTRAR = Role(
    "organisation registrar", "法人登记机关", Appointed("organisation-registrar"), _REGISTRAR
)
REGISTRAR = Role("registrar", "原登记机关", On("department"), _REGISTRAR)
HOLDER = HolderRole("holder", "持有人")
NEW_HOLDER = HolderRole("holder of the new key", "新密钥持有人", key="proposed_key")
GUARDIAN = Role(
    "guardian", "恢复见证部门", On("guardians"), ("role", "guardian"), not_person=("ask_recovery",)
)
ASKING_GUARDIAN = Role("guardian", "恢复见证部门", On("guardians"), ("role", "guardian"))
ISSUER = MemberRole("issuer", "颁发部门", On("department"), ("role", "issuer"))
VERIFIER = MemberRole("verifier", "核验部门", On("verifier"), ("role", "clerk"))
DELEGATOR = HolderRole("delegator", "委托人", On("delegator"), kept_by=Did)
