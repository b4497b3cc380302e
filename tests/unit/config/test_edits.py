"""Edits, against the configurations that Fabric's own tools made of the same change (2-config-updates)."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from fabric_protos.common import configtx_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2

from pyfabric.admin import (
    AnchorPeer,
    ConsenterModel,
    OrganizationModel,
    compute_update,
    organization_policies,
)
from pyfabric.admin.channels import (
    AddConsenter,
    AddOrganization,
    AddToMSP,
    Edit,
    JSONPatch,
    RemoveACLs,
    RemoveConsenter,
    RemoveFromMSP,
    RemoveOrganization,
    RemovePolicy,
    ReplaceConsenter,
    SetACLs,
    SetAnchorPeers,
    SetBatch,
    SetCapabilities,
    SetConsensusOptions,
    SetEndpoints,
    SetMaintenance,
    SetModPolicy,
    SetMSP,
    SetOrdererAddresses,
    SetPolicy,
    differences,
    edit_config,
    edit_warnings,
    read_edit,
)
from pyfabric.errors import ConfigError
from pyfabric.identity.definition import MSPDefinition

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "2-config-updates"
BASE = (VECTORS / "_base" / "config.pb").read_bytes()


def config(case: str, name: str) -> configtx_pb2.Config:
    return configtx_pb2.Config.FromString((VECTORS / case / f"{name}.pb").read_bytes())


def organization(name: str, msp_id: str) -> OrganizationModel:
    return OrganizationModel(
        name=name,
        msp=MSPDefinition.from_folder(VECTORS / "_base" / "msp" / name, msp_id),
        policies=organization_policies(msp_id),
    )


TLS = (VECTORS / "_base" / "tls" / "orderer2.ord.test.crt").read_bytes()


def rotated() -> bytes:
    """Return the TLS certificate that Fabric's tools put in place of the second consenter's."""
    metadata = etcdraft_pb2.ConfigMetadata.FromString(
        orderer_pb2.ConsensusType.FromString(
            config("tls-rotate", "modified")
            .channel_group.groups["Orderer"]
            .values["ConsensusType"]
            .value
        ).metadata
    )
    return bytes(metadata.consenters[1].server_tls_cert)


NEW_TLS = rotated()
EAST_ANCHORS = tuple(AnchorPeer(f"peer{number}.east.test", 7051 + number) for number in (0, 1))
ENDPOINTS = tuple(f"orderer{number}.ord.test:{7050 + number}" for number in (1, 2, 3, 4))
BATCH = SetBatch(max_message_count=99, preferred_max_bytes=1024 * 1024, timeout=0.35)
SAME: dict[str, Sequence[Edit]] = {
    "acl-add": [SetACLs({"event/Block": "/Channel/Application/Admins", "peer/Propose": "Writers"})],
    "add-consenter": [
        AddConsenter(
            ConsenterModel(
                host="orderer4.ord.test",
                port=7054,
                client_tls_certificate=NEW_TLS,
                server_tls_certificate=NEW_TLS,
            )
        ),
        SetEndpoints("Ord", ENDPOINTS),
    ],
    "add-orderer-org": [AddOrganization("orderer", organization("Ord2", "Ord2MSP"))],
    "add-org": [AddOrganization("application", organization("Newcomer", "NewMSP"))],
    "anchors": [SetAnchorPeers("East", EAST_ANCHORS)],
    "anchors-change": [SetAnchorPeers("EastMSP", (AnchorPeer("peer9.east.test", 9051),))],
    "anchors-remove": [SetAnchorPeers("East", ())],
    "batch": [BATCH],
    "capabilities": [
        SetCapabilities("channel", ("V3_0",)),
        SetCapabilities("application", ("V2_5",)),
    ],
    "group-modpolicy": [
        SetModPolicy("/Channel/Application/West", "group", "/Channel/Application/Admins")
    ],
    "maintenance": [SetMaintenance(on=True)],
    "modpolicy": [
        SetModPolicy("/Channel/Application/Writers", "policy", "/Channel/Orderer/Admins")
    ],
    "msp-crl": [AddToMSP("East", "crls", ((VECTORS / "msp-crl" / "crl.pem").read_bytes(),))],
    "policy-add-remove": [
        SetPolicy("/Channel/Application/Audit", "ANY Readers"),
        RemovePolicy("/Channel/Application/LifecycleEndorsement"),
    ],
    "policy-one": [SetPolicy("/Channel/Application/Endorsement", "OR('EastMSP.peer')")],
    "remove-org": [RemoveOrganization("application", "WestMSP")],
    "root-rollover": [
        AddToMSP("West", "roots", ((VECTORS / "root-rollover" / "new-root.pem").read_bytes(),))
    ],
    "several": [
        AddOrganization("application", organization("Newcomer", "NewMSP")),
        BATCH,
        SetACLs({"event/Block": "Readers"}),
        SetAnchorPeers("East", (AnchorPeer("h", 1),)),
    ],
    "tls-rotate": [
        ReplaceConsenter(
            "orderer2.ord.test:7052",
            client_tls_certificate=NEW_TLS,
            server_tls_certificate=NEW_TLS,
        )
    ],
}
NO_CHANGE = {"noop", "versions-only", "empty-modified"}


def test_every_vector_of_a_change_has_its_edits() -> None:
    folders = {path.parent.name for path in VECTORS.glob("*/case.json")} - {"live"}
    assert set(SAME) == folders - NO_CHANGE
    assert len(SAME) == 19


@pytest.mark.parametrize("case", SAME)
def test_edits_make_what_fabrics_tools_make(case: str) -> None:
    before = config(case, "original").SerializeToString()
    update = compute_update("ledger1", before, edit_config(before, SAME[case]))
    wanted = (VECTORS / case / "update.pb").read_bytes()
    assert configtx_pb2.ConfigUpdate.FromString(update) == configtx_pb2.ConfigUpdate.FromString(
        wanted
    )
    again = [read_edit(json.loads(json.dumps(edit.document()))) for edit in SAME[case]]
    assert again == list(SAME[case])


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (SetBatch(max_message_count=0), "max_message_count must be a number from 1"),
        (SetBatch(absolute_max_bytes=2**32), "absolute_max_bytes must be a number from 1"),
        (SetBatch(preferred_max_bytes=20_000_000), "greater than the absolute max bytes"),
        (SetBatch(timeout=0), "batch timeout to a non-positive value: 0s"),
        (SetPolicy("/Channel/Application/Audit", "SOME Readers"), "unknown rule type 'SOME'"),
        (SetPolicy("/Channel/Application/Audit", "OR('EastMSP')"), "is no principal"),
        (SetPolicy("/Channel/Nowhere/Audit", "ANY Readers"), "'Nowhere' is not among"),
        (SetPolicy("Application/Audit", "ANY Readers"), "begins with /Channel"),
        (SetPolicy("/Channel/Application/Au dit", "ANY Readers"), "contains illegal characters"),
        (RemovePolicy("/Channel/Application/Audit"), "there is no policy /Channel/Application/Aud"),
        (SetModPolicy("/Channel/Application/ACLs", "value", "Admins"), "there is no value"),
        (SetACLs({"event/Block": ""}), "names no policy"),
        (RemoveACLs(("event/Block",)), "has no ACL of event/Block"),
        (SetCapabilities("channel", ("V4_0",)), "no channel capability V4_0: it has V1_1"),
        (SetCapabilities("orderer", ()), "no orderer capability is named"),
        (AddOrganization("application", organization("East", "EastMSP")), "section already"),
        (
            AddOrganization("application", organization("Newcomer", "EastMSP")),
            "two different versions of MSP: EastMSP",
        ),
        (RemoveOrganization("application", "North"), "'North' is no organisation of Application"),
        (RemoveOrganization("orderer", "East"), "'East' is no organisation of Orderer: it has Ord"),
        (
            SetMSP("East", organization("West", "WestMSP").msp),
            "application org East attempted to change MSP ID from EastMSP to WestMSP",
        ),
        (AddToMSP("East", "crls", (b"0000",)), "crls: there is no PEM"),
        (AddToMSP("East", "roots", (TLS + TLS,)), "roots: 2 PEM blocks are given as one"),
        (AddToMSP("East", "crls", ()), "nothing is given for crls"),
        (AddToMSP("North", "roots", (TLS,)), "'North' is no organisation of the channel"),
        (AddToMSP("Ord", "roots", (TLS,)), "setting up the MSP manager failed"),
        (RemoveFromMSP("East", "roots", (TLS,)), "does not have this one among its roots"),
        (SetAnchorPeers("East", (AnchorPeer("h", 0),)), "needs a host and a port above 0"),
        (SetAnchorPeers("East", (AnchorPeer("h", 1), AnchorPeer("h", 1))), "there twice"),
        (SetEndpoints("Ord", ("nowhere",)), "'nowhere' is not an address"),
        (RemoveConsenter("orderer9.ord.test:7059"), "is no consenter of the channel"),
        (SetConsensusOptions({"ticks": 1}), "etcdraft has no option 'ticks': it has tick_interval"),
        (SetConsensusOptions({"election_tick": "x"}), "election_tick cannot be 'x'"),
        (SetConsensusOptions({"election_tick": 1}), "must be greater than HeartbeatTick"),
        (JSONPatch([{"op": "remove", "path": "/channel_group"}]), "no channel group"),
        (JSONPatch([{"op": "add", "path": "/colour", "value": 1}]), "leave a configuration"),
        (JSONPatch([{"op": "replace", "path": "", "value": 1}]), "leave a configuration"),
        (
            JSONPatch([{"op": "alter", "path": "/sequence"}]),
            "operation 1 of the patch, .*: Unknown",
        ),
        (
            JSONPatch([{"op": "remove", "path": "sequence"}]),
            "operation 1 of the patch, .*: Location must start with /",
        ),
        (JSONPatch([{"op": "remove", "path": "/sequel"}]), "non-existent object 'sequel'"),
        (JSONPatch([{"op": "remove", "path": "/se/quel"}]), "quel\"}: member 'se' not found$"),
        (JSONPatch([{"op": "test", "path": "/sequence", "value": False}]), "not equal to tested"),
        (JSONPatch([{"op": "add"}]), "Operation must have a 'path' member"),
    ],
    ids=str,
)
def test_what_cannot_be_edited(edit: Edit, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        edit_config(BASE, [edit])


def consenter(port: int, certificate: bytes) -> AddConsenter:
    return AddConsenter(
        ConsenterModel(
            host="orderer3.ord.test",
            port=port,
            client_tls_certificate=certificate,
            server_tls_certificate=certificate,
        )
    )


def test_a_consenter_is_there_once_and_one_stays() -> None:
    with pytest.raises(ConfigError, match=r"3.ord.test:7053 is a consenter of the channel already"):
        edit_config(BASE, [consenter(7053, NEW_TLS)])
    with pytest.raises(ConfigError, match=r"has a TLS certificate of orderer2.ord.test:7052"):
        edit_config(BASE, [consenter(7054, TLS)])
    with pytest.raises(
        ConfigError, match=r"orderer3.ord.test:7054 did not specify client TLS cert"
    ):
        edit_config(BASE, [consenter(7054, b"")])
    all_gone = [
        RemoveConsenter(f"orderer{number}.ord.test:{7050 + number}") for number in (1, 2, 3)
    ]
    with pytest.raises(ConfigError, match="7053 is the only consenter"):
        edit_config(BASE, all_gone)


def test_warnings_of_what_has_no_effect() -> None:
    edits = [SetACLs({"event/Bloc": "Readers", "event/Block": "Auditors"})]
    assert edit_warnings(BASE, edits) == (
        "no peer of Fabric 3.1 asks for the resource event/Bloc: its ACL has no effect",
        "there is no policy /Channel/Application/Auditors: peers refuse everybody event/Block",
    )
    edits.insert(0, SetPolicy("/Channel/Application/Auditors", "ANY Readers"))
    assert len(edit_warnings(BASE, edits)) == 1
    assert edit_warnings(BASE, [SetACLs({"event/Block": "Admins", "peer/Propose": "Writers"})]) == (
        (
            "/Channel/Application/Admins needs several signatures, and a request has one: peers refuse "
            "everybody event/Block"
        ),
    )


def test_a_warning_of_orderers_whose_blocks_nobody_accepts() -> None:
    edits = list(SAME["add-orderer-org"])
    assert edit_warnings(BASE, edits) == ()  # BlockValidation is ANY Writers
    assert edit_warnings(BASE, SAME["add-org"]) == ()
    edits.append(SetPolicy("/Channel/Orderer/BlockValidation", "OR('OrdMSP.orderer')"))
    (found,) = edit_warnings(BASE, edits)
    assert found.startswith("/Channel/Orderer/BlockValidation does not count orderers of Ord2MSP")


def test_what_was_added_can_be_removed() -> None:
    crl = (VECTORS / "msp-crl" / "crl.pem").read_bytes()
    for there, back in (
        (AddToMSP("East", "crls", (crl,)), RemoveFromMSP("East", "crls", (b"a list\n" + crl,))),
        (SAME["add-org"][0], RemoveOrganization("application", "Newcomer")),
        (SetACLs({"event/Block": "Readers"}), RemoveACLs(("event/Block",))),
        (SetOrdererAddresses(("h:1",)), SetOrdererAddresses(())),
    ):
        assert differences(BASE, edit_config(BASE, [there])), there
        left = edit_config(BASE, [there, back])
        assert {one.path for one in differences(BASE, left)} <= {"/Channel/Application/ACLs"}
    with pytest.raises(ConfigError, match="among its crls already"):
        edit_config(BASE, [AddToMSP("East", "crls", (crl,)), AddToMSP("EastMSP", "crls", (crl,))])


def test_options_of_raft() -> None:
    after = edit_config(BASE, [SetConsensusOptions({"election_tick": 20, "tick_interval": "1s"})])
    (found,) = differences(BASE, after)
    assert found.words == (
        "ConsensusType of Orderer: election_tick 10 → 20; tick_interval 500ms → 1s"
    )


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (None, 'not an edit: "edit" is one of set-batch'),
        ({"edit": "no-such"}, "not an edit"),
        ({"edit": "set-batch", "colour": 1}, "edit set-batch: colour: Unexpected keyword"),
        ({"edit": "set-batch", "timeout": "2s"}, "edit set-batch: timeout: Input should be"),
        ({"edit": "set-policy", "path": "/Channel/A"}, "edit set-policy: rule: Field required"),
        ({"edit": "set-maintenance", "on": 1}, "edit set-maintenance: on: Input should be"),
        ({"edit": "add-to-msp", "organization": "A", "part": "x", "items": []}, "part: Input"),
        (
            {"edit": "add-consenter", "consenter": {"host": "h", "port": 1, "more": 1}},
            "edit add-consenter: consenter.",
        ),
    ],
)
def test_documents_that_are_no_edits(document: object, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        read_edit(document)


def test_documents_hold_certificates_as_pem() -> None:
    edit = consenter(7054, NEW_TLS)
    assert edit.document()["consenter"]["server_tls_certificate"] == NEW_TLS.decode()
    with pytest.raises(ConfigError, match="cannot be written as JSON"):
        consenter(7054, b"\xff").document()
