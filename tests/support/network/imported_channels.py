"""What a channel configuration says, by the keys of the profile of configtx.yaml that says it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml
from fabric_protos.common import configtx_pb2
from pyfabric_network.importing.reading import Imported
from pyfabric_network.material.genesis import channel_config
from pyfabric_network.material.keys import make_material
from pyfabric_network.topology.loading import read_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.messages import decode_message
from tests.support.paths import ROOT

_SECTIONS: Final = ("Orderer", "Application")
_KEYS: Final = {
    "MSP": "MSPDir",
    "Endpoints": "OrdererEndpoints",
    "OrdererAddresses": "Orderer.Addresses",
    "ChannelRestrictions": "MaxChannels",
}

_BLOCK = re.compile(r"^```\w+ (?P<name>\S+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def write_examples(folder: Path) -> None:
    """Write the files of docs/importing.md."""
    for block in _BLOCK.finditer((ROOT / "docs/importing.md").read_text(encoding="utf-8")):
        (folder / block["name"]).write_text(block["body"], encoding="utf-8")


def plan_of(imported: Imported, root: Path) -> Plan:
    """Return the plan of what was imported."""
    return make_plan(read_topology(imported.text, root), root, base_port=17000)


def first_channel(imported: Imported, root: Path) -> configtx_pb2.Config:
    """Return the configuration with which the first channel begins, with keys that are made for it."""
    plan = plan_of(imported, root)
    make_material(plan, now=datetime(2026, 11, 30, tzinfo=UTC))
    return channel_config(plan, next(iter(plan.channels.values())))


@dataclass(frozen=True)
class Profile:
    """A profile of a configtx.yaml."""

    name: str
    content: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path, name: str) -> "Profile":
        """Read one of a file."""
        return cls(name, yaml.safe_load(file.read_text())["Profiles"][name])

    def statements(self, config: configtx_pb2.Config) -> dict[str, Any]:
        """Return every statement of a configuration; organisations stand by their places in the profile."""
        document = decode_message("common.Config", config.SerializeToString())
        return dict(self._group(document["channel_group"], ""))

    def differences(
        self, theirs: configtx_pb2.Config, ours: configtx_pb2.Config
    ) -> tuple[set[str], set[str]]:
        """Return the keys of statements that differ, and of those that are the same."""
        one, other = self.statements(theirs), self.statements(ours)
        known = {
            key
            for key in one.keys() | other.keys()
            if not key.endswith(".mod_policy") or key in one.keys() & other.keys()
        }
        differing = {key for key in known if one.get(key) != other.get(key)}
        return (
            {f"Profiles.{self.name}.{key}" for key in differing},
            {f"Profiles.{self.name}.{key}" for key in known - differing},
        )

    def _group(self, group: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        yield f"{prefix}mod_policy", group.get("mod_policy", "")
        for name, policy in group.get("policies", {}).items():
            yield f"{prefix}Policies.{name}", policy
        for name, entry in group.get("values", {}).items():
            yield f"{prefix}{name}.mod_policy", entry.get("mod_policy", "")
            yield from self._value(name, entry.get("value") or {}, prefix)
        for section in _SECTIONS:
            inner = group.get("groups", {}).get(section)
            if inner is not None:
                yield from self._group({**inner, "groups": {}}, f"{section}.")
                yield from self._members(inner["groups"], section)

    def _members(self, groups: Mapping[str, Any], section: str) -> Iterator[tuple[str, Any]]:
        """Yield the organisations of a section, by MSP id: configtxgen calls their groups otherwise."""
        places = {one["ID"]: at for at, one in enumerate(self.content[section]["Organizations"])}
        for group in groups.values():
            msp_id = group["values"]["MSP"]["value"]["config"]["name"]
            prefix = f"{section}.Organizations.{places[msp_id]}."
            yield f"{prefix}ID", msp_id
            yield from self._group(group, prefix)

    def _value(self, name: str, value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        if name == "ConsensusType":
            yield from _consensus(value, prefix)
        elif name == "ACLs":
            for resource, one in value["acls"].items():
                yield f"{prefix}ACLs.{resource}", self._with_msp_ids(one["policy_ref"])
        elif name in _COLLECTIONS:
            yield from _COLLECTIONS[name](value, prefix)
        else:
            yield f"{prefix}{_KEYS.get(name, name)}", value

    def _with_msp_ids(self, path: str) -> str:
        """Return a policy's path with the organisation's MSP id in place of its name."""
        names = {one["Name"]: one["ID"] for one in self.content["Application"]["Organizations"]}
        return "/".join(names.get(part, part) for part in path.split("/"))


def _consensus(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    yield f"{prefix}OrdererType", value["type"]
    yield f"{prefix}state", value.get("state", "")
    options, section = value["metadata"], "SmartBFT"
    if value["type"] == "etcdraft":
        yield f"{prefix}EtcdRaft.Consenters", len(options["consenters"])
        options, section = options["options"], "EtcdRaft.Options"
    for key, option in options.items():
        yield f"{prefix}{section}.{_camel(key)}", option


def _capabilities(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for capability in value["capabilities"]:
        yield f"{prefix}Capabilities.{capability}", True


def _batch_size(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, number in value.items():
        yield f"{prefix}BatchSize.{_camel(key)}", number


def _count(key: str, of: str) -> Callable[[Mapping[str, Any], str], Iterator[tuple[str, Any]]]:
    """Return how the number of a list's entries is stated."""
    return lambda value, prefix: iter([(f"{prefix}{key}", len(value[of]))])


_COLLECTIONS: Final[Mapping[str, Callable[..., Iterator[tuple[str, Any]]]]] = {
    "Capabilities": _capabilities,
    "BatchSize": _batch_size,
    "AnchorPeers": _count("AnchorPeers", "anchor_peers"),
    "Orderers": _count("ConsenterMapping", "consenter_mapping"),
}


def _camel(name: str) -> str:
    return re.sub(r"(?:^|_)([a-z])", lambda found: found[1].upper(), name)
