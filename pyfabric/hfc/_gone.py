"""What fabric-sdk-py offered and this face does not: each name, why it is gone, and what to call instead.

Names begin below `hfc`; a name stands for all that is below it. docs/hfc.md has the same table for people.
"""

import functools
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

from pyfabric.errors import GoneError


class Gone(NamedTuple):
    """Why a call is gone, and what is called instead."""

    why: str
    instead: str


_LSCC: Final = Gone(
    "Fabric 2.0 replaced instantiation and upgrade by the peers' lscc with definitions that departments approve",
    "call Lifecycle's approve_for_my_org and commit_definition (pyfabric.hfc.fabric.lifecycle), or `pyfabric chaincode "
    "approve` and `commit`; what `init` did is a first call of the contract",
)
_MESSAGES: Final = Gone(
    "it made or took hfc's own protobuf objects, one step of a transaction",
    "call Client.chaincode_invoke or chaincode_query; step by step, and signed elsewhere: "
    "pyfabric.aio.Contract.new_proposal",
)
_STREAMS: Final = Gone(
    "it sent hfc's own protobuf objects to one node",
    "call the Client's methods; for blocks: newChannelEventHub, or pyfabric.aio.Network.block_events",
)
_QUERIES: Final = Gone(
    "it took a transaction context and returned unsent calls",
    "call the Client's method of the same name, which sends and decodes",
)
_DECODER_PARTS: Final = Gone(
    "it decoded one of hfc's own protobuf objects, as a part of a block",
    "call BlockDecoder().decode or decode_transaction with bytes; any message as JSON: pyfabric.messages",
)
_OBSERVABLE: Final = Gone(
    "it returned an observable of the package rx",
    "call set_value or get_value; from a coroutine, asyncio.to_thread(store.get_value, key)",
)
_ORDERER_TX: Final = Gone(
    "configtxgen made the file for the system channel, which Fabric 3.0 removed",
    "`pyfabric channel create`, or pyfabric_network's Network; OrdererAdmin.join takes a genesis block",
)
_HUB_PARTS: Final = Gone(
    "it was a step of the event hub's own loop",
    "give registerTxEvent or registerChaincodeEvent an onEvent",
)
_ENCRYPTION: Final = Gone(
    "its encryption served nothing of Fabric",
    "use the package cryptography; private data go into collections",
)

_CONSOLE: Final = Gone(
    "the package printed its debug lines to the terminal by it", "configure the module logging"
)

GONE: Final = {
    "fabric.block_decoder.HeaderType": _DECODER_PARTS,
    "fabric.block_decoder.decode_": _DECODER_PARTS,
    "fabric.block_decoder.implicit_metapolicy_rule": _DECODER_PARTS,
    "fabric.block_decoder.policy_policy_type": _DECODER_PARTS,
    "fabric.block_decoder.timestamp_to_date": _DECODER_PARTS,
    "fabric.block_decoder.to_PEM_certs": _DECODER_PARTS,
    "fabric.block_decoder.tx_validation_code": Gone(
        "it was a table of codes", "pyfabric.errors.ValidationCode(code).name"
    ),
    "fabric.block_decoder.type_as_string": _DECODER_PARTS,
    "fabric.base_chaincode.BaseChaincode.create_onCcEvent": _HUB_PARTS,
    "fabric.base_chaincode.BaseChaincode.txEvent": _HUB_PARTS,
    "fabric.base_chaincode.BaseChaincode.wait_for_event": _HUB_PARTS,
    "fabric.chaincode.ChaincodeOperation": _LSCC,
    "fabric.chaincode.Chaincode.instantiate": _LSCC,
    "fabric.chaincode.Chaincode.send_": _LSCC,
    "fabric.chaincode.Chaincode.upgrade": _LSCC,
    "fabric.channel.channel.Channel.get_block_between": _STREAMS,
    "fabric.channel.channel.Channel.get_channel_": _QUERIES,
    "fabric.channel.channel.Channel.is_readonly": Gone(
        "it was never written and returned None", "leave the call out"
    ),
    "fabric.channel.channel.Channel.join_channel": Gone(
        "it took a genesis block beside a transaction context", "call Client.channel_join"
    ),
    "fabric.channel.channel.Channel.query_": _QUERIES,
    "fabric.channel.channel.Channel.send_": _MESSAGES,
    "fabric.channel.channel.create_system_channel": Gone(
        "Fabric 3.0 removed the system channel", "create_app_channel, or Client.new_channel"
    ),
    "fabric.channel.channel_eventhub.ChannelEventHub.check_": _HUB_PARTS,
    "fabric.channel.channel_eventhub.ChannelEventHub.handle_": _HUB_PARTS,
    "fabric.channel.instantiation": _LSCC,
    "fabric.channel.invocation": _MESSAGES,
    "fabric.client.consoleHandler": _CONSOLE,
    "fabric.client.Client.chaincode_instantiate": _LSCC,
    "fabric.client.Client.chaincode_upgrade": _LSCC,
    "fabric.client.Client.channel_create": _ORDERER_TX,
    "fabric.client.Client.create_": _HUB_PARTS,
    "fabric.client.Client.generate_channel_tx": _ORDERER_TX,
    "fabric.client.Client.process_": _MESSAGES,
    "fabric.client.Client.send_": _LSCC,
    "fabric.client.Client.txEvent": _HUB_PARTS,
    "fabric.config.default": Gone(
        "it set environment variables of grpc for all programs of the process",
        "leave the import out",
    ),
    "fabric.lifecycle.Lifecycle.chaincode_definition_operation": Gone(
        "it was the common part of two calls", "call approve_for_my_org or commit_definition"
    ),
    "fabric.lifecycle.Lifecycle.parse_proposal_res": _MESSAGES,
    "fabric.lifecycle.Lifecycle.query_lifecycle_data": Gone(
        "it was the common part of three calls",
        "call query_installed_chaincodes, query_approved_chaincodes or query_committed_chaincodes",
    ),
    "fabric.orderer.Orderer.broadcast": _STREAMS,
    "fabric.orderer.Orderer.delivery": _STREAMS,
    "fabric.orderer.Orderer.get_genesis_block": _STREAMS,
    "fabric.peer.Peer.delivery": _STREAMS,
    "fabric.peer.Peer.send_": _STREAMS,
    "fabric.transaction.tx_proposal_request": _MESSAGES,
    "fabric_ca.caservice.CAClient.generateAuthToken": Gone(
        "its token covered a request's body alone; later releases of Fabric CA want the path, too",
        "call the methods of CAService, which make tokens",
    ),
    "fabric_network.contract.consoleHandler": _CONSOLE,
    "fabric_network.couchdbwalletstore": Gone(
        "it kept private keys in clear in a database, and needed its client library",
        "use FileSystenWallet, or pyfabric.identity.Wallet",
    ),
    "fabric_network.gateway.consoleHandler": _CONSOLE,
    "fabric_network.network.consoleHandler": _CONSOLE,
    "util.archive": Gone(
        "it packed a folder for the peers' own builders", "call Lifecycle.package"
    ),
    "util.channel": Gone(
        "it opened a gRPC connection of one's own", "name peers in the profile, or make a Peer"
    ),
    "util.collection_config": Gone(
        "it returned a protobuf object", "pass the same list to Lifecycle's collections_config"
    ),
    "util.crypto.crypto.AES_KEY_LENGTH": _ENCRYPTION,
    "util.crypto.crypto.HMAC_KEY_LENGTH": _ENCRYPTION,
    "util.crypto.crypto.IV_LENGTH": _ENCRYPTION,
    "util.crypto.crypto.AsymmetricKey": Gone(
        "no class ever was one", "use the key objects of the package cryptography"
    ),
    "util.crypto.crypto.Crypto": Gone("Ecies was its only class", "use Ecies"),
    "util.crypto.crypto.Ecies.decrypt": _ENCRYPTION,
    "util.crypto.crypto.Ecies.encrypt": _ENCRYPTION,
    "util.crypto.crypto.Key": Gone(
        "no class ever was one", "use the key objects of the package cryptography"
    ),
    "util.keyvaluestore.FileKeyValueStore.async_": _OBSERVABLE,
    "util.keyvaluestore.KeyValueStore.async_": _OBSERVABLE,
    "util.policies.Dict2String.get_policy": Gone("it was a step of parse", "call d2s.parse"),
    "util.policies.String2Dict": Gone("it was a part of s2d's parser", "call s2d().parse"),
    "util.policies.build_": Gone(
        "it returned a protobuf object", "pass the expression to Lifecycle's signature_policy"
    ),
    "util.policies.check_policy": Gone("it was a step of build_policy", "call d2s.parse"),
    "util.policies.get_policy": Gone("it was a step of build_policy", "call d2s.parse"),
    "util.policies.s2d_grammar": Gone("it was a part of s2d's parser", "call s2d().parse"),
    "util.utils": _MESSAGES,
}
"""A name that ends with "_" stands for all that begin with it."""


def find(name: str) -> Gone | None:
    """Return why a name below `hfc` is gone; None for one that is not."""
    for known, gone in GONE.items():
        below = known if known.endswith("_") else f"{known}."
        if name == known or name.startswith(below):
            return gone
    return None


def gone(name: str) -> Callable[..., NoReturn]:
    """Return a function that raises GoneError whenever it is called, in the place of a method."""

    def method(*_: object, **__: object) -> NoReturn:
        raise _error(name)

    method.__doc__ = f"Raise GoneError: {_error(name).why}."
    return method


def attributes(module: str) -> Callable[[str], NoReturn]:
    """Return a module's `__getattr__`: it raises GoneError for names that are gone, AttributeError for others."""
    return functools.partial(_attribute, module)


def _attribute(module: str, name: str) -> NoReturn:
    below = f"{module.removeprefix('pyfabric.hfc.')}.{name}"
    if name.startswith("__") or find(below) is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    raise _error(below)


def _error(name: str) -> GoneError:
    known = find(name)
    assert known is not None  # noqa: S101 - the callers have looked
    return GoneError(name, *known)
