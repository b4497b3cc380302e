"""A channel with several orderers in one process: its keys, its genesis block, its orderers.

One department uses the channel; one organisation runs all its orderers.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric.admin.config.genesis import genesis_block
from pyfabric.admin.config.model import (
    ApplicationModel,
    BFTModel,
    ChannelModel,
    ConsenterModel,
    OrdererModel,
    OrganizationModel,
    RaftModel,
)
from pyfabric.identity.definition import MSPDefinition, NodeUnits
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import PrivateKey, generate_private_key, private_key_pem
from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.ordering.service import AtomicBroadcast
from pyfabric.ledger.traces import Traces
from pyfabric.messages.blocks import parse_block
from pyfabric.rules.policies.usual import orderer_policies, organization_policies
from tests.support.municipal import records

NOW = datetime.now(UTC).replace(microsecond=0)
CHANNEL = "council"


class Organization:
    """An organisation's authorities and the identities that they sign."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.msp_id = f"{name}MSP"
        self.ca = CertificateAuthority.create(f"ca.{name}", name, now=NOW)
        self.tls_ca = CertificateAuthority.create(f"tlsca.{name}", name, now=NOW)
        self._identities: dict[str, SigningIdentity] = {}
        self._keys: dict[bytes, PrivateKey] = {}

    @cached_property
    def definition(self) -> MSPDefinition:
        return MSPDefinition(
            msp_id=self.msp_id,
            root_certificates=(self.ca.certificate_pem,),
            tls_root_certificates=(self.tls_ca.certificate_pem,),
            node_units=NodeUnits.standard(),
        )

    def identity(self, name: str, unit: str) -> SigningIdentity:
        """Return the same one each time."""
        if name not in self._identities:
            key = generate_private_key()
            certificate = self.ca.issue(name, now=NOW, public_key=key.public_key(), unit=unit)
            self._keys[certificate] = key
            self._identities[name] = load_identity(self.msp_id, certificate, private_key_pem(key))
        return self._identities[name]

    @property
    def admin(self) -> SigningIdentity:
        return self.identity("admin", "admin")

    def tls_certificate(self, name: str, *, days: int = 365) -> bytes:
        key = generate_private_key()
        certificate = self.tls_ca.issue(
            name,
            now=NOW,
            public_key=key.public_key(),
            days=days,
            hosts=["127.0.0.1"],
            tls=True,
        )
        self._keys[certificate] = key
        return certificate

    def key(self, certificate: bytes) -> PrivateKey:
        """Return the key of a certificate that was made here."""
        return self._keys[certificate]


@dataclass(frozen=True)
class OrdererMaterial:
    """One orderer: its identity, its TLS certificate, and itself as a consenter."""

    name: str
    identity: SigningIdentity
    tls_certificate: bytes
    consenter: ConsenterModel


class Council:
    """The material of a channel with `count` orderers."""

    def __init__(
        self,
        count: int,
        *,
        bft: bool,
        departments: Sequence[str] = ("Land",),
        ports: Callable[[int], int] = lambda number: 7000 + number,
    ) -> None:
        self._ports = ports
        self.ordering = Organization("Ordering")
        self.departments = [Organization(name) for name in departments]
        self.orderers = [self.orderer(index + 1) for index in range(count)]
        self.bft = bft

    @property
    def user(self) -> SigningIdentity:
        return self.departments[0].identity("user", "client")

    def orderer(self, number: int) -> OrdererMaterial:
        """Return one more orderer's material."""
        name = f"orderer{number}"
        identity = self.ordering.identity(name, "orderer")
        tls = self.ordering.tls_certificate(name)
        consenter = ConsenterModel(
            host="127.0.0.1",
            port=self._ports(number),
            client_tls_certificate=tls,
            server_tls_certificate=tls,
            number=number,
            msp_id=self.ordering.msp_id,
            identity=identity.identity.certificate,
        )
        return OrdererMaterial(name, identity, tls, consenter)

    def genesis(
        self, application: Sequence[str] = ("V2_5",), **options: object
    ) -> common_pb2.Block:
        """Return the channel's genesis block; `options` go into the OrdererModel."""
        consenters = tuple(one.consenter for one in self.orderers)
        settings = {"batch_timeout": 0.01, "policies": orderer_policies([self.ordering.msp_id])}
        model = ChannelModel(
            channel_id=CHANNEL,
            orderer=OrdererModel(
                organizations=(self._organization(self.ordering, orderer=True),),
                consensus=(
                    BFTModel(consenters=consenters, request_batch_max_interval="10ms")
                    if self.bft
                    else RaftModel(consenters=consenters)
                ),
                **{**settings, **options},  # type: ignore[arg-type] # checked by the model
            ),
            application=ApplicationModel(
                organizations=tuple(self._organization(one) for one in self.departments),
                capabilities=tuple(application),
            ),
            capabilities=("V3_0",) if self.bft else ("V2_0",),
        )
        return parse_block(genesis_block(model, timestamp=NOW, nonce=bytes(24)))

    def _organization(self, one: Organization, *, orderer: bool = False) -> OrganizationModel:
        return OrganizationModel(
            name=one.name,
            msp=one.definition,
            policies=organization_policies(one.msp_id),
            endpoints=("127.0.0.1:7050",) if orderer else (),
        )

    def seek(self, number: int) -> bytes:
        """Return a request of the user for one block."""
        return records.seek(number, number, signer=self.user, channel=CHANNEL, moment=NOW)

    def message(self, nonce: bytes) -> bytes:
        """Return a message of the user, which orderers take."""
        return records.signed(b"x", signer=self.user, channel=CHANNEL, nonce=nonce, moment=NOW)


class OrderingService:
    """The orderers of a council, over a folder, until they are closed."""

    def __init__(
        self, folder: Path, council: Council, now: Callable[[], datetime] = lambda: NOW
    ) -> None:
        self.council = council
        self._now = now
        self.ledgers = Channels(folder)
        self.chains = Chains(self.ledgers, lambda: os.urandom(24), Traces())
        self.orderers = [self.start(one) for one in council.orderers]

    def start(self, material: OrdererMaterial) -> Orderer:
        """Return one more orderer."""
        return Orderer(
            material.name,
            material.identity,
            self.chains,
            self._now,
            tls_certificate=material.tls_certificate,
        )

    @property
    def ledger(self) -> Channel:
        return self.ledgers[CHANNEL]

    async def close(self) -> None:
        await self.chains.close()
        self.ledgers.close()


async def deliveries(orderer: Orderer, *requests: bytes) -> list[ab_pb2.DeliverResponse]:
    """Return everything that a stream of requests for blocks gets."""

    class Context:
        def auth_context(self) -> dict[str, list[bytes]]:
            return {}

    async def envelopes() -> AsyncIterator[bytes]:
        for request in requests:
            yield request

    service = AtomicBroadcast(orderer)
    return [answer async for answer in service.deliver(envelopes(), Context())]
