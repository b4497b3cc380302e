"""The model of a topology file: what a network is, checked before anything is made of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pyfabric.core.policies.syntax import parse_signature_policy
from pyfabric.errors import PolicySyntaxError, TopologyError
from pyfabric_network.document import Document, KeyPath, read_document

PORTS_PER_DEPARTMENT = 50
_IMPLICIT = re.compile(r"(ANY|ALL|MAJORITY) [A-Za-z][A-Za-z0-9]*")
_POLICY_PATH = re.compile(r"/Channel(/[A-Za-z0-9]+)+")
_PRINCIPAL = re.compile(r"'([^']+)\.(?:member|admin|client|peer|orderer)'")
_UNITS = {"ms": 0.001, "s": 1.0, "B": 1, "KB": 1024, "MB": 1024**2}

N = TypeVar("N", int, float)


def _matching(pattern: str, says: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"'{value}' {says}")
        return value

    return check


def _between(low: int, high: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high} (it is {value})")
        return value

    return check


def _quantity(value: str, units: tuple[str, ...]) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)", value)
    if match is None or match[2] not in units or float(match[1]) == 0:
        raise ValueError(f"'{value}' must be a number above 0 and one of {', '.join(units)}")
    return float(match[1]) * _UNITS[match[2]]


def seconds(value: str) -> float:
    """A duration as a topology writes it ("100ms", "2s")."""
    return _quantity(value, ("ms", "s"))


def octets(value: str) -> int:
    """A size as a topology writes it ("512 KB"; a KB is 1024 bytes, as in Fabric's files)."""
    return int(_quantity(value, ("B", "KB", "MB")))


def _channel_policy(value: str) -> str:
    return value if _IMPLICIT.fullmatch(value) else _signature_policy(value)


def _endorsement(value: str) -> str:
    if _IMPLICIT.fullmatch(value):
        raise ValueError("must be a signature policy or the path of a channel policy (/Channel/…)")
    return value if _POLICY_PATH.fullmatch(value) else _signature_policy(value)


def _signature_policy(value: str) -> str:
    try:
        parse_signature_policy(value)
    except PolicySyntaxError as error:
        raise ValueError(f"is not a policy: {error} (position {error.position})") from error
    return value


def _checked_by(check: Callable[[str], object]) -> Callable[[str], str]:
    def keep(value: str) -> str:
        check(value)
        return value

    return keep


NetworkName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z][a-z0-9-]{0,30}", "must be lower-case letters, digits and hyphens, at most 31"
        )
    ),
]
DepartmentName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Za-z][A-Za-z0-9-]{0,30}", "must be letters, digits and hyphens, at most 31")
    ),
]
MspId: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", "must be letters, digits, dots and hyphens")
    ),
]
UserName: TypeAlias = Annotated[
    str,
    AfterValidator(_matching(r"[A-Za-z][A-Za-z0-9_-]{0,30}", "must be letters, digits, - and _")),
]
ChannelName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z][a-z0-9.-]{0,248}",
            "must be lower-case letters, digits, dots and hyphens, and start with a letter",
        )
    ),
]
ContractName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*", "must be letters and digits, joined by - or _"
        )
    ),
]
Version: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*", "must be letters and digits, joined by . or -"
        )
    ),
]
ContractClass: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", "must be a class, as package.module:Class")
    ),
]
PolicyName: TypeAlias = Annotated[
    str, AfterValidator(_matching(r"[A-Za-z][A-Za-z0-9]*", "must be letters and digits"))
]
ChannelPolicy: TypeAlias = Annotated[str, AfterValidator(_channel_policy)]
Endorsement: TypeAlias = Annotated[str, AfterValidator(_endorsement)]
Duration: TypeAlias = Annotated[str, AfterValidator(_checked_by(seconds))]
Size: TypeAlias = Annotated[str, AfterValidator(_checked_by(octets))]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class User(_Part):
    """A person or system of a department; `attributes` go into the certificate, for contracts."""

    attributes: Mapping[str, str] = Field(default_factory=dict)


class Department(_Part):
    """One organisation: its nodes carry its MSP id (default: the name followed by MSP)."""

    title: str = ""
    msp_id: MspId | None = None
    peers: Annotated[int, AfterValidator(_between(1, 9))] = 1
    users: dict[UserName, User] = Field(default_factory=dict)


class Batch(_Part):
    """When an orderer cuts a block: whichever comes first."""

    timeout: Duration = "2s"
    max_messages: Annotated[int, AfterValidator(_between(1, 100_000))] = 500
    preferred_bytes: Size = "2 MB"
    absolute_bytes: Size = "10 MB"


class Ordering(_Part):
    """The ordering service; `nodes` names the department that runs each orderer."""

    consensus: Literal["raft"] = "raft"
    nodes: tuple[str, ...]
    batch: Batch = Batch()


class Channel(_Part):
    """A channel: which departments are in it and which contracts run there.

    `policies` replace the defaults of /Channel/Application (Readers, Writers, Admins, Endorsement,
    LifecycleEndorsement), as implicit meta rules ("MAJORITY Admins") or signature policies.
    """

    departments: tuple[str, ...]
    contracts: tuple[str, ...] = ()
    policies: dict[PolicyName, ChannelPolicy] = Field(default_factory=dict)


class ContractService(_Part):
    """A chaincode that runs as a service: the contract classes it holds, and who must endorse.

    Without `endorsement`, the channel's Endorsement policy decides. A change of the code is a new
    `version`; any change of the definition is the next `sequence`.
    """

    version: Version
    sequence: Annotated[int, AfterValidator(_between(1, 1_000_000))] = 1
    classes: tuple[ContractClass, ...]
    endorsement: Endorsement | None = None
    init_required: bool = False

    def label(self, name: str) -> str:
        """The package label: what tells this version's package from others."""
        return f"{name}_{self.version}"


class Topology(_Part):
    """A whole network. Each department has 50 ports from `base_port` on, in the order of the file."""

    name: NetworkName
    fabric: Literal["3.1", "2.5"] = "3.1"
    base_port: Annotated[int, AfterValidator(_between(1024, 65535))] = 17000
    departments: dict[DepartmentName, Department]
    ordering: Ordering
    channels: dict[ChannelName, Channel]
    contracts: dict[ContractName, ContractService] = Field(default_factory=dict)

    def msp_id(self, department: str) -> str:
        """The MSP id of a department."""
        return self.departments[department].msp_id or f"{department}MSP"


def bundled_topologies() -> Mapping[str, Path]:
    """The topologies that come with this package, by name."""
    packaged = Path(str(files("pyfabric_network") / "topologies"))
    source = Path(__file__).parents[1]
    folder = packaged if packaged.is_dir() else source
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_topology(file: Path) -> Topology:
    """Read and check a topology file; raises TopologyError with file, line and key."""
    document = read_document(file)
    topology = document.parse(Topology)
    for check in (_check_departments, _check_ordering, _check_channels, _check_contracts):
        check(topology, document)
    return topology


def find_topology(name: str) -> Path:
    """The file of a topology given as a path or as the name of a bundled one."""
    bundled = bundled_topologies()
    if name in bundled:
        return bundled[name]
    if Path(name).exists():
        return Path(name)
    raise TopologyError(
        f"no such file, and the topologies that come along are: {', '.join(bundled)}",
        file=Path(name),
        line=None,
        key="",
    )


def _check_departments(topology: Topology, document: Document) -> None:
    if not topology.departments:
        document.fail("needs at least one department", ("departments",))
    spellings: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name in topology.departments:
        same = spellings.setdefault(name.lower(), name)
        if same != name:
            document.fail(f"differs from {same} only in case", ("departments", name))
        owner = owners.setdefault(topology.msp_id(name), name)
        if owner != name:
            document.fail(
                f"MSP id {topology.msp_id(name)} is already that of {owner}", ("departments", name)
            )
        if "Admin" in topology.departments[name].users:
            document.fail(
                "is made for every department already", ("departments", name, "users", "Admin")
            )
    last = topology.base_port + PORTS_PER_DEPARTMENT * len(topology.departments) - 1
    if last > 65535:
        document.fail(f"leaves too few ports: the last would be {last}", ("base_port",))


def _check_ordering(topology: Topology, document: Document) -> None:
    path = ("ordering", "nodes")
    if not topology.ordering.nodes:
        document.fail("needs at least one orderer", path)
    _check_known(topology.ordering.nodes, topology.departments, "department", document, path)
    for department, count in Counter(topology.ordering.nodes).items():
        if count > 3:
            document.fail(f"{department} runs {count} orderers; at most 3", path)
    batch = topology.ordering.batch
    if octets(batch.preferred_bytes) > octets(batch.absolute_bytes):
        document.fail(
            f"must not exceed absolute_bytes ({batch.absolute_bytes})",
            ("ordering", "batch", "preferred_bytes"),
        )


def _check_channels(topology: Topology, document: Document) -> None:
    if not topology.channels:
        document.fail("needs at least one channel", ("channels",))
    for name, channel in topology.channels.items():
        path = ("channels", name)
        if not channel.departments:
            document.fail("needs at least one department", (*path, "departments"))
        for key, given, known, kind in (
            ("departments", channel.departments, topology.departments, "department"),
            ("contracts", channel.contracts, topology.contracts, "contract"),
        ):
            _check_known(given, known, kind, document, (*path, key))
            _check_once(given, document, (*path, key))
        members = {topology.msp_id(department) for department in channel.departments}
        for policy, rule in channel.policies.items():
            _check_principals(rule, members, document, (*path, "policies", policy))
        for contract in channel.contracts:
            rule = topology.contracts[contract].endorsement or ""
            _check_principals(rule, members, document, ("contracts", contract, "endorsement"))


def _check_contracts(topology: Topology, document: Document) -> None:
    for name, contract in topology.contracts.items():
        path = ("contracts", name)
        if not contract.classes:
            document.fail("needs at least one class", (*path, "classes"))
        _check_once(contract.classes, document, (*path, "classes"))


def _check_known(
    given: Iterable[str], known: Iterable[str], kind: str, document: Document, path: KeyPath
) -> None:
    names = list(known)
    for index, name in enumerate(given):
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"there are: {', '.join(names) or 'none'}"
            )
            document.fail(f"no {kind} named {name}; {hint}", (*path, index))


def _check_once(given: Iterable[str], document: Document, path: KeyPath) -> None:
    for name, count in Counter(given).items():
        if count > 1:
            document.fail(f"{name} is given {count} times", path)


def _check_principals(rule: str, members: set[str], document: Document, path: KeyPath) -> None:
    for msp_id in _PRINCIPAL.findall(rule):
        if msp_id not in members:
            known = ", ".join(sorted(members))
            document.fail(f"{msp_id} is not in the channel; its MSP ids are: {known}", path)
