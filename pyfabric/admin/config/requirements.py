"""Who must sign an update: for each policy that it must satisfy, what it changes there and who is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fabric_protos.common import configtx_pb2

from pyfabric.errors import IdentityError
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.elements import Element
from pyfabric.rules.configuration.update import modification_policy, read_delta, signed_data
from pyfabric.rules.policies.choices import members_of
from pyfabric.rules.policies.evaluation import valid_identities
from pyfabric.rules.policies.explanation import Explanation, counts, explain


@dataclass(frozen=True, slots=True)
class Requirement:
    """A policy that an update must satisfy, and the elements that it changes under it.

    An element is a path such as /Channel/Orderer/BatchSize. Only elements that exist are listed: a new one changes
    its group.
    """

    policy: Explanation
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UpdateSignature:
    """A signature over an update: whose it is, and why it does not count (empty if it does)."""

    msp_id: str
    name: str
    problem: str = ""


def requirements(
    config: ChannelConfig, update: bytes, signatures: Sequence[bytes]
) -> tuple[Requirement, ...]:
    """Return the policies in force that an update (bytes of common.ConfigUpdate) must satisfy.

    `signatures` are bytes of common.ConfigSignature. Raises ConfigError for an update that does not fit the
    configuration or changes what nobody may change, DecodeError for other signatures.
    """
    identities = valid_identities(_signed(update, signatures), config.msp_manager)
    able = members_of(config.msp_manager)
    elements: dict[str, list[str]] = {}
    for key, existing in _changed(config, update):
        modification_policy(config, key, existing)
        elements.setdefault(existing.mod_policy_path, []).append(key[key.index("/") :])
    return tuple(
        Requirement(explain(config.policies, path, identities, able), tuple(changed))
        for path, changed in sorted(elements.items())
    )


def check_signatures(
    config: ChannelConfig, update: bytes, signatures: Sequence[bytes]
) -> tuple[UpdateSignature, ...]:
    """Return whose each signature is, and why it is no use; raises what `requirements` raises.

    A signature counts if it holds, if its signer is a valid member of the channel, and if one of the policies that the
    update must satisfy names its signer.
    """
    needed = [modification_policy(config, key, one) for key, one in _changed(config, update)]

    def checked(signed: SignedData) -> UpdateSignature:
        try:
            identity = config.msp_manager.deserialize(signed.identity)
        except IdentityError as error:
            return UpdateSignature("", "", str(error))
        name = identity.parsed.subject.common_name
        try:
            identity.verify(signed.data, signed.signature)
            identity.validate()
        except IdentityError as error:
            return UpdateSignature(identity.msp_id, name, str(error))
        if not any(counts(policy, identity) for policy in needed):
            problem = "no policy that the update must satisfy counts its signer"
            return UpdateSignature(identity.msp_id, name, problem)
        return UpdateSignature(identity.msp_id, name)

    return tuple(checked(one) for one in _signed(update, signatures))


def _changed(config: ChannelConfig, update: bytes) -> Iterator[tuple[str, Element]]:
    """Yield the elements that an update changes and that exist, as they are now, by their keys."""
    for key in read_delta(config, update):
        if key in config.elements:
            yield key, config.elements[key]


def _signed(update: bytes, signatures: Sequence[bytes]) -> list[SignedData]:
    found = [decode(configtx_pb2.ConfigSignature, one) for one in signatures]
    return signed_data(configtx_pb2.ConfigUpdateEnvelope(config_update=update, signatures=found))
