"""Edits of the consenters of a channel, of Raft and of BFT.

On a BFT channel the policy BlockValidation names the consenters: it follows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2

from pyfabric.admin.config.consensus import bft_consenter, check_consenter, raft_consenter
from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.model import ConsenterModel
from pyfabric.admin.config.policies import set_policy
from pyfabric.admin.config.values import get_value, set_value
from pyfabric.errors import ConfigError
from pyfabric.identity import pem
from pyfabric.messages.addresses import join
from pyfabric.messages.config_values import ORDERER, GroupValues
from pyfabric.messages.consensus import BFT, RAFT
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.parts import Consenter, read_consenters
from pyfabric.rules.consensus.bft import block_validation
from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME


@dataclass(frozen=True, slots=True)
class AddConsenter(Edit):
    """An orderer that takes part in the consensus from now on.

    BFT needs its MSP id and identity too; without a number it gets the one after the highest.
    """

    kind: ClassVar[str] = "add-consenter"

    consenter: ConsenterModel

    def apply(self, draft: Draft) -> None:
        """Add the consenter at the end."""
        orderer = draft.section("orderer")
        present = _consenters(orderer)
        number = self.consenter.number or 1 + max((one.number for one in present), default=0)
        new = replace(self.consenter, number=number)
        _check(new, present)
        _put(orderer, [*present, new])


@dataclass(frozen=True, slots=True)
class RemoveConsenter(Edit):
    """An orderer, by its address (host:port), that no longer takes part in the consensus."""

    kind: ClassVar[str] = "remove-consenter"

    address: str

    def apply(self, draft: Draft) -> None:
        """Take the consenter out."""
        orderer = draft.section("orderer")
        present = _consenters(orderer)
        gone = _find(present, self.address)
        if len(present) == 1:
            raise ConfigError(
                f"{self.address} is the only consenter: without it nothing orders transactions"
            )
        _put(orderer, [one for one in present if one is not gone])


@dataclass(frozen=True, slots=True)
class ReplaceConsenter(Edit):
    """An orderer, by its present address (host:port), with its new certificates, address or both.

    It keeps its place, and on a BFT channel its number. None leaves a part as it is.
    """

    kind: ClassVar[str] = "replace-consenter"

    address: str
    host: str | None = None
    port: int | None = None
    client_tls_certificate: bytes | None = None
    server_tls_certificate: bytes | None = None
    identity: bytes | None = None

    def apply(self, draft: Draft) -> None:
        """Change the consenter where it stands."""
        orderer = draft.section("orderer")
        present = _consenters(orderer)
        old = _find(present, self.address)
        names = ("host", "port", "client_tls_certificate", "server_tls_certificate", "identity")
        given = {name: getattr(self, name) for name in names}
        new = replace(old, **{name: value for name, value in given.items() if value is not None})
        _check(new, [one for one in present if one is not old])
        _put(orderer, [new if one is old else one for one in present])


def _consenters(orderer: configtx_pb2.ConfigGroup) -> list[ConsenterModel]:
    """Return the consenters of the Orderer group, as models; raises ConfigError."""
    consensus = get_value(orderer, "ConsensusType", orderer_configuration_pb2.ConsensusType)
    if consensus.type not in (RAFT, BFT):
        raise ConfigError(f"the consensus type {consensus.type!r} has no consenters to edit")
    return [_model(one) for one in read_consenters(GroupValues(orderer, ORDERER))]


def _model(one: Consenter) -> ConsenterModel:
    return ConsenterModel(
        host=one.host,
        port=one.port,
        client_tls_certificate=one.client_tls_certificate,
        server_tls_certificate=one.server_tls_certificate,
        number=one.number,
        msp_id=one.msp_id,
        identity=one.identity,
    )


def _put(orderer: configtx_pb2.ConfigGroup, consenters: Sequence[ConsenterModel]) -> None:
    consensus = get_value(orderer, "ConsensusType", orderer_configuration_pb2.ConsensusType)
    if consensus.type == BFT:
        mapping = [bft_consenter(one, place="consenter") for one in consenters]
        set_value(orderer, "Orderers", configuration_pb2.Orderers(consenter_mapping=mapping))
        set_policy(orderer, BLOCK_VALIDATION_NAME, block_validation(consenters))
        return
    metadata = decode(etcdraft_pb2.ConfigMetadata, consensus.metadata, ConfigError)
    del metadata.consenters[:]
    metadata.consenters.extend(map(raft_consenter, consenters))
    consensus.metadata = metadata.SerializeToString()
    set_value(orderer, "ConsensusType", consensus)


def _find(consenters: Sequence[ConsenterModel], address: str) -> ConsenterModel:
    for one in consenters:
        if join(one.host, one.port) == address:
            return one
    listed = ", ".join(join(one.host, one.port) for one in consenters)
    raise ConfigError(f"{address!r} is no consenter of the channel: these are {listed}")


def _check(new: ConsenterModel, others: Sequence[ConsenterModel]) -> None:
    """Raise ConfigError for a consenter that is incomplete, or that is one of the others in any way."""
    address = join(new.host, new.port)
    check_consenter(new, f"consenter {address}")
    if any(join(one.host, one.port) == address for one in others):
        raise ConfigError(f"{address} is a consenter of the channel already")
    certificates = _certificates(new)
    for one in others:
        if certificates & _certificates(one):
            raise ConfigError(
                f"consenter {address} has a TLS certificate of {join(one.host, one.port)}: orderers "
                "know consenters by it"
            )
        if new.number and one.number == new.number:
            raise ConfigError(f"number {new.number} is that of {join(one.host, one.port)}")


def _certificates(one: ConsenterModel) -> set[pem.Block | None]:
    return {pem.find(one.client_tls_certificate), pem.find(one.server_tls_certificate)} - {None}
