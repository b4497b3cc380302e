"""Signing profiles: what certificates of a kind are good for, and for how long. Pure.

Source: the names of usages in config/config.go of CFSSL 1.6, and the profiles that `fabric-ca-server init` writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

# The bits of a key usage (RFC 5280, 4.2.1.3), counted from the first.
KEY_USAGES: Final[Mapping[str, int]] = {
    "signing": 0,
    "digital signature": 0,
    "content commitment": 1,
    "key encipherment": 2,
    "data encipherment": 3,
    "key agreement": 4,
    "cert sign": 5,
    "crl sign": 6,
}
EXTENDED_USAGES: Final[Mapping[str, str]] = {
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: `usages` by their names in KEY_USAGES and EXTENDED_USAGES.

    With `is_ca` it makes CAs, with at most `path_length` further ones below them.
    """

    usages: tuple[str, ...]
    expiry: timedelta
    is_ca: bool = False
    path_length: int | None = None


DEFAULT: Final = ""
"""The name of the profile of requests that name none."""

_YEAR: Final = timedelta(hours=8760)
PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        DEFAULT: Profile(("digital signature",), _YEAR),
        "ca": Profile(("cert sign", "crl sign"), timedelta(hours=43800), is_ca=True, path_length=0),
        "tls": Profile(
            ("signing", "key encipherment", "server auth", "client auth", "key agreement"), _YEAR
        ),
    }
)
