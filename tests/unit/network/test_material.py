"""Key material: complete, loadable as Fabric loads it, and never made twice."""

import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from fabric_protos.common import common_pb2
from fabric_protos.orderer.configuration_pb2 import ConsensusType
from fabric_protos.orderer.smartbft.configuration_pb2 import Options
from pyfabric_network.material.genesis import make_genesis_block
from pyfabric_network.material.keys import make_material, missing_material
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import IdentityError, NetworkError, PolicyError
from pyfabric.identity.certificates import certificate_attributes, load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.keys import load_private_key
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.msp import MSP
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import ChannelConfig

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


BFT = """\
name: small
departments:
  Tax: { peers: 2, anchor_peers: 2, intermediate_ca: true }
  Health: {}
ordering: { consensus: bft, nodes: [Tax, Health, Tax, Health], batch: { timeout: 300ms, max_messages: 900 } }
channels:
  bills:
    departments: [Tax, Health]
    policies: { BlockReaders: ANY Admins }
    acls: { event/Block: BlockReaders, qscc/GetChainInfo: /Channel/Application/TaxMSP/Admins }
"""


@pytest.fixture
def bft(tmp_path: Path) -> Plan:
    file = tmp_path / "small.yaml"
    file.write_text(BFT, encoding="utf-8")
    made = make_plan(load_topology(file), tmp_path / "small", base_port=17000)
    make_material(made, now=NOW)
    return made


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    topology = load_topology(bundled_topologies()["quickstart"])
    made = make_plan(topology, tmp_path / "quickstart", base_port=topology.base_port)
    make_material(made, now=NOW)
    return made


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_member_is_valid_in_its_own_organisation_and_has_its_role(
    plan: Plan, bft: Plan
) -> None:
    for organization in (*plan.own_organizations, *bft.own_organizations):
        msp = MSP(MSPDefinition.from_folder(organization.msp, organization.msp_id))
        for member in organization.members():
            identity = load_msp_folder(member.msp, organization.msp_id)
            known = msp.deserialize(identity.serialized())
            known.validate()
            known.verify(b"message", identity.sign(b"message"))
            subject = known.certificate.subject.rfc4514_string()
            assert f"OU={member.unit}" in subject


def test_orderers_have_nothing_in_common_with_the_peers_of_their_department(plan: Plan) -> None:
    """Gossip takes an identity for a member of any channel whose MSPs know it, the orderers' too."""
    department = plan.departments["EconInfo"]
    assert department.ordering is not None
    peers = MSP(MSPDefinition.from_folder(department.msp, "EconInfoMSP"))
    orderers = MSP(MSPDefinition.from_folder(department.ordering.msp, "EconInfoOrdererMSP"))
    for msp, member in (
        (orderers, department.peers[0].member),
        (orderers, department.admin),
        (peers, department.orderers[0].member),
        (peers, department.ordering.admin),
    ):
        with pytest.raises(IdentityError, match="unknown authority"):
            msp.identity(member.certificate.read_bytes())
    roots = [one.tls_ca / "ca.pem" for one in department.organizations]
    assert roots[0].read_bytes() != roots[1].read_bytes()
    assert department.orderers[0].member.tls_roots.read_bytes() == roots[0].read_bytes()


def test_attributes_are_in_the_certificate(plan: Plan) -> None:
    clerk = plan.departments["Haidian"].users["clerk"]
    certificate = load_certificate(clerk.certificate.read_bytes())
    assert certificate_attributes(certificate) == {"role": "clerk", "staff": "HDG-0003"}


def test_private_keys_are_for_their_owner_alone(plan: Plan) -> None:
    keys = [path for path in plan.root.rglob("*") if path.name.endswith((".key", "_sk"))]
    assert len(keys) >= 20
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_a_department_s_peers_are_clients_of_contracts_with_a_key_of_its_own(plan: Plan) -> None:
    department = plan.departments["Haidian"]
    client = department.contract_client
    certificate = load_certificate(client.tls_certificate.read_bytes())
    certificate.verify_directly_issued_by(certificate)
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    members = [*department.members(), *department.tls_only]
    keys = [member.tls_key.read_bytes() for member in members]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("lost", ["client.crt", "client.key", "ca.crt"])
def test_a_pair_that_is_not_whole_is_made_again_whole(plan: Plan, lost: str) -> None:
    client = plan.departments["Haidian"].contract_client
    before = client.tls_key.read_bytes()
    (client.tls / lost).unlink()
    assert missing_material(plan) == [client]
    make_material(plan, now=NOW)
    assert client.tls_key.read_bytes() != before
    certificate = load_certificate(client.tls_certificate.read_bytes())
    assert load_private_key(client.tls_key.read_bytes()).public_key() == certificate.public_key()
    assert missing_material(plan) == []


def test_nothing_that_exists_is_made_again(plan: Plan) -> None:
    before = contents(plan.root)
    make_material(plan, now=NOW)
    assert contents(plan.root) == before


def test_what_a_killed_run_left_out_is_made(plan: Plan) -> None:
    admin = plan.departments["Haidian"].admin
    (admin.msp / "keystore" / "priv_sk").unlink()
    (admin.tls / "client.key").unlink()
    make_material(plan, now=NOW)
    load_msp_folder(admin.msp, "HaidianMSP")
    assert (admin.tls / "client.key").exists()


def test_changed_attributes_give_a_new_certificate(plan: Plan, tmp_path: Path) -> None:
    text = bundled_topologies()["quickstart"].read_text(encoding="utf-8")
    changed = tmp_path / "quickstart.yaml"
    changed.write_text(text.replace("role: clerk", "role: head"), encoding="utf-8")
    after = make_plan(load_topology(changed), plan.root, base_port=17000)
    make_material(after, now=NOW)
    clerk = after.departments["Haidian"].users["clerk"]
    certificate = load_certificate(clerk.certificate.read_bytes())
    assert certificate_attributes(certificate) == {"role": "head", "staff": "HDG-0003"}


def test_the_genesis_block_holds_the_topology(plan: Plan) -> None:
    channel = plan.channels["directory"]
    raw = make_genesis_block(plan, channel, timestamp=NOW, nonce=bytes(24))
    config = ChannelConfig.from_block(common_pb2.Block.FromString(raw))
    assert set(config.application_organizations) == {"EconInfoMSP", "MktSupMSP", "HaidianMSP"}
    assert config.orderer_addresses == ("127.0.0.1:17020",)
    assert config.batch.timeout == pytest.approx(0.1)
    anchors = config.application_organizations["HaidianMSP"].anchor_peers
    assert anchors == ("127.0.0.1:17100",)
    assert set(config.orderer_organizations) == {"EconInfoOrdererMSP"}
    orderer = load_msp_folder(plan.orderers[0].member.msp, "EconInfoOrdererMSP")
    signer = config.msp_manager.deserialize(orderer.serialized())
    config.policy("/Channel/Orderer/BlockValidation").evaluate_identities([signer])


def test_a_bft_block_names_every_orderer_and_asks_for_a_quorum(bft: Plan) -> None:
    raw = make_genesis_block(bft, bft.channels["bills"], timestamp=NOW, nonce=bytes(24))
    config = ChannelConfig.from_block(common_pb2.Block.FromString(raw))
    assert config.consensus_type == "BFT"
    nodes = sorted(bft.orderers, key=lambda node: node.inside.port)
    assert [(one.number, one.port, one.msp_id, one.identity) for one in config.consenters] == [
        (number, node.inside.port, node.msp_id, node.member.certificate.read_bytes())
        for number, node in enumerate(nodes, start=1)
    ]
    signers = [
        config.msp_manager.deserialize(load_msp_folder(node.member.msp, node.msp_id).serialized())
        for node in nodes
    ]
    rule = config.policy("/Channel/Orderer/BlockValidation")
    rule.evaluate_identities(signers[:3])
    with pytest.raises(PolicyError):
        rule.evaluate_identities(signers[:2])


def test_a_bft_block_has_the_times_of_the_topology(bft: Plan) -> None:
    raw = make_genesis_block(bft, bft.channels["bills"], timestamp=NOW, nonce=bytes(24))
    _, config = config_from_block(common_pb2.Block.FromString(raw))
    value = config.channel_group.groups["Orderer"].values["ConsensusType"].value
    options = Options.FromString(ConsensusType.FromString(value).metadata)
    times = {
        field.name: getattr(options, field.name)
        for field in Options.DESCRIPTOR.fields
        if field.name.endswith(("_timeout", "_interval"))
    }
    assert times == {
        "request_batch_max_interval": "300ms",
        "request_forward_timeout": "1.3s",
        "request_complain_timeout": "4.3s",
        "request_auto_remove_timeout": "2m44.3s",
        "view_change_resend_interval": "750ms",
        "view_change_timeout": "3s",
        "leader_heartbeat_timeout": "6s",
        "collect_timeout": "1s",
    }


def test_a_genesis_block_has_anchors_acls_policies_and_intermediate_cas(bft: Plan) -> None:
    raw = make_genesis_block(bft, bft.channels["bills"], timestamp=NOW, nonce=bytes(24))
    config = ChannelConfig.from_block(common_pb2.Block.FromString(raw))
    anchors = config.application_organizations["TaxMSP"].anchor_peers
    assert anchors == ("127.0.0.1:17000", "127.0.0.1:17002")
    assert config.acls == {
        "event/Block": "/Channel/Application/BlockReaders",
        "qscc/GetChainInfo": "/Channel/Application/TaxMSP/Admins",
    }
    for name in ("Tax", "Health"):
        admin = load_msp_folder(bft.departments[name].admin.msp, f"{name}MSP")
        known = config.msp_manager.deserialize(admin.serialized())
        config.policy("/Channel/Application/BlockReaders").evaluate_identities([known])


def test_the_key_of_a_root_above_an_intermediate_ca_can_be_put_away(bft: Plan) -> None:
    tax = bft.departments["Tax"]
    (tax.root_ca / "ca.key").unlink()
    shutil.rmtree(tax.admin.msp)
    make_material(bft, now=NOW)
    issued = load_certificate(tax.admin.certificate.read_bytes())
    authority = load_certificate((tax.ca / "ca.pem").read_bytes())
    root = load_certificate((tax.root_ca / "ca.pem").read_bytes())
    assert issued.issuer == authority.subject
    assert authority.issuer == root.subject


def test_a_department_whose_ca_is_gone_is_not_made_anew_beside_its_blocks(plan: Plan) -> None:
    block = plan.channels["directory"].block
    block.parent.mkdir()
    block.write_bytes(b"block")
    (plan.departments["Haidian"].ca / "ca.key").unlink()
    with pytest.raises(NetworkError, match="haidian/ca is missing"):
        make_material(plan, now=NOW)
