"""What an administrator signs and submits as a configuration update."""

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.updates import sign_update, submit_update
from pyfabric.client.effects import Endpoint, Nonce, Sign
from pyfabric.errors import ConfigError
from tests.support.client.flows import play
from tests.support.client.gateway_server import new_identity

ADMIN = new_identity()
ORDERER = Endpoint("orderer:7050", b"roots")
UPDATE = configtx_pb2.ConfigUpdate(
    channel_id="estate", write_set=configtx_pb2.ConfigGroup(version=1)
).SerializeToString()


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        (b"\xff", "cannot be decoded|wrong|invalid|parsing"),
        (b"", "names no channel"),
        (common_pb2.Envelope(payload=b"estate").SerializeToString(), "changes nothing"),
        (configtx_pb2.ConfigUpdate(channel_id="estate").SerializeToString(), "changes nothing"),
    ],
)
def test_only_an_update_is_signed(update: bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        play(sign_update(ADMIN, update), {})


def test_an_update_is_signed_with_its_signer() -> None:
    raw = play(sign_update(ADMIN, UPDATE), {Nonce: lambda _: b"n", Sign: lambda one: one.message})
    signed = configtx_pb2.ConfigSignature.FromString(raw)
    assert signed.signature == signed.signature_header + UPDATE


def test_an_update_is_not_sent_for_another_channel() -> None:
    with pytest.raises(ConfigError, match="'estate', not for 'treasury'"):
        play(submit_update(ORDERER, ADMIN, "treasury", UPDATE, []), {})
