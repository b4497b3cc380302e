"""A small network on the development ledger, for tests: its keys, its channel, its contracts.

    network = LedgerNetwork.make(tmp_path)
    async with network.running():                      # in this process and event loop
        await network.create_channel()
        await network.deploy(name, {"EconInfo": address, …})
    with network.process():                            # or as a child process

Each department has one peer; the first one runs the orderer, inside its own MSP.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from fabric_protos.common import common_pb2
from fabric_protos.peer import collection_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric.admin.config.genesis import genesis_block
from pyfabric.admin.config.model import (
    ApplicationModel,
    ChannelModel,
    ConsenterModel,
    OrdererModel,
    OrganizationModel,
    RaftModel,
)
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.client.effects import Endpoint, Rest, rest
from pyfabric.client.tracing import Tracer
from pyfabric.client.transactions import ProposalAnswer, process_proposal, submit
from pyfabric.errors import LedgerError
from pyfabric.identity.definition import MSPDefinition, NodeUnits
from pyfabric.identity.folders import write_local_msp, write_tls
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem
from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.config import HostConfig, LedgerConfig, OrdererConfig, PeerConfig, TLSFiles
from pyfabric.ledger.process import LedgerProcess
from pyfabric.messages.addresses import Address
from pyfabric.messages.blocks import parse_block
from pyfabric.rules.policies.usual import orderer_policies, organization_policies
from tests.support.paths import ROOT
from tests.support.ports import free_address

CHANNEL = "directory"
DEPARTMENTS = ("EconInfo", "MktSup", "Haidian")
NodeConfig = TypeVar("NodeConfig", PeerConfig, OrdererConfig)
LOCALHOST = ("localhost", "127.0.0.1")


@dataclass
class Department:
    """One organisation: its CAs, its peer, and where its contracts listen."""

    name: str
    folder: Path
    peer_address: str
    contract_address: str
    now: datetime
    _users: dict[tuple[str, str], SigningIdentity] = field(default_factory=dict)

    @property
    def msp_id(self) -> str:
        return f"{self.name}MSP"

    @property
    def peer_name(self) -> str:
        return f"peer0.{self.name.lower()}"

    @cached_property
    def ca(self) -> CertificateAuthority:
        return CertificateAuthority.create(f"ca.{self.name}", self.name, now=self.now)

    @cached_property
    def tls_ca(self) -> CertificateAuthority:
        return CertificateAuthority.create(f"tlsca.{self.name}", self.name, now=self.now)

    @cached_property
    def definition(self) -> MSPDefinition:
        return MSPDefinition(
            msp_id=self.msp_id,
            root_certificates=(self.ca.certificate_pem,),
            tls_root_certificates=(self.tls_ca.certificate_pem,),
            node_units=NodeUnits.standard(),
        )

    def user(self, name: str = "user", unit: str = "client", **options: Any) -> SigningIdentity:
        """Return a user of the department, the same one each time; "admin" is the unit of
        administrators.
        """
        key = (name, unit)
        if key not in self._users:
            private = generate_private_key()
            certificate = self.ca.issue(
                name, now=self.now, public_key=private.public_key(), unit=unit, **options
            )
            self._users[key] = load_identity(self.msp_id, certificate, private_key_pem(private))
        return self._users[key]

    @property
    def admin(self) -> SigningIdentity:
        return self.user("admin", "admin")

    def node(self, name: str, unit: str) -> tuple[Path, TLSFiles]:
        """Return the MSP folder and the TLS files of a node, written."""
        folder = self.folder / name
        private = generate_private_key()
        certificate = self.ca.issue(name, now=self.now, public_key=private.public_key(), unit=unit)
        write_local_msp(folder / "msp", self.definition, certificate, private)
        return folder / "msp", self.tls(name)

    def tls(self, name: str) -> TLSFiles:
        """Write TLS files for this machine."""
        folder = self.folder / name / "tls"
        private = generate_private_key()
        certificate = self.tls_ca.issue(
            name, now=self.now, public_key=private.public_key(), hosts=LOCALHOST, tls=True
        )
        write_tls(folder, certificate, private, [self.tls_ca.certificate_pem])
        return TLSFiles(certificate=folder / "server.crt", key=folder / "server.key")

    def endpoint(self, address: str) -> Endpoint:
        """Return a node of this department as clients know it."""
        return Endpoint(address, self.tls_ca.certificate_pem)

    def mutual_endpoint(self, address: str) -> Endpoint:
        """Return a node of this department, and a client certificate that it trusts."""
        tls = self.tls("client")
        return Endpoint(
            address,
            self.tls_ca.certificate_pem,
            client_certificate=tls.certificate.read_bytes(),
            client_key=tls.key.read_bytes(),
        )

    @property
    def peer(self) -> Endpoint:
        return self.endpoint(self.peer_address)


@dataclass
class LedgerNetwork:
    """The network's material, configuration and genesis block; then what is done with them."""

    departments: Mapping[str, Department]
    config: LedgerConfig
    genesis: common_pb2.Block
    now: datetime
    node: LedgerProcess | None = None
    driver: AsyncDriver = field(default_factory=AsyncDriver)

    @classmethod
    def make(
        cls,
        folder: Path,
        names: Sequence[str] = DEPARTMENTS,
        *,
        batch_timeout: float = 0.05,
        acls: Mapping[str, str] | None = None,
        mutual_tls: bool = False,
        **orderer_options: Any,
    ) -> "LedgerNetwork":
        """Write the material of departments under `folder`.

        `orderer_options` go into the OrdererModel: max_message_count, absolute_max_bytes, …
        """
        now = datetime.now(UTC).replace(microsecond=0)
        departments = {
            name: Department(name, folder / name, free_address(), free_address(), now)
            for name in names
        }
        first = departments[names[0]]
        orderer_address, admin_address = free_address(), free_address()
        orderer_msp, orderer_tls = first.node("orderer", "orderer")
        admin_roots = folder / "admin-roots.pem"
        admin_roots.write_bytes(first.tls_ca.certificate_pem)
        config = LedgerConfig(
            folder=folder / "ledger",
            development=folder / "development.sock",
            peers=[_peer_config(one, mutual_tls=mutual_tls) for one in departments.values()],
            orderers=[
                OrdererConfig(
                    name="orderer0",
                    msp_id=first.msp_id,
                    address=orderer_address,
                    msp=orderer_msp,
                    tls=orderer_tls,
                    admin_address=admin_address,
                    admin_client_roots=admin_roots,
                )
            ],
        )
        model = _model(departments, config, batch_timeout, acls or {}, orderer_options)
        genesis = parse_block(genesis_block(model, timestamp=now, nonce=bytes(24)))
        return cls(departments, config, genesis, now)

    @property
    def first(self) -> Department:
        return next(iter(self.departments.values()))

    @property
    def all_msp_ids(self) -> list[str]:
        return [department.msp_id for department in self.departments.values()]

    def watch(self) -> None:
        """Configure operations services on every node, from the next start on."""
        first = self.config.orderers[0]
        self.config = self.config.model_copy(
            update={
                "peers": [_watched(one) for one in self.config.peers],
                "orderers": [_watched(first)],
            }
        )

    @asynccontextmanager
    async def running(self, tracer: Tracer | None = None) -> AsyncIterator[LedgerProcess]:
        """Yield the ledger in this event loop."""
        self.driver = AsyncDriver()
        node = await LedgerProcess.start(
            self.config, lambda: datetime.now(UTC), lambda: os.urandom(24), Random(1), tracer
        )
        self.node = node
        try:
            yield node
        finally:
            await self.driver.close()
            await node.stop()
            self.node = None

    @contextmanager
    def process(self) -> Iterator[subprocess.Popen[bytes]]:
        """Yield the ledger as a child process that listens."""
        path = self.config.folder.parent / "ledger.json"
        path.write_text(self.config.model_dump_json())
        child = subprocess.Popen(
            [sys.executable, "-m", "pyfabric.ledger", str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert child.stdout is not None
        with child, child.stdout:
            try:
                ready = json.loads(child.stdout.readline() or b"{}")
                assert ready.get("ready"), ready
                yield child
            finally:
                if child.poll() is None:
                    child.send_signal(signal.SIGTERM)
                child.wait(timeout=20)

    async def ask(self, call: str, **arguments: Any) -> Any:
        """Call the development service; raises LedgerError with its message."""
        assert self.config.development is not None
        reader, writer = await asyncio.open_unix_connection(self.config.development)
        try:
            writer.write(json.dumps({"call": call, "arguments": arguments}).encode() + b"\n")
            said = json.loads(await reader.readline())
        finally:
            writer.close()
        if "error" in said:
            raise LedgerError(said["error"])
        return said["answer"]

    def with_hosts(self, hosts: Sequence[HostConfig]) -> None:
        """Configure these contract hosts, from the next start on."""
        self.config = self.config.model_copy(update={"hosts": list(hosts)})

    @property
    def orderer_admin(self) -> Endpoint:
        """The orderer's participation API, with a certificate that it accepts."""
        private = generate_private_key()
        certificate = self.first.tls_ca.issue(
            "admin", now=self.now, public_key=private.public_key(), tls=True
        )
        return Endpoint(
            self.config.orderers[0].admin_address,
            self.first.tls_ca.certificate_pem,
            client_certificate=certificate,
            client_key=private_key_pem(private),
        )

    async def create_channel(self) -> None:
        """Join the orderer and every peer to the channel."""
        block = self.genesis.SerializeToString()
        answer = await self.driver.run(rest(participation(self)))
        assert answer.status == 201, answer
        for department in self.departments.values():
            joined = await self.system(department, "", "cscc", b"JoinChain", block)
            assert joined.status == 200, joined

    async def system(
        self,
        department: Department,
        channel: str,
        chaincode: str,
        *arguments: bytes,
        identity: SigningIdentity | None = None,
    ) -> ProposalAnswer:
        """Ask a system chaincode of a department's peer, as its administrator."""
        return await self.driver.run(
            process_proposal(
                department.peer, identity or department.admin, channel, chaincode, list(arguments)
            )
        )

    async def deploy(
        self,
        name: str,
        *,
        version: str = "1.0",
        sequence: int = 1,
        policy: bytes = b"",
        init_required: bool = False,
        collections: collection_pb2.CollectionConfigPackage | None = None,
    ) -> str:
        """Install, approve and commit a chaincode for everybody; answers the package id."""
        package = contract_package(name)
        for department in self.departments.values():
            request = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=package.data)
            answer = await self.system(
                department, "", "_lifecycle", b"InstallChaincode", request.SerializeToString()
            )
            assert answer.status == 200 or "already successfully installed" in answer.message
            approval = lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs(
                name=name,
                version=version,
                sequence=sequence,
                validation_parameter=policy,
                init_required=init_required,
                collections=collections,
            )
            approval.source.local_package.package_id = package.package_id
            await self.driver.run(
                submit(
                    [department.peer],
                    department.admin,
                    CHANNEL,
                    "_lifecycle",
                    [b"ApproveChaincodeDefinitionForMyOrg", approval.SerializeToString()],
                    endorsing_organizations=[department.msp_id],
                )
            )
        definition = lifecycle_pb2.CommitChaincodeDefinitionArgs(
            name=name,
            version=version,
            sequence=sequence,
            validation_parameter=policy,
            init_required=init_required,
            collections=collections,
        )
        await self.driver.run(
            submit(
                [self.first.peer],
                self.first.admin,
                CHANNEL,
                "_lifecycle",
                [b"CommitChaincodeDefinition", definition.SerializeToString()],
                endorsing_organizations=self.all_msp_ids,
            )
        )
        return package.package_id


def participation(network: LedgerNetwork) -> Rest:
    """Return the request that makes the orderer join the channel."""
    return Rest(
        network.orderer_admin,
        "POST",
        "/participation/v1/channels",
        files={"config-block": network.genesis.SerializeToString()},
    )


def contract_package(label: str) -> ChaincodePackage:
    """Return a package whose address and root certificate each peer's builder fills in."""
    return ChaincodePackage.build(
        label,
        {
            "address": "{{.address}}",
            "dial_timeout": "5s",
            "tls_required": True,
            "root_cert": "{{.root_cert}}",
        },
    )


def contract_host(department: Department, package_id: str, contracts: Sequence[str]) -> HostConfig:
    """Return the host that serves these contract classes ("module:Class") as a department's contract."""
    tls = department.tls(f"contract-{department.contract_address.rpartition(':')[2]}")
    service = {
        "package_id": package_id,
        "address": department.contract_address,
        "contracts": list(contracts),
        "tls_certificate": str(tls.certificate),
        "tls_key": str(tls.key),
    }
    return HostConfig(
        name=department.name,
        argv=[sys.executable, "-m", "pyfabric.chaincode.host"],
        services={"services": [service]},
    )


def _watched(node: NodeConfig) -> NodeConfig:
    roots = node.tls.certificate.parent / "ca.crt"
    return node.model_copy(
        update={"operations_address": free_address(), "operations_client_roots": roots}
    )


def _peer_config(department: Department, *, mutual_tls: bool) -> PeerConfig:
    msp, tls = department.node(department.peer_name, "peer")
    if mutual_tls:
        tls = tls.model_copy(update={"client_roots": tls.certificate.parent / "ca.crt"})
    return PeerConfig(
        name=department.peer_name,
        msp_id=department.msp_id,
        address=department.peer_address,
        msp=msp,
        tls=tls,
        builder={
            "address": department.contract_address,
            "root_cert": department.tls_ca.certificate_pem.decode(),
        },
    )


def _model(
    departments: Mapping[str, Department],
    config: LedgerConfig,
    batch_timeout: float,
    acls: Mapping[str, str],
    orderer_options: Mapping[str, Any],
) -> ChannelModel:
    first = next(iter(departments.values()))
    orderer = config.orderers[0]
    address = Address.parse(orderer.address)
    certificate = orderer.tls.certificate.read_bytes()
    ordering = OrganizationModel(
        name="Orderers",
        msp=first.definition,
        policies=organization_policies(first.msp_id),
        endpoints=(orderer.address,),
    )
    organizations = tuple(
        OrganizationModel(
            name=one.msp_id, msp=one.definition, policies=organization_policies(one.msp_id)
        )
        for one in departments.values()
    )
    application = ApplicationModel(organizations=organizations, acls=acls)
    return ChannelModel(
        channel_id=CHANNEL,
        orderer=OrdererModel(
            organizations=(ordering,),
            consensus=RaftModel(
                consenters=(
                    ConsenterModel(
                        host=address.host,
                        port=address.port,
                        client_tls_certificate=certificate,
                        server_tls_certificate=certificate,
                    ),
                )
            ),
            policies=orderer_policies([first.msp_id]),
            batch_timeout=batch_timeout,
            **orderer_options,
        ),
        application=application,
    )
