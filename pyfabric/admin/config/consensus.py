"""The consenters in a configuration: etcdraft's and SmartBFT's own messages."""

from collections.abc import Sequence

from fabric_protos.common import configuration_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2

from pyfabric.admin.config.model import BFTModel, ConsenterModel, RaftModel
from pyfabric.errors import ConfigError
from pyfabric.messages.consensus import BFT, RAFT
from pyfabric.messages.durations import parse_duration


def raft_metadata(raft: RaftModel) -> bytes:
    """Return the bytes of etcdraft.ConfigMetadata. ConfigError names the consenter or option at fault."""
    _check_consenters(RAFT, raft.consenters)
    try:
        parse_duration(raft.tick_interval)
    except ConfigError as error:
        raise ConfigError(f"etcdraft tick interval: {error}") from error
    if raft.election_tick <= raft.heartbeat_tick:
        raise ConfigError(
            f"etcdraft: election tick ({raft.election_tick}) must be greater than heartbeat tick "
            f"({raft.heartbeat_tick})"
        )
    return etcdraft_pb2.ConfigMetadata(
        consenters=[raft_consenter(one) for one in raft.consenters],
        options=etcdraft_pb2.Options(
            tick_interval=raft.tick_interval,
            election_tick=raft.election_tick,
            heartbeat_tick=raft.heartbeat_tick,
            max_inflight_blocks=raft.max_inflight_blocks,
            snapshot_interval_size=raft.snapshot_interval_size,
        ),
    ).SerializeToString()


def bft_orderers(bft: BFTModel) -> configuration_pb2.Orderers:
    """Return the Orderers value, which lists the consenters. ConfigError names the one at fault."""
    _check_consenters(BFT, bft.consenters)
    mapping = [
        bft_consenter(one, place=f"BFT consenter {index + 1}")
        for index, one in enumerate(bft.consenters)
    ]
    return configuration_pb2.Orderers(consenter_mapping=mapping)


def raft_consenter(one: ConsenterModel) -> etcdraft_pb2.Consenter:
    """Return a consenter as Raft's metadata lists it."""
    return etcdraft_pb2.Consenter(
        host=one.host,
        port=one.port,
        client_tls_cert=one.client_tls_certificate,
        server_tls_cert=one.server_tls_certificate,
    )


def bft_consenter(one: ConsenterModel, *, place: str) -> configuration_pb2.Consenter:
    """Return a consenter as the Orderers value lists it; ConfigError names `place` when it is incomplete."""
    if not (one.number and one.msp_id and one.identity):
        raise ConfigError(
            f"{place} ({one.host}:{one.port}) needs a number above 0, an MSP id and an identity "
            "certificate"
        )
    return configuration_pb2.Consenter(
        id=one.number,
        host=one.host,
        port=one.port,
        msp_id=one.msp_id,
        identity=one.identity,
        client_tls_cert=one.client_tls_certificate,
        server_tls_cert=one.server_tls_certificate,
    )


def bft_metadata(bft: BFTModel) -> bytes:
    """Return the bytes of smartbft.Options. Leader rotation stays unspecified, as configtxgen leaves it."""
    return smartbft_pb2.Options(
        request_batch_max_count=bft.request_batch_max_count,
        request_batch_max_bytes=bft.request_batch_max_bytes,
        request_batch_max_interval=bft.request_batch_max_interval,
        incoming_message_buffer_size=bft.incoming_message_buffer_size,
        request_pool_size=bft.request_pool_size,
        request_forward_timeout=bft.request_forward_timeout,
        request_complain_timeout=bft.request_complain_timeout,
        request_auto_remove_timeout=bft.request_auto_remove_timeout,
        request_max_bytes=bft.request_max_bytes,
        view_change_resend_interval=bft.view_change_resend_interval,
        view_change_timeout=bft.view_change_timeout,
        leader_heartbeat_timeout=bft.leader_heartbeat_timeout,
        leader_heartbeat_count=bft.leader_heartbeat_count,
        collect_timeout=bft.collect_timeout,
    ).SerializeToString()


def _check_consenters(kind: str, consenters: Sequence[ConsenterModel]) -> None:
    if not consenters:
        raise ConfigError(f"{kind} configuration did not specify any consenter")
    for index, one in enumerate(consenters):
        check_consenter(one, f"consenter {index + 1} in {kind} configuration")


def check_consenter(one: ConsenterModel, place: str) -> None:
    """Raise ConfigError, which names `place`, for a consenter without an address or TLS certificates."""
    for what, value in (
        ("host", one.host),
        ("port", one.port),
        ("client TLS cert", one.client_tls_certificate),
        ("server TLS cert", one.server_tls_certificate),
    ):
        if not value:
            raise ConfigError(f"{place} did not specify {what}")
