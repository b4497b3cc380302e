"""Mutual TLS, a channel's own ACLs, a peer without the chaincode, a peer outside the channel."""

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pyfabric.client.transactions import process_proposal
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork, contract_package
from tests.support.ledger.raw_gateway import Draft, Outcome, RawGateway
from tests.unit.ledger_peer.conftest import Contracts
from tests.unit.ledger_peer.test_streams import deliver, kinds, seek

pytestmark = pytest.mark.asyncio

NO_PLAN = "no combination of peers can be derived which satisfy the endorsement policy: "


async def test_mutual_tls_binds_requests_to_the_certificate(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",), mutual_tls=True)
    first = network.first
    async with network.running():
        endpoint = first.mutual_endpoint(first.peer_address)
        block = network.genesis.SerializeToString()
        joined = await network.driver.run(
            process_proposal(endpoint, first.admin, "", "cscc", [b"JoinChain", block])
        )
        assert joined.status == 200
        assert endpoint.client_certificate is not None
        certificate = x509.load_pem_x509_certificate(endpoint.client_certificate)
        digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
        known, unknown = RawGateway(endpoint), RawGateway(first.peer)
        try:
            user = first.user()
            good = seek(user, 0, 0, certificate_hash=digest)
            assert kinds(await deliver(known, good)) == ["block", 200]
            for wrong in (b"", b"\x01" * 32):
                request = seek(user, 0, 0, certificate_hash=wrong)
                assert kinds(await deliver(known, request)) == [400]
            refused = await unknown.evaluate(Draft(user, CHANNEL, "qscc", [b"GetChainInfo"]))
            assert refused.code == "UNAVAILABLE"
        finally:
            await known.close()
            await unknown.close()


async def test_acls_of_the_channel(tmp_path: Path) -> None:
    network = LedgerNetwork.make(
        tmp_path,
        ("EconInfo",),
        acls={"peer/Propose": "Admins", "qscc/GetChainInfo": "/Channel/Application/Admins"},
    )
    first = network.first
    async with network.running():
        await network.create_channel()
        refusal = (
            "failed evaluating policy on signed data during check policy "
            "[/Channel/Application/Admins]: [implicit policy evaluation failed - 0 sub-policies "
            "were satisfied, but this policy requires 1 of the 'Admins' sub-policies to be "
            "satisfied]"
        )
        query = (b"GetChainInfo", CHANNEL.encode())
        answer = await network.system(first, CHANNEL, "qscc", *query, identity=first.user())
        assert answer.message == f"access denied for [GetChainInfo][{CHANNEL}]: [{refusal}]"
        assert (await network.system(first, CHANNEL, "qscc", *query)).status == 200
        gateway = RawGateway(first.peer)
        try:
            answer_to_user = await gateway.process(Draft(first.user(), CHANNEL, "nocc", [b"x"]))
            assert answer_to_user == Outcome("UNKNOWN", refusal)
            allowed = await gateway.process(Draft(first.admin, CHANNEL, "nocc", [b"x"]))
            assert allowed.code == "OK"
        finally:
            await gateway.close()


async def test_peers_without_the_chaincode(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo", "MktSup", "Haidian"))
    async with network.running():
        await network.create_channel()
        package_id = await network.deploy("asset")
        contracts = Contracts(network, package_id)
        await contracts.start()
        first = network.first
        gateway = RawGateway(first.peer)
        try:
            proposal = Draft(first.user(), CHANNEL, "asset", [b"put", b"k", b"v"])
            for name in ("EconInfo", "MktSup"):
                store = network.node.peers[network.departments[name].peer_name].peer  # type: ignore[union-attr]
                path = store.packages._path(package_id)
                path.unlink()
                store.packages._labels.clear()
                store.install(contract_package("other"))
            answered = await gateway.evaluate(Draft(first.user(), CHANNEL, "asset", [b"get", b"k"]))
            assert answered.code == "OK"
            protected = await gateway.evaluate(
                Draft(first.user(), CHANNEL, "asset", [b"get", b"k"], transient={"a": b"b"})
            )
            assert protected == Outcome(
                "FAILED_PRECONDITION",
                "no endorsers found in the gateway's organization; retry specifying target "
                "organization(s) to protect transient data: no peers available to evaluate "
                f"chaincode asset in channel {CHANNEL}",
            )
            assert await gateway.endorse(proposal) == Outcome(
                "FAILED_PRECONDITION",
                f"{NO_PLAN}required chaincodes are not installed on sufficient peers",
            )
            assert await gateway.endorse(proposal.but(transient={"a": b"b"})) == Outcome(
                "FAILED_PRECONDITION",
                "no endorsers found in the gateway's organization; retry specifying endorsing "
                "organization(s) to protect transient data",
            )
            direct = await gateway.process(proposal)
            assert direct.response.response.message == (
                "make sure the chaincode asset has been successfully defined on channel "
                f"{CHANNEL} and try again: chaincode definition for 'asset' exists, but chaincode "
                "is not installed"
            )
        finally:
            await gateway.close()
            await contracts.stop()


async def test_a_peer_outside_the_channel(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo", "MktSup"))
    first, other = network.departments["EconInfo"], network.departments["MktSup"]
    async with network.running():
        block = network.genesis.SerializeToString()
        assert (await network.system(first, "", "cscc", b"JoinChain", block)).status == 200
        gateway = RawGateway(other.peer)
        try:
            proposal = Draft(other.user(), CHANNEL, "qscc", [b"GetChainInfo", CHANNEL.encode()])
            evaluated = await gateway.evaluate(proposal)
            assert evaluated.message == (
                f"failed to get config for channel [{CHANNEL}]: could not get last config for "
                f"channel {CHANNEL}"
            )
            direct = await gateway.process(proposal)
            assert direct.response.response.message == f"channel '{CHANNEL}' not found"
            assert kinds(await deliver(gateway, seek(other.user(), 0, 0))) == [404]
        finally:
            await gateway.close()


async def test_channels_survive_a_restart(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",))
    first = network.first
    async with network.running():
        await network.create_channel()
        await network.deploy("asset")
    async with network.running():
        answer = await network.system(
            first, CHANNEL, "_lifecycle", b"QueryChaincodeDefinitions", b""
        )
        assert b"asset" in answer.payload
        approved = await network.system(
            first, CHANNEL, "_lifecycle", b"QueryApprovedChaincodeDefinitions", b""
        )
        assert b"asset" in approved.payload
        await network.deploy("asset", sequence=2, version="2.0")
