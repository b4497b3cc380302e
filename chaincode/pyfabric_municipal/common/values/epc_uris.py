"""EPC URIs of EPCIS events, and the GS1 elements that each stands for.

A URI has a dot after the company's prefix, of 6 to 12 digits, and no check digit. Source: GS1's EPC Tag Data
Standard; GS1's own keys do not say where the prefix ends.
"""

import re
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator

from pyfabric_municipal.common.values.check_characters import gs1_check
from pyfabric_municipal.common.values.gs1_elements import require_elements
from pyfabric_municipal.common.values.kinds import Kind

EPC = Kind("epc-uri", "EPC URI", "EPC标识URI")
# The characters of GS1 that a URI cannot have are percent-encoded, and no others.
_TEXT = r"(?:[!'()*+,\-.0-9:;=A-Z_a-z]|%2[256F]|%3[CEF])+"
_PLAIN = "!'()*+,:;="
_SCHEMES = {
    "urn:epc:id:sgtin:": ("01", "21"),
    "urn:epc:class:lgtin:": ("01", "10"),
    "urn:epc:id:sgln:": ("414", "254"),
    "urn:epc:id:sscc:": ("00", ""),
}
_URI = re.compile(
    rf"({'|'.join(_SCHEMES)})(?P<prefix>[0-9]{{6,12}})\.(?P<reference>[0-9]*)(?:\.(?P<text>{_TEXT}))?"
)
_DIGITS_WITHOUT_CHECK = {"01": 13, "414": 12, "00": 17}
_PLACE = "414"
_WHOLE_PLACE = "0"


def elements_of_epc(uri: str) -> dict[str, str]:
    """Return the GS1 elements of a URI: an item with its serial or lot, a place, or a logistic unit."""
    match = EPC.require_match(
        _URI, uri, "of the scheme sgtin, lgtin, sgln or sscc", "sgtin、lgtin、sgln或sscc"
    )
    key, second = _SCHEMES[match[1]]
    digits, text = _joined(key, match["prefix"], match["reference"]), match["text"]
    if len(digits) != _DIGITS_WITHOUT_CHECK[key] or (text is None) != (not second):
        raise EPC.refusal(
            "parts", uri, "has too many or too few parts or digits", "的位数或段数不符"
        )
    elements = {key: digits + gs1_check(digits)}
    if text is not None and not (key == _PLACE and text == _WHOLE_PLACE):
        elements[second] = unquote(text)
    return require_elements(elements)


def epc_of_item(gtin: str, serial: str, prefix_digits: int) -> str:
    """Return the URI of an item by its GTIN of 14 digits, its serial, and how long the company's prefix is."""
    item = gtin[1 : prefix_digits + 1], gtin[0] + gtin[prefix_digits + 1 : -1]
    return require_epc(f"urn:epc:id:sgtin:{'.'.join(item)}.{quote(serial, safe=_PLAIN)}")


def epc_of_unit(sscc: str, prefix_digits: int) -> str:
    """Return the URI of a logistic unit by its SSCC, and how long the company's prefix is."""
    return require_epc(
        f"urn:epc:id:sscc:{sscc[1 : prefix_digits + 1]}.{sscc[0]}{sscc[prefix_digits + 1 : -1]}"
    )


def require_epc(uri: str) -> str:
    """Check an EPC URI, which has one spelling."""
    elements_of_epc(uri)
    return uri


def _joined(key: str, prefix: str, reference: str) -> str:
    """Return a key's digits before its check digit: the indicator is the first of the reference, but not of places."""
    if key == _PLACE:
        return prefix + reference
    return reference[:1] + prefix + reference[1:]


Epc = Annotated[str, AfterValidator(require_epc), EPC.described]
"""An EPC URI: `urn:epc:id:sgtin:0614141.107346.2017`."""
