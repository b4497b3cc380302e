"""configtx.yaml of the vectors, read into our channel model as configtxgen reads it.

Only what the vectors hold: the product has its own topology files.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pyfabric.admin.config.model import (
    AnchorPeer,
    ApplicationModel,
    BFTModel,
    ChannelModel,
    ConsenterModel,
    OrdererModel,
    OrganizationModel,
    RaftModel,
)
from pyfabric.identity.definition import MSPDefinition
from pyfabric.messages.durations import SECOND, parse_duration

_UNITS = {"": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
_BFT_KEYS = {
    "RequestBatchMaxCount": "request_batch_max_count",
    "RequestBatchMaxBytes": "request_batch_max_bytes",
    "RequestBatchMaxInterval": "request_batch_max_interval",
    "IncomingMessageBufferSize": "incoming_message_buffer_size",
    "RequestPoolSize": "request_pool_size",
    "RequestForwardTimeout": "request_forward_timeout",
    "RequestComplainTimeout": "request_complain_timeout",
    "RequestAutoRemoveTimeout": "request_auto_remove_timeout",
    "ViewChangeResendInterval": "view_change_resend_interval",
    "ViewChangeTimeout": "view_change_timeout",
    "LeaderHeartbeatTimeout": "leader_heartbeat_timeout",
    "LeaderHeartbeatCount": "leader_heartbeat_count",
    "CollectTimeout": "collect_timeout",
}
_ORDERER_KEYS = {
    "OrdererType", "BatchTimeout", "BatchSize", "MaxChannels", "EtcdRaft", "ConsenterMapping",
    "SmartBFT", "Organizations", "Policies", "Capabilities", "Addresses",
}  # fmt: skip


class UnreadableError(Exception):
    """The YAML holds what our model cannot say at all."""


def read_model(folder: Path, file: str, profile: str, channel_id: str | None) -> ChannelModel:
    """Return the model of a profile."""
    document = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
    if channel_id is None:
        raise UnreadableError("no channel id")
    if profile not in document["Profiles"]:
        raise UnreadableError(f"no profile {profile}")
    main = document["Profiles"][profile]
    for section in ("Orderer", "Application"):
        if section not in main:
            raise UnreadableError(f"no section {section}")
    application = main["Application"]
    return ChannelModel(
        channel_id=channel_id,
        orderer=_orderer(folder, main["Orderer"]),
        application=ApplicationModel(
            organizations=tuple(_organization(folder, one) for one in application["Organizations"]),
            policies=_policies(application),
            capabilities=_capabilities(application),
            acls=application.get("ACLs", {}),
        ),
        policies=_policies(main),
        capabilities=_capabilities(main),
    )


def _orderer(folder: Path, section: Mapping[str, Any]) -> OrdererModel:
    unknown = set(section) - _ORDERER_KEYS
    if unknown:
        raise UnreadableError(f"no place for {unknown}")
    size = section.get("BatchSize", {})
    return OrdererModel(
        organizations=tuple(_organization(folder, one) for one in section["Organizations"]),
        consensus=_consensus(folder, section),
        policies=_policies(section),
        capabilities=_capabilities(section),
        batch_timeout=parse_duration(str(section["BatchTimeout"])) / SECOND,
        max_message_count=size.get("MaxMessageCount") or 500,
        absolute_max_bytes=_bytes(size.get("AbsoluteMaxBytes", "10 MB")),
        preferred_max_bytes=_bytes(size.get("PreferredMaxBytes", "2 MB")),
        max_channels=section.get("MaxChannels", 0),
        addresses=tuple(section.get("Addresses", ())),
    )


def _consensus(folder: Path, section: Mapping[str, Any]) -> RaftModel | BFTModel:
    if section["OrdererType"] == "BFT":
        options = {"RequestBatchMaxCount": 0, "RequestBatchMaxBytes": 0, **section["SmartBFT"]}
        return BFTModel(
            consenters=_consenters(folder, section.get("ConsenterMapping", [])),
            **{_BFT_KEYS[key]: value for key, value in options.items()},
        )
    if section["OrdererType"] != "etcdraft" or "EtcdRaft" not in section:
        raise UnreadableError(f"no model for {section['OrdererType']}")
    options = section["EtcdRaft"].get("Options", {})
    return RaftModel(
        consenters=_consenters(folder, section["EtcdRaft"].get("Consenters") or []),
        tick_interval=str(options.get("TickInterval", "500ms")),
        election_tick=options.get("ElectionTick", 10),
        heartbeat_tick=options.get("HeartbeatTick", 1),
        max_inflight_blocks=options.get("MaxInflightBlocks", 5),
        snapshot_interval_size=_bytes(options.get("SnapshotIntervalSize", "16 MB")),
    )


def _consenters(folder: Path, entries: list[dict[str, Any]]) -> tuple[ConsenterModel, ...]:
    return tuple(
        ConsenterModel(
            host=one.get("Host", ""),
            port=one.get("Port", 0),
            client_tls_certificate=(folder / one["ClientTLSCert"]).read_bytes(),
            server_tls_certificate=(folder / one["ServerTLSCert"]).read_bytes(),
            number=one.get("ID", 0),
            msp_id=one.get("MSPID", ""),
            identity=(folder / one["Identity"]).read_bytes() if "Identity" in one else b"",
        )
        for one in entries
    )


def _organization(folder: Path, one: Mapping[str, Any]) -> OrganizationModel:
    if one.get("SkipAsForeign"):
        raise UnreadableError("a foreign organisation")
    return OrganizationModel(
        name=one["Name"],
        msp=MSPDefinition.from_folder(folder / one["MSPDir"], one["ID"]),
        policies=_policies(one),
        anchor_peers=tuple(
            AnchorPeer(peer["Host"], peer["Port"]) for peer in one.get("AnchorPeers", [])
        ),
        endpoints=tuple(one.get("OrdererEndpoints", [])),
    )


def _policies(section: Mapping[str, Any]) -> dict[str, str]:
    for policy in section.get("Policies", {}).values():
        if policy["Type"] not in ("Signature", "ImplicitMeta"):
            raise UnreadableError(f"policy type {policy['Type']}")
    return {name: policy["Rule"] for name, policy in section.get("Policies", {}).items()}


def _capabilities(section: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, on in section.get("Capabilities", {}).items() if on)


def _bytes(text: str | int) -> int:
    match = re.fullmatch(r"(\d+) ?(|KB|MB|GB)", str(text), re.IGNORECASE)
    if match is None:
        raise UnreadableError(f"size {text}")
    return int(match[1]) * _UNITS[match[2].upper()]
