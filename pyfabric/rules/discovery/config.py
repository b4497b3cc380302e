"""What discovery says of a channel's configuration: every member's MSP, and the orderers' endpoints.

Source: discovery/support/config of Fabric 3.1; the input is a configuration that is in force.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.discovery import protocol_pb2
from fabric_protos.msp import msp_config_pb2

from pyfabric.errors import ConfigError
from pyfabric.messages.addresses import split
from pyfabric.messages.decoding import decode

_NUMBER: Final = re.compile(r"[+-]?[0-9]+")


def config_result(config: configtx_pb2.Config) -> protocol_pb2.ConfigResult:
    """Return the answer to a config query; raises ConfigError for an address without host or port."""
    root = config.channel_group
    orderers, members = root.groups["Orderer"].groups, root.groups["Application"].groups
    result = protocol_pb2.ConfigResult()
    for group in (*orderers.values(), *members.values()):
        msp = _msp(group)
        if msp.name not in result.msps:
            result.msps[msp.name].CopyFrom(msp)
    own = {_msp(group).name: _addresses(group, "Endpoints") for group in orderers.values()}
    if any(own.values()):
        for msp_id, addresses in own.items():
            result.orderers[msp_id].endpoint.extend(_readable(addresses))
    else:
        common = [_endpoint(address) for address in _addresses(root, "OrdererAddresses")]
        for msp_id in own:
            result.orderers[msp_id].endpoint.extend(common)
    return result


def _msp(group: configtx_pb2.ConfigGroup) -> msp_config_pb2.FabricMSPConfig:
    value = decode(msp_config_pb2.MSPConfig, group.values["MSP"].value)
    return decode(msp_config_pb2.FabricMSPConfig, value.config)


def _addresses(group: configtx_pb2.ConfigGroup, name: str) -> list[str]:
    values: Mapping[str, configtx_pb2.ConfigValue] = group.values
    if name not in values:
        return []
    return list(decode(configuration_pb2.OrdererAddresses, values[name].value).addresses)


def _readable(addresses: Iterable[str]) -> Iterator[protocol_pb2.Endpoint]:
    """Yield the addresses that can be read; Fabric leaves out the others."""
    for address in addresses:
        try:
            yield _endpoint(address)
        except ConfigError:
            continue


def _endpoint(address: str) -> protocol_pb2.Endpoint:
    """Read an address as Go does: net.SplitHostPort, then strconv.ParseInt of 32 bits, made unsigned."""
    try:
        host, port = split(address)
    except ConfigError as error:
        raise ConfigError(f"failed parsing orderer endpoint {address}") from error
    if not _NUMBER.fullmatch(port) or not -(2**31) <= int(port) < 2**31:
        raise ConfigError(f"{port} is not a valid port number")
    return protocol_pb2.Endpoint(host=host, port=int(port) % 2**32)
