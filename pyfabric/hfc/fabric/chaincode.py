"""A chaincode as an object (the class is of fabric-sdk-py's repository after 1.0.0)."""

from collections.abc import Mapping, Sequence

from pyfabric.errors import PeerResponseError, SubmitError
from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc._invoking import Retries, Waiting, invocation_of
from pyfabric.hfc._packaging import package_of
from pyfabric.hfc._querying_client import Peers
from pyfabric.hfc.answers import ProposalResponse
from pyfabric.hfc.fabric.base_chaincode import BaseChaincode
from pyfabric.hfc.fabric.client import Client
from pyfabric.hfc.fabric.user import User
from pyfabric.hfc.util.consts import CC_TYPE_GOLANG

__all__ = ["Chaincode", "ChaincodeExecutionError"]

__getattr__ = attributes(__name__)

Values = Mapping[str, str | bytes]


class ChaincodeExecutionError(Exception):
    """Peers or orderers refused a transaction."""


class Chaincode(BaseChaincode):
    """A chaincode of a client's network."""

    def __init__(self, client: Client, cc_name: str) -> None:
        super().__init__(cc_name)
        self._client = client

    async def install(
        self,
        requestor: User,
        peers: Peers,
        cc_path: str,
        cc_version: str,
        cc_type: str = CC_TYPE_GOLANG,
        packaged_cc: bytes | None = None,
        transient_map: Values | None = None,
    ) -> list[ProposalResponse]:
        """Install a chaincode; see `Client.chaincode_install`."""
        package = package_of(cc_path, self._name, cc_version, packaged_cc, cc_type)
        return await self._client.install(requestor, peers, package)

    async def query(
        self,
        requestor: User,
        channel_name: str,
        peers: Peers,
        args: Sequence[str | bytes] | None,
        cc_type: str = CC_TYPE_GOLANG,
        fcn: str = "query",
        transient_map: Values | None = None,
    ) -> str:
        """Return the chaincode's answer; see `Client.chaincode_query`."""
        return await self._client.chaincode_query(
            requestor, channel_name, peers, args, self._name, cc_type, fcn, transient_map
        )

    async def invoke(
        self,
        requestor: User,
        channel_name: str,
        peers: Peers,
        args: Sequence[str | bytes] | None,
        cc_type: str = CC_TYPE_GOLANG,
        fcn: str = "invoke",
        cc_pattern: str | None = None,
        transient_map: Values | None = None,
        wait_for_event: bool = False,
        wait_for_event_timeout: float = 30,
        grpc_broker_unavailable_retry: int = 0,
        grpc_broker_unavailable_retry_delay: float = 3000,
        raise_broker_unavailable: bool = True,
        raise_on_error: bool = False,
        is_init: bool = False,
    ) -> str:
        """Submit a transaction; see `Client.chaincode_invoke`.

        `is_init` marks the first call of a chaincode that is defined with init_required. With `raise_on_error` a refusal
        raises ChaincodeExecutionError.
        """
        retries = Retries(
            grpc_broker_unavailable_retry,
            grpc_broker_unavailable_retry_delay / 1000,
            raise_broker_unavailable,
        )
        waiting = Waiting(wait_for_event_timeout, cc_pattern) if wait_for_event else None
        call = invocation_of(channel_name, self._name, fcn, args, transient_map, is_init=is_init)
        try:
            return await self._client.invoke(requestor, peers, call, retries, waiting)
        except (PeerResponseError, SubmitError) as error:
            if raise_on_error:
                raise ChaincodeExecutionError(error.message) from error
            if isinstance(error, SubmitError):
                raise
            return error.message

    instantiate = gone("fabric.chaincode.Chaincode.instantiate")
    upgrade = gone("fabric.chaincode.Chaincode.upgrade")
    send_instantiate_proposal = gone("fabric.chaincode.Chaincode.send_instantiate_proposal")
    send_upgrade_proposal = gone("fabric.chaincode.Chaincode.send_upgrade_proposal")
