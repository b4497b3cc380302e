"""SUPPORTED.md is correct: what is supported exists, and what is refused is refused with that text."""

import json
import os
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from pyfabric._http.server import Request
from pyfabric.admin.config.update import compute_update, config_signature, signature_header
from pyfabric.ca_server.endpoints import Endpoints
from pyfabric.ca_server.refusals import RefusedError
from pyfabric.ca_server.requests import enrollment
from pyfabric.errors import FabricError, OrdererError
from pyfabric.identity import parsing
from pyfabric.identity.chains import Pool, unique_chain
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.msp import MSP
from pyfabric.ledger.channel.limits import check_validation
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.conftest import ROOT
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork
from tests.support.ledger.ordering import CHANNEL as COUNCIL_CHANNEL
from tests.support.ledger.ordering import NOW, Council, OrderingService
from tests.support.ledger.raw_gateway import RawGateway
from tests.support.municipal import records
from tests.unit.ledger_peer.conftest import World
from tools.make_supported import FILE, page
from tools.supported import (
    CA_PATH,
    IDEMIX,
    OPERATIONS,
    PARTICIPATION,
    REFUSED_SERVICES,
    SERVICES,
    refused,
    sections,
)

in_loop = pytest.mark.asyncio(loop_scope="module")
Ask = Callable[[World], Awaitable[str]]
Change = Callable[[Any], object]


def test_the_page_is_as_the_tables_are() -> None:
    assert FILE.read_text(encoding="utf-8") == page(), "run tools/make_supported.py"


def test_nothing_is_there_twice() -> None:
    names = [item.name for section in sections() for item in section.items]
    assert len(names) == len(set(names))


def orderer(world: World) -> RawGateway:
    return RawGateway(world.network.first.endpoint(world.network.config.orderers[0].address))


@in_loop
async def test_every_method_that_is_supported_is_there(world: World) -> None:
    ordering = orderer(world)
    for service, methods in SERVICES.items():
        node = ordering if service.startswith("orderer.") else world.gateway
        for method in methods:
            found = await node.call(f"/{service}/{method}", b"\xff", timeout=1)
            assert not found.message.startswith("unknown "), (service, method)
    await ordering.close()


@in_loop
async def test_every_path_of_the_participation_api_is_there(world: World) -> None:
    async with http(world) as client:
        for line in PARTICIPATION:
            verb, path = line.split(" ")
            answer = await client.request(verb, path.format(channel="nochan", block="newest"))
            assert answer.status_code in (200, 400, 404), line
            assert "page not found" not in answer.text, line


@pytest.mark.asyncio
async def test_every_path_of_the_operations_is_there(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ["Land"])
    network.watch()
    async with network.running():
        orderer = network.config.orderers[0]
        folder = orderer.tls.certificate.parent
        context = ssl.create_default_context(cafile=folder / "ca.crt")
        context.load_cert_chain(orderer.tls.certificate, orderer.tls.key)
        base = f"https://{orderer.operations_address}"
        async with httpx.AsyncClient(verify=context, base_url=base, trust_env=False) as client:
            for line in OPERATIONS:
                verb, path = line.split(" ")
                content = b'{"spec":"info"}' if verb == "PUT" else None
                answer = await client.request(verb, path, content=content)
                assert answer.status_code in (200, 204), line


def http(world: World) -> httpx.AsyncClient:
    """Return a client of the orderer's participation API."""
    endpoint = world.network.orderer_admin
    folder = world.network.config.folder
    for name, content in (("c.pem", endpoint.client_certificate), ("k.pem", endpoint.client_key)):
        assert content is not None
        (folder / name).write_bytes(content)
    context = ssl.create_default_context(cadata=endpoint.tls_roots.decode())
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")
    return httpx.AsyncClient(
        verify=context, base_url=f"https://{endpoint.address}", trust_env=False, timeout=30
    )


# Refusals, by the names in the tables.


def method(path: str) -> Ask:
    async def ask(world: World) -> str:
        ordering = orderer(world)
        node = ordering if path.startswith("orderer.") else world.gateway
        found = await node.call(f"/{path}", b"")
        await ordering.close()
        return f"{found.code}: {found.message}"

    return ask


async def profile(world: World) -> str:
    async with http(world) as client:
        return (await client.get("/debug/pprof/")).text.strip()


async def snapshot(world: World) -> str:
    first = world.network.first
    answer = await world.network.system(first, "", "cscc", b"JoinChainBySnapshot", b"folder")
    return answer.message


async def legacy(world: World) -> str:
    first = world.network.first
    answer = await world.network.system(first, CHANNEL, "lscc", b"GetChaincodes")
    return answer.message


async def rich_query(world: World) -> str:
    answer = await world.network.system(
        world.network.first, CHANNEL, "asset", b"query", identity=world.network.first.user()
    )
    return answer.message


async def other_package(world: World) -> str:
    package = (ROOT / "tests" / "vectors" / "4-packages" / "cli-golang-g.1+x-go.tgz").read_bytes()
    request = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=package)
    answer = await world.network.system(
        world.network.first, "", "_lifecycle", b"InstallChaincode", request.SerializeToString()
    )
    return answer.message


def configuration(change: Change) -> Ask:
    """Return what is said of a channel's configuration after a change."""

    async def ask(world: World) -> str:
        _, config = config_from_block(world.network.genesis)
        changed = configtx_pb2.Config()
        changed.CopyFrom(config)
        change(changed.channel_group)
        with pytest.raises(FabricError) as caught:
            check_validation(ChannelConfig(changed, channel_id=CHANNEL))
        return str(caught.value)

    return ask


def unknown_value(group: Any) -> None:
    group.values["{key}"].mod_policy = "Admins"


def no_application_capabilities(group: Any) -> None:
    value = group.groups["Application"].values["Capabilities"]
    value.value = b""


def msp_policy(group: Any) -> None:
    group.policies["Readers"].policy.type = 2


def idemix(group: Any) -> None:
    organization = next(iter(group.groups["Application"].groups.values()))
    organization.values["MSP"].value = msp_config_pb2.MSPConfig(type=1).SerializeToString()


def expression(text: str) -> Ask:
    async def ask(_: World) -> str:
        with pytest.raises(FabricError) as caught:
            parse_signature_policy(text)
        return str(caught.value)

    return ask


def council_update(change: Change, *, bft: bool) -> Ask:
    """Return what an orderer of another channel says of an update that everybody has signed."""

    async def ask(world: World) -> str:
        council = Council(4 if bft else 1, bft=bft)
        service = OrderingService(world.network.config.folder / os.urandom(4).hex(), council)
        for one in service.orderers:
            one.join(council.genesis())
        before = service.ledger.config.raw
        after = configtx_pb2.Config()
        after.CopyFrom(before)
        change(after.channel_group)
        raw = compute_update(COUNCIL_CHANNEL, before.SerializeToString(), after.SerializeToString())
        signed = configtx_pb2.ConfigUpdateEnvelope(config_update=raw)
        for admin in (council.ordering.admin, *(one.admin for one in council.departments)):
            header = signature_header(admin.serialized(), bytes(24))
            signature = config_signature(header, admin.sign(header + raw))
            signed.signatures.append(configtx_pb2.ConfigSignature.FromString(signature))
        envelope = records.signed(
            signed.SerializeToString(),
            signer=council.ordering.admin,
            kind=common_pb2.HeaderType.CONFIG_UPDATE,
            channel=COUNCIL_CHANNEL,
            moment=NOW,
        )
        status, info = await service.orderers[0].broadcast(envelope)
        await service.close()
        assert status == 400
        return info

    return ask


def unknown_capability(group: Any) -> None:
    found = configuration_pb2.Capabilities.FromString(group.values["Capabilities"].value)
    found.capabilities["V9_9"].SetInParent()
    group.values["Capabilities"].value = found.SerializeToString()


def no_options(group: Any) -> None:
    value = group.groups["Orderer"].values["ConsensusType"]
    found = orderer_pb2.ConsensusType.FromString(value.value)
    found.metadata = b""
    value.value = found.SerializeToString()


def joining(change: Callable[[common_pb2.Block], common_pb2.Block]) -> Ask:
    async def ask(world: World) -> str:
        council = Council(1, bft=False)
        service = OrderingService(world.network.config.folder / os.urandom(4).hex(), council)
        with pytest.raises(OrdererError) as caught:
            service.orderers[0].join(change(council.genesis()))
        await service.close()
        return f"cannot join: {caught.value.message}"

    return ask


def as_solo(block: common_pb2.Block) -> common_pb2.Block:
    def change(group: Any) -> None:
        value = group.groups["Orderer"].values["ConsensusType"]
        value.value = orderer_pb2.ConsensusType(type="solo").SerializeToString()

    envelope = common_pb2.Envelope.FromString(block.data.data[0])
    payload = common_pb2.Payload.FromString(envelope.payload)
    config = configtx_pb2.ConfigEnvelope.FromString(payload.data)
    change(config.config.channel_group)
    payload.data = config.SerializeToString()
    envelope.payload = payload.SerializeToString()
    block.data.data[0] = envelope.SerializeToString()
    return block


def later(block: common_pb2.Block) -> common_pb2.Block:
    block.header.number = 7
    return block


async def hash_family(_: World) -> str:
    with pytest.raises(FabricError) as caught:
        MSP(MSPDefinition(msp_id="A", root_certificates=(), signature_hash_family="SHA3"))
    return str(caught.value)


def chain_problem(*extensions: x509.ExtensionType, pss: bool = False) -> Ask:
    """Return what is said of a certificate whose authority is particular."""

    async def ask(_: World) -> str:
        key = (
            rsa.generate_private_key(65537, 2048)
            if pss
            else ec.generate_private_key(ec.SECP256R1())
        )
        options = {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA256()), 32)} if pss else {}
        authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "limited")])

        def certificate(subject: x509.Name, public: Any, *, ca: bool) -> parsing.Certificate:
            builder = (
                x509.CertificateBuilder()
                .subject_name(subject)
                .issuer_name(authority)
                .public_key(public)
                .serial_number(1)
                .not_valid_before(NOW)
                .not_valid_after(NOW + timedelta(days=1))
                .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            )
            for one in extensions if ca else ():
                builder = builder.add_extension(one, critical=False)
            signed = builder.sign(key, hashes.SHA256(), **options)
            return parsing.read_der(signed.public_bytes(Encoding.DER))

        root = certificate(authority, key.public_key(), ca=True)
        member = ec.generate_private_key(ec.SECP256R1()).public_key()
        leaf = certificate(x509.Name([]), member, ca=False)
        with pytest.raises(FabricError) as caught:
            unique_chain(leaf, Pool([root]), Pool([]))
        return str(caught.value)

    return ask


def ca_path(path: str) -> Ask:
    """Return what asks a CA server for a path."""

    async def ask(_: World) -> str:
        response = Endpoints({}).answer(Request("POST", path, {}, b"{}"))
        return response.body.decode().strip()

    return ask


def enrolment(**content: Any) -> Ask:
    """Return what enrolls with a signing request like this."""

    async def ask(_: World) -> str:
        with pytest.raises(RefusedError) as caught:
            enrollment(json.dumps(content).encode())
        return str(caught.value)

    return ask


NAMES = x509.NameConstraints([x509.DNSName("a.b")], None)
REFUSALS: Mapping[str, Ask] = {
    **{
        f"{service}/{name}": method(f"{service}/{name}")
        for service, names in REFUSED_SERVICES.items()
        for name in names
    },
    "GET /debug/pprof/": profile,
    **{f"POST {CA_PATH}{one}": ca_path(f"{CA_PATH}{one}") for one in IDEMIX},
    "crl_override of an enrolment": enrolment(crl_override="http://a.b"),
    "serial of an enrolment": enrolment(serial=7),
    "extensions of an enrolment": enrolment(extensions=[{"id": "1.2.3"}]),
    "ReturnPrecert of an enrolment": enrolment(ReturnPrecert=True),
    "cscc/JoinChainBySnapshot": snapshot,
    "lscc": legacy,
    "GET_QUERY_RESULT": rich_query,
    "any other type": other_package,
    "any other value": configuration(unknown_value),
    "/Channel/Consortiums": configuration(lambda group: group.groups["Consortiums"].SetInParent()),
    "Application without V2_0 and V2_5": configuration(no_application_capabilities),
    "any other, Channel or Orderer": council_update(unknown_capability, bft=False),
    "any other ConsensusType": joining(as_solo),
    "joining by a block of a chain that this process does not have": joining(later),
    "an update to application capabilities that no peer has": council_update(
        lambda group: unknown_capability(group.groups["Application"]), bft=False
    ),
    "an update to invalid SmartBFT options": council_update(no_options, bft=True),
    "policies of type MSP and UNKNOWN": configuration(msp_policy),
    "expressions with a condition (? :)": expression("OR('A.member') ? 1 : 2"),
    "expressions with a comment": expression("OR('A.member') // all"),
    "expressions with an escape in a text": expression("OR('A\\.member')"),
    "Idemix MSPs": configuration(idemix),
    "SHA-3 for signatures or identifiers": hash_family,
    "name constraints, policy mappings and policy constraints in a CA certificate": chain_problem(
        NAMES
    ),
    "CA certificates signed with RSA-PSS": chain_problem(pss=True),
}


def test_every_refusal_is_asked_for() -> None:
    assert {item.name for item in refused()} == set(REFUSALS)


@in_loop
@pytest.mark.parametrize("name", [item.name for item in refused()])
async def test_what_is_refused_is_refused_in_these_words(world: World, name: str) -> None:
    item = next(one for one in refused() if one.name == name)
    said = await REFUSALS[name](world)
    shown = re.sub("[0-9a-f]{64}", "{txid}", said)
    for channel in (CHANNEL, COUNCIL_CHANNEL):
        shown = re.sub(rf"\bchannel {channel}\b", "channel {channel}", shown)
    # Fabric says before it where this came up.
    assert shown.replace("no block 7", "no block {number}").endswith(item.answer)
