"""Answers of Deliver and Broadcast streams, as far as a transport must read them."""

from fabric_protos.orderer import ab_pb2

from pyfabric.messages.decoding import decode

PEER_DELIVER = "/protos.Deliver/Deliver"
PEER_DELIVER_FILTERED = "/protos.Deliver/DeliverFiltered"
PEER_DELIVER_PRIVATE = "/protos.Deliver/DeliverWithPrivateData"
ORDERER_DELIVER = "/orderer.AtomicBroadcast/Deliver"
BROADCAST = "/orderer.AtomicBroadcast/Broadcast"

# Field 1, a varint: the peers' and the orderers' DeliverResponse both begin so, and only then.
_STATUS_TAG = b"\x08"


def is_status(raw: bytes) -> bool:
    """Return whether a DeliverResponse holds a status: the last message of a run of blocks.

    Looks at the first byte only, so that a large block is not decoded twice.
    """
    return raw.startswith(_STATUS_TAG)


def read_broadcast(raw: bytes) -> tuple[int, str]:
    """Return the status (common.Status) and info of an orderer's BroadcastResponse; raises DecodeError."""
    answer = decode(ab_pb2.BroadcastResponse, raw)
    return answer.status, answer.info
