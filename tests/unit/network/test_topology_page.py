"""The documentation of topologies: its example loads, and every key of the model is explained."""

import re
from pathlib import Path

from pydantic import BaseModel
from pyfabric_network.topology import spec
from pyfabric_network.topology.loading import load_topology

PAGE = Path("docs/topologies.md").read_text(encoding="utf-8")
PARTS: tuple[type[BaseModel], ...] = (
    spec.Topology,
    spec.Department,
    spec.User,
    spec.Ordering,
    spec.Batch,
    spec.BFT,
    spec.Times,
    spec.Channel,
    spec.ContractService,
    spec.ContractProcess,
    spec.Collection,
)


def test_the_example_loads_and_uses_every_key(tmp_path: Path) -> None:
    match = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None
    file = tmp_path / "city.yaml"
    file.write_text(match[1], encoding="utf-8")
    topology = load_topology(file)
    assert len(topology.ordering.nodes) == 4
    used = set(re.findall(r"(\w+):", match[1]))
    wanted = {key for part in PARTS for key in part.model_fields}
    assert wanted - used == {"fabric", "base_port"}


def test_the_table_has_each_key_at_its_depth_and_no_other() -> None:
    rows = re.findall(r"^\| ((?:… )*)`(\w+)` \|", PAGE, re.MULTILINE)
    told = sorted((len(depth) // 2, key) for depth, key in rows)
    depths = (0, 1, 2, 1, 2, 2, 1, 1, 1, 2, 2)
    wanted = sorted(
        (depth, key) for part, depth in zip(PARTS, depths, strict=True) for key in part.model_fields
    )
    assert told == wanted
