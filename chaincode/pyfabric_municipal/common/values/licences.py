"""Identifiers of electronic licences and of their types (GB/T 36904-2018)."""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.check_characters import ALPHANUMERICS, hybrid_check
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.regions import require_region_shape
from pyfabric_municipal.common.values.text import refuse_personal_data
from pyfabric_municipal.common.values.uscc import require_uscc

LICENCE = Kind("e-licence", "electronic licence identifier", "电子证照标识")
LICENCE_TYPE = Kind("licence-type", "type of electronic licence", "电子证照类型")
_LICENCE = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{18})([0-9]{3})\.([0-9A-Z]{18}|[0-9]{6})\.([0-9A-Z]{1,32})\.([0-9]{3})\.([0-9A-Z])"
)
_ROOT = "1.2.156.3005.2."
_TYPE = re.compile(r"([0-9A-Z]{18})[0-9]{3}")
_USCC_LENGTH = 18


def require_e_licence(value: str) -> str:
    """Check an identifier: root, type (USCC of the body that defined it and 3 digits), issuer, serial, version, check.

    The issuer is a USCC, or a region code. The check character is ISO 7064 MOD 37,36 over the four parts in the middle.
    A serial that is a person's number is refused: identifiers are public.
    """
    match = LICENCE.require_match(
        _LICENCE,
        value,
        "1.2.156.3005.2.<type 21>.<issuer>.<serial>.<version 3>.<check>",
        "1.2.156.3005.2.<类型21位>.<颁发机构>.<流水号>.<版本3位>.<校验位>",
    )
    definer, number, issuer, serial, version, check = match.groups()
    require_uscc(definer)
    if len(issuer) == _USCC_LENGTH:
        require_uscc(issuer)
    else:
        require_region_shape(issuer)
    refuse_personal_data(LICENCE.en, serial)
    if hybrid_check(definer + number + issuer + serial + version, ALPHANUMERICS) != check:
        raise LICENCE.refusal("check", value, "has a wrong check character", "的校验位不符")
    return value


def require_licence_type(value: str) -> str:
    """Check a type of licences: the USCC of the body that defined it, and 3 digits."""
    match = LICENCE_TYPE.require_match(
        _TYPE,
        value,
        "21 characters: a social credit code and 3 digits",
        "21位：统一社会信用代码加3位数字",
    )
    require_uscc(match[1])
    return value


def licence_type_of(licence: str) -> str:
    """Return the type that a licence's identifier, which was checked, names."""
    return licence.removeprefix(_ROOT).partition(".")[0]


ELicence = Annotated[str, AfterValidator(require_e_licence), LICENCE.described]
"""The identifier of an electronic licence: `1.2.156.3005.2.…`."""

LicenceType = Annotated[str, AfterValidator(require_licence_type), LICENCE_TYPE.described]
"""The type of an electronic licence, 21 characters."""
