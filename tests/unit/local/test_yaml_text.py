"""YAML that would fill the memory or the stack, wherever a file of others is read."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from pyfabric_network.profile import load_profile
from pyfabric_network.topology.loading import load_topology

from pyfabric.errors import FabricError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.local.yaml_text import load_yaml

LOOP = "a: 1\nb: &b\n  c: [*b]\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
DEEP = "a: 1\nb: " + "[" * 5000 + "]" * 5000
DEEP_TABLES = "a: 1\nb: " + "{x: " * 500 + "1" + "}" * 500
REFUSED = {
    "loop": (LOOP, 3, r"\*b repeats what it is in"),
    "bomb": (BOMB, 6, "more than 500000 values"),
    "deep": (DEEP, 2, "nested more than 64 levels deep"),
    "deep tables": (DEEP_TABLES, 2, "nested more than 64 levels deep"),
}


@pytest.mark.parametrize(("text", "line", "says"), REFUSED.values(), ids=REFUSED)
def test_what_would_not_end_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match=says) as caught:
        load_yaml(text)
    assert caught.value.problem_mark is not None
    assert caught.value.problem_mark.line + 1 == line


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(yaml.YAMLError, match="is longer than 4194304 bytes"):
        load_yaml(" " * 4_194_305)


def test_aliases_and_merges_are_read() -> None:
    text = "a: &a {x: 1, y: [1, 2]}\nb: {<<: *a, x: 2}\nc: [*a, *a]\ns: &s text\nt: *s\n"
    one = {"x": 1, "y": [1, 2]}
    assert load_yaml(text) == {
        "a": one,
        "b": {"x": 2, "y": [1, 2]},
        "c": [one, one],
        "s": "text",
        "t": "text",
    }
    with pytest.raises(yaml.YAMLError, match="undefined alias"):
        load_yaml("a: *nobody")


@pytest.mark.parametrize(("text", "line", "says"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("read", [load_topology, load_profile])
def test_readers_of_files_refuse_it(
    tmp_path: Path, read: Callable[[Path], object], text: str, line: int, says: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text)
    with pytest.raises(FabricError) as caught:
        read(file)
    assert str(file) in str(caught.value)
    assert str(line) in str(caught.value)


@pytest.mark.parametrize(("text", "line", "says"), REFUSED.values(), ids=REFUSED)
def test_an_msp_folder_refuses_it(tmp_path: Path, text: str, line: int, says: str) -> None:
    authority = CertificateAuthority.create("ca.land", "Land", now=datetime.now(UTC))
    (tmp_path / "cacerts").mkdir()
    (tmp_path / "cacerts/ca.pem").write_bytes(authority.certificate_pem)
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(FabricError, match=says):
        MSPDefinition.from_folder(tmp_path, "Org1MSP")


def test_json_that_is_nested_too_deep(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    file.write_text("[" * 100_000)
    with pytest.raises(FabricError, match="neither JSON nor YAML"):
        load_profile(file)
