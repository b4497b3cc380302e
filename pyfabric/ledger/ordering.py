"""How a gateway's Submit reaches an orderer of the channel.

Source: internal/pkg/gateway/submit.go of Fabric 3.1; texts are those. Orderers of this process are
called in process; an address at which none of them listens is an orderer that is away.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

from fabric_protos.common import common_pb2

from pyfabric.core.channel_config import ChannelConfig
from pyfabric.errors import ErrorDetail, StatusCode
from pyfabric.ledger.failures import CallError

Broadcast = Callable[[bytes], Awaitable[tuple[int, str]]]
"""Hands an envelope to an orderer; the answer is (status, info)."""

_SUCCESS = common_pb2.Status.SUCCESS


class Ordering:
    """The orderers of this process, by the address under which channels know them."""

    def __init__(self, orderers: Mapping[str, Broadcast], random: Random) -> None:
        self._orderers = orderers
        self._random = random

    async def submit(self, config: ChannelConfig, envelope: bytes) -> None:
        """Have one of the channel's orderers take an envelope; raises CallError."""
        addresses = list(_addresses(config))
        if not addresses:
            raise CallError(StatusCode.UNAVAILABLE, "no orderer nodes available")
        self._random.shuffle(addresses)
        details = []
        for msp_id, address in addresses:
            broadcast = self._orderers.get(address)
            if broadcast is None:
                text = (
                    'rpc error: code = Unavailable desc = connection error: desc = "transport: '
                    f'Error while dialing: dial tcp {address}: connect: connection refused"'
                )
                details.append(ErrorDetail(address=address, msp_id=msp_id, message=text))
                continue
            status, info = await broadcast(envelope)
            if status == _SUCCESS:
                return
            if 400 <= status < 500:
                raise CallError(
                    StatusCode.ABORTED,
                    "received unsuccessful response from orderer: "
                    f"status={common_pb2.Status.Name(status)}, info={info}",
                )
        raise CallError(
            StatusCode.UNAVAILABLE, "no orderers could successfully process transaction", details
        )


def _addresses(config: ChannelConfig) -> Sequence[tuple[str, str]]:
    """(MSP id, address) of the channel's orderers: organisations' own first, else the channel's."""
    own = [
        (organization.msp_id, address)
        for organization in config.orderer_organizations.values()
        for address in organization.endpoints
    ]
    if own:
        return own
    msp_id = next(iter(config.orderer_organizations), "")
    return [(msp_id, address) for address in config.orderer_addresses]
