"""Names in digital identity: DIDs of the method `city`, types of credentials, URLs of status lists, challenges."""

import hashlib
import re
from typing import Annotated, Final

from pydantic import AfterValidator

from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.text import refuse_personal_data

DID: Final = Kind("did", "DID", "去中心化标识")
TYPE: Final = Kind("credential-type", "type of credentials", "凭证类型")
URL: Final = Kind("url", "URL", "网址")
CHALLENGE: Final = Kind("challenge", "challenge", "挑战值")

_DID = re.compile(r"did:city:[0-9a-f]{32}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,63}|[0-9A-Z]{18}[0-9]{3}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_LIST = re.compile(r"https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)+")
_CHALLENGE = re.compile(r"[0-9a-f]{32}")
_DID_DIGITS: Final = 32


def did_of(multikey: str) -> str:
    """Return the DID whose first key is this one: so nobody takes a name for a key that somebody else has."""
    return f"did:city:{hashlib.sha256(multikey.encode()).hexdigest()[:_DID_DIGITS]}"


def _did(value: str) -> str:
    shape = "did:city: and 32 lower-case hexadecimal digits"
    return DID.require_match(_DID, value, shape, "did:city:加32位小写十六进制数字").string


def _type(value: str) -> str:
    shape = "a name such as ResidentCredential, or the 21 characters of a type of e-licences"
    return TYPE.require_match(
        _TYPE, value, shape, "如ResidentCredential，或21位电子证照类型代码"
    ).string


def _url(value: str) -> str:
    return URL.require_match(_URL, value, "a URL", "如https://…、urn:…、did:…").string


def _list(value: str) -> str:
    shape = "https://host/path without a query"
    refuse_personal_data(URL.en, value)
    return URL.require_match(_LIST, value, shape, "https://主机/路径，不含查询参数").string


def _challenge(value: str) -> str:
    shape = "16 random bytes as 32 lower-case hexadecimal digits"
    return CHALLENGE.require_match(
        _CHALLENGE, value, shape, "32位小写十六进制数字（16个随机字节）"
    ).string


DidId = Annotated[str, AfterValidator(_did), DID.described]
"""A DID of the city: `did:city:…`, in its one spelling."""

CredentialType = Annotated[str, AfterValidator(_type), TYPE.described]
"""A type of credentials, or the 21 characters by which GB/T 36904 names a type of e-licences."""

Url = Annotated[str, AfterValidator(_url), URL.described]
"""An absolute URL."""

ListUrl = Annotated[str, AfterValidator(_list), URL.described]
"""Where a status list is published, which is its name."""

Challenge = Annotated[str, AfterValidator(_challenge), CHALLENGE.described]
"""What a verifier asks a holder to sign: 16 random bytes."""
