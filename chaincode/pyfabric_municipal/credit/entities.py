"""Types of subjects, which the first two characters of a social credit code say (GB 32100, FACTS §0.4)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class EntityType(StrEnum):
    """What kind of body a subject is, by its registering department and category."""

    ORGAN = "organ"
    INSTITUTION = "institution"
    MASS_ORGANISATION = "mass_organisation"
    LAW_FIRM = "law_firm"
    NOTARY = "notary"
    FORENSIC_INSTITUTE = "forensic_institute"
    ARBITRATION_COMMISSION = "arbitration_commission"
    SOCIAL_ORGANISATION = "social_organisation"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise"
    FOUNDATION = "foundation"
    TRADE_UNION = "trade_union"
    ENTERPRISE = "enterprise"
    SOLE_TRADER = "sole_trader"
    FARMERS_COOPERATIVE = "farmers_cooperative"
    OTHER = "other"

    @classmethod
    def of(cls, uscc: str) -> "EntityType":
        """Return the type of the body that a social credit code names."""
        return _BY_CATEGORY.get(uscc[:2], cls.OTHER)

    @property
    def is_person(self) -> bool:
        """Whether what is known of the body is of a person, as a sole trader's name is."""
        return self is EntityType.SOLE_TRADER


_BY_CATEGORY: Final[Mapping[str, EntityType]] = {
    "11": EntityType.ORGAN,
    "12": EntityType.INSTITUTION,
    "13": EntityType.MASS_ORGANISATION,
    "31": EntityType.LAW_FIRM,
    "32": EntityType.NOTARY,
    "34": EntityType.FORENSIC_INSTITUTE,
    "35": EntityType.ARBITRATION_COMMISSION,
    "51": EntityType.SOCIAL_ORGANISATION,
    "52": EntityType.PRIVATE_NON_ENTERPRISE,
    "53": EntityType.FOUNDATION,
    "81": EntityType.TRADE_UNION,
    "91": EntityType.ENTERPRISE,
    "92": EntityType.SOLE_TRADER,
    "93": EntityType.FARMERS_COOPERATIVE,
}
