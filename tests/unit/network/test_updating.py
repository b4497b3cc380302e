"""Updates, signed by the administrators that a department has and sent to an orderer that takes them."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from fabric_protos.common.common_pb2 import Block
from fabric_protos.orderer.ab_pb2 import DeliverResponse
from pyfabric_network.network import Network
from pyfabric_network.profile import Profile, load_profile, profile_file
from pyfabric_network.updating import (
    add_signatures,
    ordered_config,
    silent_consenters,
    submit,
)

from pyfabric.admin.channels import Proposal, SetACLs, SetBatch, make_proposal
from pyfabric.errors import NetworkError, OrdererError, PolicyError
from pyfabric.gateway import Admin, Endpoint
from pyfabric.messages import decode_message
from pyfabric.rules.configuration.parts import Consenter
from tests.support.client.gateway_server import (
    ScriptedPeer,
    deliver_status,
    new_identity,
    new_pki,
    stream,
)
from tests.support.paths import VECTORS
from tests.support.ports import free_address

CHANNEL = "bills"


@pytest.fixture
def tax(running: Network) -> Profile:
    """Provide the profile of the department that has the orderer."""
    return load_profile(profile_file(running.plan, running.plan.department("Tax")))


def config_of(tax: Profile) -> bytes:
    with Admin(tax.user("Admin")) as admin:
        return admin.config(tax.peers[0], CHANNEL)


def closed() -> Endpoint:
    """Return an endpoint at which nobody listens."""
    return Endpoint(free_address(), b"")


def dead(tax: Profile) -> Endpoint:
    """Return an orderer of the department that does not run."""
    return replace(tax.orderers[0], address=closed().address)


def batch(tax: Profile, size: int) -> tuple[bytes, Proposal]:
    config = config_of(tax)
    proposal = make_proposal(CHANNEL, config, [SetBatch(max_message_count=size)])
    return config, add_signatures(proposal, config, tax.administrators.values())


def send(tax: Profile, config: bytes, proposal: Proposal, *orderers: Endpoint) -> bytes:
    return submit(
        proposal, config, tax.administrators, orderers, tax.peers, reader=tax.user("Admin")
    )


def test_those_administrators_sign_whom_a_policy_counts(tax: Profile) -> None:
    assert sorted(tax.administrators) == ["TaxMSP", "TaxOrdererMSP"]
    _, proposal = batch(tax, 301)
    assert proposal.signers == ("Admin@ordering.tax of TaxOrdererMSP",)
    config = config_of(tax)
    acls = make_proposal(CHANNEL, config, [SetACLs({"event/Block": "Readers"})])
    signed = add_signatures(acls, config, tax.administrators.values())
    assert signed.signers == ("Admin@tax of TaxMSP",)


def test_an_update_goes_to_the_orderer_that_answers(tax: Profile) -> None:
    config, proposal = batch(tax, 302)
    made = send(tax, config, proposal, dead(tax), *tax.orderers)
    values = decode_message("common.Config", made)["channel_group"]["groups"]["Orderer"]["values"]
    assert values["BatchSize"]["value"]["max_message_count"] == 302


def test_an_update_that_no_orderer_takes(tax: Profile) -> None:
    config, proposal = batch(tax, 303)
    with pytest.raises(NetworkError, match="no orderer of bills answers"):
        send(tax, config, proposal, dead(tax))
    with pytest.raises(NetworkError, match="the profile names none"):
        send(tax, config, proposal)
    unsigned = replace(proposal, signatures=())
    with pytest.raises(OrdererError, match="/Channel/Orderer/BatchSize not satisfied"):
        send(tax, config, unsigned, *tax.orderers)
    with pytest.raises(PolicyError, match="none of the administrators on this machine may send"):
        submit(proposal, config, {}, tax.orderers, tax.peers, reader=tax.user("Admin"))
    assert config_of(tax) == config


@pytest.mark.parametrize(
    ("status", "timeout", "asked"),
    [(503, 60.0, 3), (503, 0.0, 1), (403, 60.0, 1)],
    ids=["has no leader yet", "has no leader", "refuses"],
)
def test_orderers_that_have_no_leader_yet_are_waited_for(
    status: int, timeout: float, asked: int
) -> None:
    deliver = "/orderer.AtomicBroadcast/Deliver"
    genesis = VECTORS / "1-genesis" / "bft4" / "genesis.block"
    block = DeliverResponse(block=Block.FromString(genesis.read_bytes())).SerializeToString()
    no_leader = stream(deliver_status(status))
    orderer = ScriptedPeer(new_pki())
    try:
        orderer.on(deliver, no_leader, no_leader, stream(block, deliver_status(200)))
        found = ordered_config("any", {"Tax": new_identity()}, [orderer.endpoint], timeout=timeout)
        assert (found is not None) == (asked == 3)
        assert len(orderer.requests[deliver]) >= asked
        assert asked == 3 or len(orderer.requests[deliver]) == asked
    finally:
        orderer.stop()


def test_an_orderer_that_takes_no_connection_is_down() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        up = Endpoint(f"127.0.0.1:{listening.getsockname()[1]}", b"")
        gone = replace(closed(), server_name="orderer1.tax")
        is_down = silent_consenters([up, gone])
        port = listening.getsockname()[1]
        assert not is_down(Consenter("127.0.0.1", port, b"", b""))
        assert is_down(Consenter("orderer1.tax", 7050, b"", b""))
        assert not is_down(Consenter("elsewhere", 7050, b"", b""))


def test_a_profile_of_another_tool_has_the_administrator_that_it_names(
    running: Network, tax: Profile, tmp_path: Path
) -> None:
    document = json.loads(profile_file(running.plan, running.plan.department("Tax")).read_text())
    folder = profile_file(running.plan, running.plan.department("Tax")).parent
    users = document["organizations"]["Tax"]
    for one in (users["signedCert"], users["adminPrivateKey"]):
        one["path"] = str(folder / one["path"])
    del document["x-pyfabric"], users["users"]
    file = tmp_path / "other.json"
    file.write_text(json.dumps(document))
    assert list(load_profile(file).administrators) == ["TaxMSP"]
    del users["signedCert"]
    file.write_text(json.dumps(document))
    assert load_profile(file).administrators == {}


def test_an_administrator_whose_folder_is_elsewhere_is_left_out(
    running: Network, tmp_path: Path
) -> None:
    document = json.loads(profile_file(running.plan, running.plan.department("Tax")).read_text())
    document["x-pyfabric"]["administrators"]["TaxMSP"] = "not-here"
    (tmp_path / "profile.json").write_text(json.dumps(document))
    assert load_profile(tmp_path / "profile.json").administrators == {}
