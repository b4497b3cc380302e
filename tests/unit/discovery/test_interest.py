"""What a simulation asks of a plan of endorsers: internal/pkg/gateway and core/chaincode of Fabric."""

import pytest
from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ContractError
from pyfabric.rules.discovery.interest import interest
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.private_simulation import PrivateSimulation

Call = proposal_response_pb2.ChaincodeCall
POLICY = parse_signature_policy("OR('A.peer')")


def calls(simulation: PrivateSimulation, *system: str) -> list[Call]:
    return list(interest(simulation, system).chaincodes)


def test_public_writes_ask_the_chaincodes_policy() -> None:
    simulation = PrivateSimulation(MemoryState())
    simulation.put_state("cc", "k", b"v")
    assert calls(simulation) == [Call(name="cc")]
    assert calls(simulation, "cc") == []


def test_private_writes_alone_ask_the_collections_policy_alone() -> None:
    simulation = PrivateSimulation(MemoryState())
    simulation.put_private("cc", "duo", "k", b"v")
    assert calls(simulation) == [Call(name="cc", collection_names=["duo"], no_private_reads=True)]


def test_a_key_with_a_policy_of_its_own_asks_that() -> None:
    simulation = PrivateSimulation(MemoryState())
    simulation.written["cc", "", "k"] = POLICY.SerializeToString()
    assert calls(simulation) == [
        Call(name="cc", key_policies=[POLICY], disregard_namespace_policy=True)
    ]
    simulation.written["cc", "", "k"] = b"\xff"
    with pytest.raises(ContractError, match="error unmarshalling SignaturePolicyEnvelope: proto: "):
        calls(simulation)
