"""The client of a network that a connection profile describes: contracts, channels, blocks, peers.

Each call names its user (`requestor`) and its peers, by name or as `Peer`. These very peers endorse; the first of them
sends a transaction to the orderers.
"""

from collections.abc import Mapping, Sequence

from pyfabric.admin import lifecycle
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import PeerResponseError
from pyfabric.hfc._channel_client import ChannelClient
from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc._invoking import Retries, Transaction, Waiting, invocation_of, query
from pyfabric.hfc._packaging import package_of
from pyfabric.hfc._querying_client import Peers
from pyfabric.hfc.answers import ProposalResponse, Response
from pyfabric.hfc.fabric.user import User, signing_identity
from pyfabric.hfc.util.consts import CC_TYPE_GOLANG
from pyfabric.messages.proposals import Invocation

__all__ = ["Client"]

__getattr__ = attributes(__name__)

Values = Mapping[str, str | bytes]


class Client(ChannelClient):
    """A network's client, for all users of the profile.

    Errors are this project's (`pyfabric.errors`); docs/hfc.md lists what differs from fabric-sdk-py.
    """

    evt_tx_id: str | None = None
    """The id of the last transaction that was invoked."""

    async def chaincode_invoke(
        self,
        requestor: User,
        channel_name: str,
        peers: Peers,
        args: Sequence[str | bytes] | None,
        cc_name: str,
        cc_type: str = CC_TYPE_GOLANG,
        fcn: str = "invoke",
        cc_pattern: str | None = None,
        transient_map: Values | None = None,
        wait_for_event: bool = False,
        wait_for_event_timeout: float = 30,
        grpc_broker_unavailable_retry: int = 0,
        grpc_broker_unavailable_retry_delay: float = 3000,
        raise_broker_unavailable: bool = True,
    ) -> str:
        """Submit a transaction, and return the chaincode's answer, or what the peers said that refused to endorse it.

        With `wait_for_event` it returns when each of the peers has committed it, within `wait_for_event_timeout` seconds;
        `cc_pattern` is a regular expression with which the name of its event must begin. Peers that cannot be reached are
        asked again `grpc_broker_unavailable_retry` times, every `grpc_broker_unavailable_retry_delay` ms.

        Raises SubmitError when the orderers refuse it, CommitError when it is invalid, TimeoutError when its commit or event
        does not come, and GatewayError when no peer, or not each that must, can be reached.
        """
        retries = Retries(
            grpc_broker_unavailable_retry,
            grpc_broker_unavailable_retry_delay / 1000,
            raise_broker_unavailable,
        )
        waiting = Waiting(wait_for_event_timeout, cc_pattern) if wait_for_event else None
        call = invocation_of(channel_name, cc_name, fcn, args, transient_map)
        try:
            return await self.invoke(requestor, peers, call, retries, waiting)
        except PeerResponseError as error:
            return error.message

    async def chaincode_query(
        self,
        requestor: User,
        channel_name: str,
        peers: Peers,
        args: Sequence[str | bytes] | None,
        cc_name: str,
        cc_type: str = CC_TYPE_GOLANG,
        fcn: str = "query",
        transient_map: Values | None = None,
    ) -> str:
        """Return the first peer's answer, without a transaction, after all of the peers have answered.

        Raises PeerResponseError when one refuses, GatewayError when one cannot be asked.
        """
        call = invocation_of(channel_name, cc_name, fcn, args, transient_map)
        flow = query(self.endpoints(peers), signing_identity(requestor), call)
        return (await self.runner.run(flow)).decode()

    async def chaincode_install(
        self,
        requestor: User,
        peers: Peers,
        cc_path: str,
        cc_name: str,
        cc_version: str,
        packaged_cc: bytes | None = None,
        transient_map: Values | None = None,
    ) -> list[ProposalResponse]:
        """Install a Go chaincode's module, found below GOPATH/src or this folder, in a package with the label name_version.

        `packaged_cc` is a whole package instead. Each answer's payload is the package's id: departments approve it next.
        Raises PackageError, and PeerResponseError when a peer refuses.
        """
        package = package_of(cc_path, cc_name, cc_version, packaged_cc)
        return await self.install(requestor, peers, package)

    async def install(
        self, requestor: User, peers: Peers, package: ChaincodePackage
    ) -> list[ProposalResponse]:
        """Install a package; each answer's payload is its id. Raises PeerResponseError when a peer refuses."""
        identity = signing_identity(requestor)
        ids = await self.at_each(peers, lambda peer: lifecycle.install(peer, identity, package))
        return [ProposalResponse(Response(200, payload=one.encode())) for one in ids]

    async def invoke(
        self,
        requestor: User,
        peers: Peers,
        call: Invocation,
        retries: Retries,
        waiting: Waiting | None,
    ) -> str:
        """Submit a transaction as `chaincode_invoke` does; raise PeerResponseError when a peer refuses to endorse it."""
        transaction = Transaction(self.endpoints(peers), signing_identity(requestor), call)
        prepared = await self.runner.run(transaction.invoke(retries, waiting))
        self.evt_tx_id = prepared.transaction_id
        return prepared.result.decode()

    chaincode_instantiate = gone("fabric.client.Client.chaincode_instantiate")
    chaincode_upgrade = gone("fabric.client.Client.chaincode_upgrade")
    process_query_block_response = gone("fabric.client.Client.process_query_block_response")
    process_query_chaincode_response = gone("fabric.client.Client.process_query_chaincode_response")
    send_install_proposal = gone("fabric.client.Client.send_install_proposal")
    send_instantiate_proposal = gone("fabric.client.Client.send_instantiate_proposal")
    send_upgrade_proposal = gone("fabric.client.Client.send_upgrade_proposal")
    txEvent = gone("fabric.client.Client.txEvent")
    create_onCcEvent = gone("fabric.client.Client.create_onCcEvent")
    create_onCcEventArray = gone("fabric.client.Client.create_onCcEventArray")
