"""An orderer's gRPC service: messages in, blocks out.

Source: orderer/common/server of Fabric 3.1.
"""

from collections.abc import AsyncIterator

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric.errors import PolicyError
from pyfabric.ledger.channel.delivery import Delivery
from pyfabric.ledger.ordering.block_writing import as_ordered
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.servers import client_certificate_hash
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.consensus.maintenance import MAINTENANCE
from pyfabric.rules.policies.evaluation import MissingPolicy
from pyfabric.rules.policies.paths import CHANNEL_READERS, ORDERER_READERS


class AtomicBroadcast:
    """Broadcast and Deliver of one orderer; `mutual_tls` binds requests to the client's certificate."""

    def __init__(self, orderer: Orderer, *, mutual_tls: bool = False) -> None:
        self._orderer = orderer
        self._delivery = Delivery(orderer.served, _authorize, orderer.now, mutual_tls=mutual_tls)

    async def broadcasts(
        self, envelopes: AsyncIterator[bytes], _context: grpc.aio.ServicerContext
    ) -> AsyncIterator[ab_pb2.BroadcastResponse]:
        """Take each message of a stream; any answer except SUCCESS is the last one."""
        async for envelope in envelopes:
            status, info = await self._orderer.broadcast(envelope)
            yield ab_pb2.BroadcastResponse(status=_status(status), info=info)
            if status != common_pb2.SUCCESS:
                return

    async def deliver(
        self, envelopes: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[ab_pb2.DeliverResponse]:
        """Send blocks as they were ordered, without what peers add."""
        certificate_hash = client_certificate_hash(context)
        async for envelope in envelopes:
            async for answer in self._delivery.serve(envelope, certificate_hash):
                if not isinstance(answer, int):
                    yield ab_pb2.DeliverResponse(block=as_ordered(answer.block))
                    continue
                yield ab_pb2.DeliverResponse(status=_status(answer))
                if answer != common_pb2.SUCCESS:
                    return


def _authorize(chain: Chain, signed: SignedData) -> None:
    config = chain.channel.config
    in_maintenance = config.consensus_state == MAINTENANCE
    name = ORDERER_READERS if in_maintenance else CHANNEL_READERS
    policy = config.policy(name)
    if isinstance(policy, MissingPolicy):
        raise PolicyError(f"could not find policy {name}")
    policy.evaluate([signed])


def _status(number: int) -> str:
    return common_pb2.Status.Name(number)
