"""What a simulated transaction touches, for planning who must endorse it.

Source: buildChaincodeInterest and parseWritesetMetadata in core/endorser/endorser.go of Fabric 3.1. A key
with a policy of its own needs that policy; any other written key needs its collection's policy or the
chaincode's; a collection that was only written may be endorsed by peers that are no members of it.
"""

from collections import defaultdict
from collections.abc import Container

from fabric_protos.common import policies_pb2
from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ContractError
from pyfabric.messages.decoding import decode
from pyfabric.rules.state.private_simulation import PrivateSimulation

ChaincodeCall = proposal_response_pb2.ChaincodeCall
_PUBLIC = ""


def interest(
    simulation: PrivateSimulation, system: Container[str]
) -> proposal_response_pb2.ChaincodeInterest:
    """Return the calls to plan for; `system` chaincodes are not planned for.

    Raises ContractError for a key whose own policy cannot be read.
    """
    required: dict[str, dict[str, bool]] = {}
    policies: dict[str, list[policies_pb2.SignaturePolicyEnvelope]] = defaultdict(list)
    for (namespace, collection, _), parameter in simulation.written.items():
        needed = required.setdefault(namespace, {_PUBLIC: False})
        if parameter is None:
            needed[collection] = True
        else:
            policies[namespace].append(_policy(parameter))
    for namespace in simulation.namespaces:
        required.setdefault(namespace, {_PUBLIC: True})
    for namespace, collection in sorted(simulation.private_reads):
        required[namespace][collection] = True
    found = proposal_response_pb2.ChaincodeInterest()
    for namespace, needed in required.items():
        if namespace in system:
            continue
        if needed[_PUBLIC] or policies[namespace]:
            found.chaincodes.append(
                ChaincodeCall(
                    name=namespace,
                    key_policies=policies[namespace],
                    disregard_namespace_policy=not needed[_PUBLIC],
                )
            )
        found.chaincodes.extend(
            ChaincodeCall(
                name=namespace,
                collection_names=[collection],
                no_private_reads=(namespace, collection) not in simulation.private_reads,
            )
            for collection in needed
            if collection != _PUBLIC
        )
    return found


def _policy(parameter: bytes) -> policies_pb2.SignaturePolicyEnvelope:
    return decode(policies_pb2.SignaturePolicyEnvelope, parameter, ContractError)
