"""Chaincodes that run in a transaction: the first one, and those that contracts call (INVOKE_CHAINCODE).

Source: core/chaincode (HandleInvokeChaincode in handler.go, CheckInvocation in chaincode_support.go,
transaction_contexts.go) of Fabric 3.1; texts are the same.
"""

from typing import Final, NamedTuple

from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2
from fabric_protos.peer.lifecycle import chaincode_definition_pb2

from pyfabric.errors import ContractError, FabricError
from pyfabric.messages.decoding import decode
from pyfabric.rules.requests.handler import PANIC
from pyfabric.rules.requests.state_access import TransactionSimulator

Kind = chaincode_shim_pb2.ChaincodeMessage.Type

_INITIALIZED: Final = "\x00\U0010ffffinitialized"


class CalledChaincode(NamedTuple):
    """The chaincode that a contract calls, with its arguments."""

    name: str
    channel_id: str
    arguments: chaincode_pb2.ChaincodeInput


def read_call(payload: bytes, channel_id: str) -> CalledChaincode:
    """Read an INVOKE_CHAINCODE request of a transaction on this channel; raises ContractError.

    The name may be "name:version/channel"; without a channel the transaction's own is called, and the
    version is not looked at.
    """
    spec = decode(chaincode_pb2.ChaincodeSpec, payload, ContractError, "unmarshal failed")
    if not spec.HasField("chaincode_id"):
        raise ContractError(PANIC)
    called, _, channel = spec.chaincode_id.name.partition("/")
    return CalledChaincode(called.partition(":")[0], channel or channel_id, spec.input)


def check_initialization(
    name: str,
    info: chaincode_definition_pb2.ChaincodeEndorsementInfo,
    simulation: TransactionSimulator,
    *,
    is_init: bool,
) -> Kind:
    """Return the kind of message that starts a chaincode: TRANSACTION, or INIT where that is due.

    A definition may require one Init call for each version, and no other call before; what was
    initialized stands in the chaincode's own state. Raises ContractError.
    """
    needs_init = False
    if info.init_required:
        initialized = simulation.get_state(name, _INITIALIZED)
        needs_init = initialized != info.version.encode()
    problem = None
    if is_init:
        if not info.init_required:
            problem = f"chaincode '{name}' does not require initialization but called as init"
        elif not needs_init:
            problem = f"chaincode '{name}' is already initialized but called as init"
    elif needs_init:
        problem = (
            f"chaincode '{name}' has not been initialized for this version, must call as init first"
        )
    if problem is not None:
        raise _invalid_invocation(problem)
    if not is_init:
        return Kind.TRANSACTION
    simulation.put_state(name, _INITIALIZED, info.version.encode())
    return Kind.INIT


def not_runnable(channel_id: str, name: str, problem: FabricError) -> ContractError:
    """Return the refusal of a call of a chaincode that this peer cannot run."""
    return _invalid_invocation(
        f"[channel {channel_id}] failed to get chaincode container info for {name}: {problem}"
    )


def not_defined(name: str) -> ContractError:
    """Return the refusal of a chaincode that the channel does not have."""
    return ContractError(f"chaincode {name} not found")


def already_running(transaction_id: str, channel_id: str) -> ContractError:
    """Return the refusal of a chaincode that calls itself, or that it was called by, on one channel."""
    return ContractError(f"txid: {transaction_id}({channel_id}) exists")


def not_sent(problem: FabricError) -> ContractError:
    """Return the refusal of an invocation with which a chaincode's stream could not be used."""
    return ContractError(f"error sending: {problem}")


def failed_call(problem: FabricError) -> ContractError:
    """Return what a contract learns of a called chaincode that did not complete."""
    return ContractError(f"execute failed: {problem}")


def failed_execution(transaction_id: str, problem: FabricError) -> ContractError:
    """Return what a client learns of a proposal whose chaincode did not complete."""
    return failed_simulation(
        ContractError(f"failed to execute transaction {transaction_id}: {problem}")
    )


def failed_simulation(problem: FabricError) -> ContractError:
    """Return what a client learns of a proposal that is not endorsed after it ran."""
    return ContractError(f"error in simulation: {problem}")


def _invalid_invocation(problem: str) -> ContractError:
    return ContractError(f"invalid invocation: {problem}")
