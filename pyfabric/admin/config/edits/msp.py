"""Edits of an organisation's MSP: its certificate authorities, administrators and revoked certificates."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeAlias

from fabric_protos.common import configtx_pb2
from fabric_protos.msp import msp_config_pb2

from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.values import get_value, set_value
from pyfabric.errors import ConfigError
from pyfabric.identity import pem
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.definition_messages import definition_to_config
from pyfabric.identity.revocation import read_revocation_list
from pyfabric.messages.decoding import decode

MSPPart: TypeAlias = Literal[
    "roots", "intermediates", "admins", "crls", "tls-roots", "tls-intermediates"
]
_PARTS: Final[dict[MSPPart, str]] = {
    "roots": "root_certs",
    "intermediates": "intermediate_certs",
    "admins": "admins",
    "crls": "revocation_list",
    "tls-roots": "tls_root_certs",
    "tls-intermediates": "tls_intermediate_certs",
}


@dataclass(frozen=True, slots=True)
class SetMSP(Edit):
    """A whole new definition of an organisation's MSP, in each section that the organisation is in."""

    kind: ClassVar[str] = "set-msp"

    organization: str
    msp: MSPDefinition

    def apply(self, draft: Draft) -> None:
        """Set MSP of the organisation's groups."""
        for group in draft.organizations(self.organization):
            set_value(group, "MSP", definition_to_config(self.msp))


@dataclass(frozen=True, slots=True)
class AddToMSP(Edit):
    """Certificates or lists (PEM) that an organisation's MSP has from now on, beside the present ones."""

    kind: ClassVar[str] = "add-to-msp"

    organization: str
    part: MSPPart
    items: tuple[bytes, ...]

    def apply(self, draft: Draft) -> None:
        """Extend one part of MSP of the organisation's groups."""
        _check_items(self.part, self.items)
        for group in draft.organizations(self.organization):
            message, definition = _msp(group)
            held = getattr(definition, _PARTS[self.part])
            for item in self.items:
                if _index(held, item) is not None:
                    raise ConfigError(
                        f"the MSP of {self.organization} has this one among its {self.part} already"
                    )
                held.append(item)
            _put(group, message, definition)


@dataclass(frozen=True, slots=True)
class RemoveFromMSP(Edit):
    """Certificates or lists (PEM) that an organisation's MSP has no longer."""

    kind: ClassVar[str] = "remove-from-msp"

    organization: str
    part: MSPPart
    items: tuple[bytes, ...]

    def apply(self, draft: Draft) -> None:
        """Shorten one part of MSP of the organisation's groups."""
        _check_items(self.part, self.items)
        for group in draft.organizations(self.organization):
            message, definition = _msp(group)
            held = getattr(definition, _PARTS[self.part])
            for item in self.items:
                at = _index(held, item)
                if at is None:
                    raise ConfigError(
                        f"the MSP of {self.organization} does not have this one among its "
                        f"{self.part}"
                    )
                del held[at]
            _put(group, message, definition)


@dataclass(frozen=True, slots=True)
class SetRevocationList(Edit):
    """The list (PEM) of all certificates that one CA of an MSP has revoked, in the place of its earlier lists.

    Lists of other CAs stay. No entry may be dropped: who was revoked once stays so.
    """

    kind: ClassVar[str] = "set-crl"

    organization: str
    revocation_list: bytes

    def apply(self, draft: Draft) -> None:
        """Replace the CA's lists in MSP of the organisation's groups."""
        _check_items("crls", (self.revocation_list,))
        wanted = read_revocation_list(self.revocation_list)
        for group in draft.organizations(self.organization):
            message, definition = _msp(group)
            held = definition.revocation_list
            lists = [read_revocation_list(one) for one in held]
            own = [one.authority_key_id() == wanted.authority_key_id() for one in lists]
            dropped = {
                serial
                for one, is_own in zip(lists, own, strict=True)
                if is_own
                for serial in one.serials
            } - wanted.serials
            if dropped:
                raise ConfigError(
                    f"the list would drop {len(dropped)} certificates of {self.organization} that are revoked, such "
                    f"as serial number {min(dropped):x}: a new list holds all earlier entries"
                )
            kept = [raw for raw, is_own in zip(held, own, strict=True) if not is_own]
            held[:] = [*kept, self.revocation_list]
            _put(group, message, definition)


def _msp(
    group: configtx_pb2.ConfigGroup,
) -> tuple[msp_config_pb2.MSPConfig, msp_config_pb2.FabricMSPConfig]:
    message = get_value(group, "MSP", msp_config_pb2.MSPConfig)
    return message, decode(msp_config_pb2.FabricMSPConfig, message.config, ConfigError)


def _put(
    group: configtx_pb2.ConfigGroup,
    message: msp_config_pb2.MSPConfig,
    definition: msp_config_pb2.FabricMSPConfig,
) -> None:
    message.config = definition.SerializeToString()
    set_value(group, "MSP", message)


def _check_items(part: MSPPart, items: tuple[bytes, ...]) -> None:
    if not items:
        raise ConfigError(f"nothing is given for {part}")
    for item in items:
        blocks = pem.split(item)
        if not blocks:
            raise ConfigError(f"{part}: there is no PEM in what is given: {item[:40]!r}…")
        # Fabric reads the first (getCertFromPem, x509.ParseCRL): others would be lost.
        if len(blocks) > 1:
            raise ConfigError(
                f"{part}: {len(blocks)} PEM blocks are given as one: give each as an item of its own"
            )


def _index(held: Any, item: bytes) -> int | None:
    """Return where a certificate or list is among others, whatever text is around its PEM block."""
    wanted = pem.find(item)
    return next((at for at, one in enumerate(held) if pem.find(one) == wanted), None)
