"""Backups: written, restored elsewhere, and refused without a change."""

import gzip
import io
import json
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.backups.rejoining import rejoining
from pyfabric_network.contexts import Contexts
from pyfabric_network.network import Network
from pyfabric_network.replacing import draft_of_network
from pyfabric_network.state_folder import networks
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import ConfigError, FabricError, NetworkError
from tests.support.network.network import TOPOLOGY, call, running_network, write_topology


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the rights and contents of every file below a folder."""
    return {
        str(path.relative_to(folder)): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Provide a network that is down, with a record."""
    with running_network(tmp_path_factory.mktemp("made")) as network:
        call(network, "Tax", "put", "colour", "blue")
    return network


@pytest.fixture(scope="module")
def backup(made: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide its backup."""
    file = tmp_path_factory.mktemp("backup") / "small.backup"
    made.backup(file)
    return file


@contextmanager
def up(network: Network) -> Iterator[Network]:
    network.up()
    try:
        yield network
    finally:
        network.down()


def test_a_network_that_is_restored_elsewhere_has_all_records_and_needs_nothing_of_the_old_place(
    tmp_path: Path,
) -> None:
    (tmp_path / "old").mkdir()
    with running_network(tmp_path / "old") as network:
        call(network, "Tax", "put", "colour", "blue")
    network.backup(tmp_path / "small.backup", passphrase="a word")
    network.down(delete=True)
    (tmp_path / "old" / "sample.py").write_text("raise SystemExit('of the old place')")
    place = tmp_path / "elsewhere" / "state"
    restored, warnings = Network.restore(tmp_path / "small.backup", place, passphrase="a word")
    assert warnings == ()
    assert restored.root == place / "small"
    assert set(Contexts(place).all()) == {"small/Tax", "small/Health"}
    with up(Network.reopen(place)) as found:
        assert call(found, "Health", "get", "colour") == b"blue"
        call(found, "Health", "put", "shape", "round")
        assert [one.changed for one in found.deploy()] == [False]
    old = str(tmp_path / "old").encode()
    files = [path for path in place.rglob("*") if path.is_file() and path.name != "ledger.log"]
    assert [path for path in files if old in path.read_bytes()] == []


def test_a_restored_folder_is_what_it_was(made: Network, backup: Path, tmp_path: Path) -> None:
    restored, _ = Network.restore(backup, tmp_path)
    own = {"network.json", "lock", "ledger.log", "ledger.answers"}
    before, after = tree(made.root), tree(restored.root)
    assert {name: one for name, one in before.items() if name not in own} == {
        name: one for name, one in after.items() if name not in own
    }
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(restored.root.stat().st_mode) == 0o700
    assert restored.state.blocks == made.state.blocks
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contexts.json", "small"]


def test_a_restore_replaces_what_is_there(made: Network, backup: Path, tmp_path: Path) -> None:
    restored, _ = Network.restore(backup, tmp_path)
    (restored.root / "channels" / "newer.block").write_text("newer")
    (restored.root / "network.json").write_text("damaged")
    again, _ = Network.restore(backup, tmp_path)
    assert not (again.root / "channels" / "newer.block").exists()
    assert again.state.base_port == made.state.base_port


def test_nodes_stand_still(made: Network, backup: Path, tmp_path: Path) -> None:
    network, _ = Network.restore(backup, tmp_path)
    with up(network):
        with pytest.raises(NetworkError, match=r"small runs, and its ledgers change.*--stop"):
            network.backup(tmp_path / "other.backup")
        before = tree(tmp_path / "small" / "organizations")
        with pytest.raises(NetworkError, match=r"runs, and a restore replaces.*network down"):
            Network.restore(backup, tmp_path)
        assert tree(tmp_path / "small" / "organizations") == before
    assert not (tmp_path / "other.backup").exists()


def test_no_file_is_replaced_by_a_backup(made: Network, backup: Path) -> None:
    with pytest.raises(ConfigError, match="exists already: name another"):
        made.backup(backup)
    with pytest.raises(ConfigError, match="in the network's folder, which a restore"):
        made.backup(made.root / "own.backup")


def test_a_link_is_refused(backup: Path, tmp_path: Path) -> None:
    network, _ = Network.restore(backup, tmp_path / "state")
    shutil.move(network.root / "ledger", tmp_path / "disk")
    (network.root / "ledger").symlink_to(tmp_path / "disk")
    with pytest.raises(ConfigError, match=r"ledger: is a symbolic link"):
        network.backup(tmp_path / "other.backup")
    assert not (tmp_path / "other.backup").exists()


Members = list[tuple[tarfile.TarInfo, bytes]]


def rewritten(backup: Path, target: Path, change: Callable[[Members], object]) -> Path:
    """Write a copy of a backup with changed members."""
    with tarfile.open(backup) as archive:
        members = [
            (one, (archive.extractfile(one) or io.BytesIO()).read() if one.isfile() else b"")
            for one in archive
        ]
    change(members)
    with tarfile.open(target, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target


def _changed(name: str, content: bytes) -> Callable[[Members], object]:
    def change(members: Members) -> None:
        (place,) = (index for index, (one, _) in enumerate(members) if one.name == name)
        members[place] = (members[place][0], content)

    return change


def _added(name: str, kind: bytes = tarfile.REGTYPE) -> Callable[[Members], object]:
    def change(members: Members) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        members.insert(1, (member, b""))

    return change


def _facts(**changes: Any) -> Callable[[Members], object]:
    def change(members: Members) -> None:
        member, content = members[0]
        members[0] = (member, json.dumps({**json.loads(content), **changes}).encode())

    return change


REFUSED: dict[str, tuple[Callable[[Members], object], str]] = {
    "changed": (_changed("topology.yaml", b"name: other"), "topology.yaml is not what its digest"),
    "incomplete": (lambda members: members.pop(), "it has no digests: it is incomplete"),
    "lost": (lambda members: members.pop(-2), "is not what its digest says"),
    "added": (_added("more"), "more is not what its digest says"),
    "above": (_added("../more"), r"\.\./more in it is not below"),
    "absolute": (_added("/tmp/more"), "/tmp/more in it is not below"),
    "link": (_added("more", tarfile.SYMTYPE), "more in it is no file"),
    "after the digests": (
        lambda members: members.append(members[-2]),
        "comes after the digests",
    ),
    "digests": (_changed("digests.json", b"[]"), "digests.json in it is damaged"),
    "later": (_facts(format=2), "was made by a later version"),
    "facts": (_facts(runtime="other"), "backup.json in it is damaged"),
    "name": (_facts(network="../other"), "is not a network's name"),
    "other name": (_facts(network="other"), "its topology is of another network than other"),
    "no facts": (lambda members: members.pop(0), "is not a backup of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_backup_that_is_wrong_changes_nothing(backup: Path, tmp_path: Path, case: str) -> None:
    state = tmp_path / "state"
    Network.restore(backup, state)
    before = tree(state)
    change, text = REFUSED[case]
    wrong = rewritten(backup, tmp_path / "wrong.backup", change)
    with pytest.raises(ConfigError, match=text) as refused:
        Network.restore(wrong, state)
    assert str(wrong) in str(refused.value)
    assert tree(state) == before
    assert not list(tmp_path.parent.glob("more"))


@pytest.mark.parametrize("kept", [0, 1, 20, 2000, 20000])
def test_a_file_that_is_cut_off_is_refused(backup: Path, tmp_path: Path, kept: int) -> None:
    file = tmp_path / "cut.backup"
    file.write_bytes(backup.read_bytes()[:kept])
    with pytest.raises(ConfigError, match=r"cut\.backup: is (damaged or incomplete|not a backup)"):
        Network.restore(file, tmp_path / "state")
    assert list((tmp_path / "state").iterdir()) == []


def test_bombs_are_not_unpacked_into_memory(backup: Path, tmp_path: Path) -> None:
    file = tmp_path / "bomb.backup"
    with gzip.open(file, "wb") as target, tarfile.open(fileobj=target, mode="w|") as archive:
        member = tarfile.TarInfo("backup.json")
        member.size = 100 * 2**20
        archive.addfile(member, _Zeros())
    with pytest.raises(ConfigError, match=r"backup\.json in it is damaged"):
        Network.restore(file, tmp_path / "state")


def test_an_encrypted_backup_needs_its_passphrase(made: Network, tmp_path: Path) -> None:
    file = tmp_path / "small.backup"
    made.backup(file, passphrase="a word")
    assert b"PRIVATE KEY" not in file.read_bytes()
    for passphrase in (None, "another"):
        with pytest.raises(FabricError, match="passphrase"):
            Network.restore(file, tmp_path / "state", passphrase=passphrase)
    restored, _ = Network.restore(file, tmp_path / "state", passphrase="a word")
    assert restored.plan.name == "small"


def test_a_restore_that_was_interrupted_is_not_brought_up(backup: Path, tmp_path: Path) -> None:
    network, _ = Network.restore(backup, tmp_path)
    (network.root / ".restoring").touch()
    for action in (network.up, network.pending, lambda: network.backup(tmp_path / "b")):
        with pytest.raises(NetworkError, match="not restored completely: run `pyfabric network r"):
            action()
    again, _ = Network.restore(backup, tmp_path)
    assert not (again.root / ".restoring").exists()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_restore_that_is_killed_between_its_renames_changes_nothing(
    backup: Path, tmp_path: Path, moment: str
) -> None:
    """Find the network that was there, or the restored one, and nothing of the restore beside it."""
    network, _ = Network.restore(backup, tmp_path)
    (network.root / "mine").write_text("before")
    script = (
        "import os, sys; from pathlib import Path; "
        "from pyfabric_network.network import Network; "
        "from pyfabric.local import files; own = files.rename_folder;"
        f"last = lambda *folders: ({moment == 'after'} and own(*folders), os._exit(9));"
        "files.rename_folder = last;"
        "Network.restore(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(backup), str(tmp_path)], check=False)
    assert killed.returncode == 9
    assert list(tmp_path.glob(".restoring-*"))
    assert networks(tmp_path) == ["small"]
    found = Network.open(tmp_path)
    assert (found.root / "mine").exists() is (moment == "before")
    assert (found.root / ".restoring").exists() is (moment == "after")
    assert not list(tmp_path.glob(".restoring-*"))
    Network.restore(backup, tmp_path)
    assert not (network.root / "mine").exists()


def test_a_restore_that_is_under_way_is_left_alone(backup: Path, tmp_path: Path) -> None:
    Network.restore(backup, tmp_path)
    with draft_of_network(tmp_path) as draft:
        (draft / "network.json").write_text("{}")
        assert Network.open(tmp_path).plan.name == "small"
        assert draft.exists()
    assert not list(tmp_path.glob(".restoring-*"))


def plan_of(folder: Path, orderers: str, consensus: str, own: str) -> Plan:
    text = TOPOLOGY.replace("nodes: [Tax]", f"consensus: {consensus}\n  nodes: [{orderers}]")
    topology = load_topology(write_topology(folder, text))
    places = {
        name: Place("host", 17000 + 50 * index, here=name == own)
        for index, name in enumerate(topology.departments)
    }
    return make_plan(topology, folder, base_port=17000, places=places)


@pytest.mark.parametrize(
    ("orderers", "consensus", "own", "expected"),
    [
        ("Tax, Health, Health", "raft", "Tax", ["orderer0.tax"]),
        ("Tax, Health, Health, Health", "bft", "Tax", ["orderer0.tax"]),
        ("Tax", "raft", "Health", []),
        ("Tax", "raft", "Tax", []),
        ("Tax, Health", "raft", "Tax", None),
        ("Tax, Tax, Health", "raft", "Tax", None),
        ("Tax, Tax, Health, Health", "bft", "Tax", None),
    ],
)
def test_an_orderer_begins_anew_where_the_others_order_without_it(
    tmp_path: Path, orderers: str, consensus: str, own: str, expected: list[str] | None
) -> None:
    plan = plan_of(tmp_path, orderers, consensus, own)
    if expected is None:
        with pytest.raises(
            NetworkError, match=r"cannot order blocks without them.*--keep-orderers"
        ):
            rejoining(plan, keep=False)
    else:
        assert [node.name for node in rejoining(plan, keep=False)] == expected
    assert rejoining(plan, keep=True) == ()


def test_orderers_of_one_machine_are_of_one_moment(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "Tax, Health, Health", "raft", "Tax")
    whole = make_plan(plan.topology, tmp_path, base_port=17000)
    assert rejoining(replace(whole), keep=False) == ()


class _Zeros(io.RawIOBase):
    def read(self, size: int = -1, /) -> bytes:
        return bytes(size)
