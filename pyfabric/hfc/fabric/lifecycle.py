"""The chaincode lifecycle of Fabric 2 (the class is of fabric-sdk-py's repository after 1.0.0)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fabric_protos.peer.lifecycle import lifecycle_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from pyfabric.admin import lifecycle
from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.client.system_chaincodes import ask
from pyfabric.errors import ClientError
from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc._packaging import folder_package
from pyfabric.hfc._querying_client import Peers
from pyfabric.hfc.fabric.base_chaincode import BaseChaincode
from pyfabric.hfc.fabric.client import Client
from pyfabric.hfc.fabric.user import User, signing_identity
from pyfabric.hfc.util.consts import CC_TYPE_GOLANG
from pyfabric.hfc.util.policies import d2s
from pyfabric.messages.decoding import decode as decode_message
from pyfabric.messages.lifecycle import ENDORSEMENT_PLUGIN, LIFECYCLE, VALIDATION_PLUGIN, invocation
from pyfabric.rules.collection_configs import collection_package
from pyfabric.rules.collection_documents import read_collections

__all__ = ["Lifecycle"]

__getattr__ = attributes(__name__)

Collections = Sequence[Mapping[str, Any]]


class Lifecycle(BaseChaincode):
    """What administrators do until a chaincode runs on a channel. A peer's refusal raises PeerResponseError."""

    def __init__(self, client: Client, cc_name: str = "") -> None:
        super().__init__(cc_name)
        self._client = client

    def package(
        self,
        source_path: str,
        label: str,
        dest_path: str | None = None,
        cc_type: str = CC_TYPE_GOLANG,
    ) -> bytes:
        """Return the package of a folder, and write it to a file if one is named. Raises PackageError."""
        data = folder_package(source_path, label, cc_type).data
        if dest_path:
            Path(dest_path).write_bytes(data)
        return data

    async def install(
        self, requestor: User, peers: Peers, packaged_cc: bytes | None = None
    ) -> list[Any]:
        """Install a package on peers, and return for each a dict with `packageId` and `label`."""
        if packaged_cc is None:
            raise ClientError("packaged_cc is required: the bytes that `package` returns")
        arguments = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=packaged_cc)
        result = lifecycle_pb2.InstallChaincodeResult
        return await self._ask(requestor, peers, "", arguments, result, decode=True)

    async def approve_for_my_org(
        self,
        requestor: User,
        peers: Peers,
        channel: str,
        cc_version: str,
        package_id: str,
        signature_policy: str | None = None,
        channel_config_policy: str | None = None,
        init_required: bool = False,
        sequence: int = 1,
        collections_config: Collections | None = None,
        endorsement_plugin: str = "",
        validation_plugin: str = "",
        wait_for_event: bool = True,
        wait_for_event_timeout: float = 30,
    ) -> None:
        """Approve a definition for the user's organisation, and wait until that is committed; the first peer sends it.

        Raises EndorseError, SubmitError or CommitError.
        """
        definition = self._definition(
            cc_version,
            sequence,
            signature_policy or channel_config_policy,
            collections_config,
            (endorsement_plugin, validation_plugin),
            init_required=init_required,
        )
        peer, identity = self._client.endpoints(peers)[0], signing_identity(requestor)
        flow = lifecycle.approve(peer, identity, channel, definition, package_id)
        await self._client.runner.run(flow)

    async def commit_definition(
        self,
        requestor: User,
        peers: Peers,
        channel: str,
        cc_version: str,
        signature_policy: str | None = None,
        channel_config_policy: str | None = None,
        init_required: bool = False,
        sequence: int = 1,
        collections_config: Collections | None = None,
        endorsement_plugin: str = "",
        validation_plugin: str = "",
        wait_for_event: bool = True,
        wait_for_event_timeout: float = 30,
    ) -> None:
        """Commit a definition, and wait until it is in force; the first peer chooses who endorses.

        Raises EndorseError, SubmitError or CommitError.
        """
        definition = self._definition(
            cc_version,
            sequence,
            signature_policy or channel_config_policy,
            collections_config,
            (endorsement_plugin, validation_plugin),
            init_required=init_required,
        )
        peer, identity = self._client.endpoints(peers)[0], signing_identity(requestor)
        await self._client.runner.run(lifecycle.commit(peer, identity, channel, definition))

    async def query_installed_chaincodes(
        self, requestor: User, peers: Peers, decode: bool = True
    ) -> list[Any]:
        """Return for each peer a dict with `installedChaincodes`."""
        arguments = lifecycle_pb2.QueryInstalledChaincodesArgs()
        result = lifecycle_pb2.QueryInstalledChaincodesResult
        return await self._ask(requestor, peers, "", arguments, result, decode=decode)

    async def query_approved_chaincodes(
        self,
        requestor: User,
        peers: Peers,
        channel: str,
        cc_name: str,
        sequence: int = 1,
        decode: bool = True,
    ) -> list[Any]:
        """Return for each peer a dict of what its organisation approved at a sequence; 0 stands for the newest."""
        arguments = lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs(
            name=cc_name, sequence=sequence
        )
        result = lifecycle_pb2.QueryApprovedChaincodeDefinitionResult
        return await self._ask(requestor, peers, channel, arguments, result, decode=decode)

    async def query_committed_chaincodes(
        self,
        requestor: User,
        peers: Peers,
        channel: str,
        cc_name: str | None = None,
        decode: bool = True,
    ) -> list[Any]:
        """Return for each peer a dict with `chaincodeDefinitions`, or the definition of one chaincode."""
        arguments: Message = lifecycle_pb2.QueryChaincodeDefinitionsArgs()
        result: type[Message] = lifecycle_pb2.QueryChaincodeDefinitionsResult
        if cc_name:
            arguments = lifecycle_pb2.QueryChaincodeDefinitionArgs(name=cc_name)
            result = lifecycle_pb2.QueryChaincodeDefinitionResult
        return await self._ask(requestor, peers, channel, arguments, result, decode=decode)

    chaincode_definition_operation = gone(
        "fabric.lifecycle.Lifecycle.chaincode_definition_operation"
    )
    parse_proposal_res = gone("fabric.lifecycle.Lifecycle.parse_proposal_res")
    query_lifecycle_data = gone("fabric.lifecycle.Lifecycle.query_lifecycle_data")

    async def _ask(
        self,
        requestor: User,
        peers: Peers,
        channel: str,
        arguments: Message,
        result: type[Message],
        *,
        decode: bool,
    ) -> list[Any]:
        identity, called = signing_identity(requestor), invocation(arguments)
        payloads = await self._client.at_each(
            peers, lambda peer: ask(peer, identity, channel, LIFECYCLE, called)
        )
        if not decode:
            return list(payloads)
        return [MessageToDict(decode_message(result, one)) for one in payloads]

    def _definition(
        self,
        version: str,
        sequence: int,
        policy: str | None,
        collections: Collections | None,
        plugins: tuple[str, str],
        *,
        init_required: bool,
    ) -> ChaincodeDefinition:
        document = [
            {**one, "policy": d2s.parse(one["policy"])}
            if isinstance(one.get("policy"), Mapping)
            else one
            for one in collections or ()
        ]
        return ChaincodeDefinition(
            name=self._name,
            version=version,
            sequence=sequence,
            endorsement_policy=policy,
            collections=collection_package(read_collections(document)),
            init_required=init_required,
            endorsement_plugin=plugins[0] or ENDORSEMENT_PLUGIN,
            validation_plugin=plugins[1] or VALIDATION_PLUGIN,
        )
