"""The options of consensus in configtx.yaml, compared with those of a topology's channels."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from pydantic import ValidationError

from pyfabric.admin.config.model import BFTModel, RaftModel
from pyfabric.messages.durations import parse_duration
from pyfabric_network.importing.configtx_values import nanoseconds, octets
from pyfabric_network.importing.draft import duration
from pyfabric_network.importing.source import Source
from pyfabric_network.material.genesis import bft_options
from pyfabric_network.topology.spec import Ordering

_SHORTEST: Final = 1_000_000
"""A millisecond, in nanoseconds: no time of a topology is shorter."""


def compare_raft(options: Source) -> None:
    """Leave out Raft's options that are not Fabric's usual ones, which the channels have."""
    usual = RaftModel(consenters=())
    for field, name in _names(RaftModel).items():
        value = getattr(usual, field)
        if _given(options, name, value) != _quantity(value):
            options.leave(name, f"is always {value}")


def bft_times(options: Source, timeout: int) -> dict[str, str]:
    """Return the `bft` of a topology from SmartBFT's options, with this timeout of a batch in nanoseconds.

    SmartBFT's times count from a transaction's arrival, those of a topology from the end of the batch's timeout.
    """
    usual = BFTModel(consenters=())
    forward = nanoseconds(options, "RequestForwardTimeout", usual.request_forward_timeout)
    complain = nanoseconds(options, "RequestComplainTimeout", usual.request_complain_timeout)
    complain = max(complain - timeout, _SHORTEST)
    election = nanoseconds(options, "ViewChangeTimeout", usual.view_change_timeout)
    heartbeat = nanoseconds(options, "LeaderHeartbeatTimeout", usual.leader_heartbeat_timeout)
    return {
        "forward_timeout": duration(min(max(forward - timeout, _SHORTEST), complain)),
        "complain_timeout": duration(complain),
        "view_change_timeout": duration(election),
        "heartbeat_timeout": duration(heartbeat),
    }


def compare_bft(options: Source, ordering: Mapping[str, Any]) -> None:
    """Leave out SmartBFT's options that differ from those of the channels of this `ordering`.

    Without the section all are Fabric's usual ones; an option that the section lacks is 0.
    """
    usual = BFTModel(consenters=())
    try:
        made = bft_options(Ordering.model_validate_json(json.dumps(ordering)))
    except ValidationError:
        return  # the topology is refused, with its reason
    for field, name in _names(BFTModel).items():
        value, default = getattr(made, field), getattr(usual, field)
        if options.names():
            default = "0" if isinstance(default, str) else 0
        if _given(options, name, default) != _quantity(value):
            options.leave(name, f"follows from ordering.batch and ordering.bft: {value}")


def _names(model: type[RaftModel | BFTModel]) -> dict[str, str]:
    """Return the names of a model's options in configtx.yaml, by those in the model."""
    names = [one.name for one in fields(model) if one.name != "consenters"]
    return {name: name.title().replace("_", "") for name in names}


def _given(options: Source, name: str, default: int | str) -> int:
    """Return a count, a size, or a time in nanoseconds: whichever the default is."""
    if isinstance(default, str):
        return nanoseconds(options, name, default)
    return octets(options, name, default)


def _quantity(value: int | str) -> int:
    return parse_duration(value) if isinstance(value, str) else value
