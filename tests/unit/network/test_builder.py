"""The external builder, called as a peer calls it: detect, build, release."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pyfabric_network.runtimes import builder_program
from pyfabric_network.runtimes.builder import write_builder
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE

VALUES = {"root_cert": 'line one\nline "two"\n', "address_0": "127.0.0.1:7000"}
CONNECTION = {
    "address": "{{.address_0}}",
    "dial_timeout": "10s",
    "tls_required": True,
    "root_cert": "{{ .root_cert }}",
}


def run(builder: Path, script: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts with the environment that a peer gives it."""
    return subprocess.run(
        [builder / "bin" / script, *folders],
        env={"PATH": os.defpath, BUILDER_VARIABLE: json.dumps(VALUES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def builder(tmp_path: Path) -> Path:
    write_builder(tmp_path / "builder")
    write_builder(tmp_path / "builder")
    return tmp_path / "builder"


@pytest.mark.parametrize(
    ("metadata", "taken"),
    [
        ('{"type":"ccaas","label":"a"}', True),
        ('{ "label": "a",\n  "type" : "CCAAS" }', True),
        ('{"type":"golang","label":"ccaas"}', False),
    ],
)
def test_packages_of_services_are_taken(
    builder: Path, tmp_path: Path, metadata: str, *, taken: bool
) -> None:
    (tmp_path / "metadata.json").write_text(metadata)
    assert (run(builder, "detect", tmp_path, tmp_path).returncode == 0) is taken


@pytest.mark.parametrize("name", ["it's here", 'a "quoted" $(folder)', "two  blanks"])
def test_paths_may_have_any_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    program = shutil.copy(builder_program.__file__, folder)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setattr(builder_program, "__file__", str(program))
    write_builder(folder / "builder")
    (folder / "connection.json").write_text(json.dumps(CONNECTION))
    output = folder / "out"
    output.mkdir()
    done = run(folder / "builder", "build", folder, folder, output)
    assert done.returncode == 0, done.stderr
    filled = json.loads((output / "connection.json").read_text())
    assert filled["address"] == VALUES["address_0"]


def test_the_peer_finds_the_connection_filled(builder: Path, tmp_path: Path) -> None:
    source, output, release = (tmp_path / name for name in ("src", "out", "release"))
    for folder in (source, output, release):
        folder.mkdir()
    (source / "connection.json").write_text(json.dumps(CONNECTION))
    assert run(builder, "build", source, tmp_path, output).returncode == 0
    assert run(builder, "release", output, release).returncode == 0
    found = json.loads((release / "chaincode" / "server" / "connection.json").read_text())
    kept = (output / "connection.json", release / "chaincode" / "server" / "connection.json")
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}  # a key is in them
    assert found == CONNECTION | {
        "address": VALUES["address_0"],
        "root_cert": VALUES["root_cert"],
    }


def test_a_template_without_a_value_is_named(builder: Path, tmp_path: Path) -> None:
    (tmp_path / "connection.json").write_text('{"address": "{{.address_99}}"}')
    output = tmp_path / "out"
    output.mkdir()
    failed = run(builder, "build", tmp_path, tmp_path, output)
    assert failed.returncode != 0
    assert "no value for the template 'address_99'" in failed.stderr
    assert not list(output.iterdir())
