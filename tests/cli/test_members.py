"""The commands for departments with machines of their own: keys, definitions, bundles."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.members.membership import Membership

from tests.support.network.network import TOPOLOGY, write_topology

Run = Callable[..., Any]


@pytest.fixture
def topology(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Provide the topology file; commands write their files next to it by default."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYFABRIC_STATE", raising=False)
    return str(write_topology(tmp_path, TOPOLOGY))


def test_from_keys_at_home_to_a_bundle_taken_in(run: Run, topology: str, tmp_path: Path) -> None:
    told = {}
    for name, host in (("Tax", "127.0.0.2"), ("Health", "127.0.0.3")):
        made = run(*("network", "member", "init", topology, name, "--host", host, "--state", name))
        assert made.code == 0, made.err
        assert f"the keys of {name} are in {tmp_path / name / 'small'}: keep them there" in made.err
        assert f"wrote small-{name.lower()}.json" in made.err
        told[name] = made.out.split()[-1]
    sent = ["small-tax.json", "small-health.json"]
    added = run("network", "member", "add", topology, *sent, "--state", "all", "-o", "json")
    assert added.code == 0, added.err
    assert {row["department"]: row["fingerprint"] for row in added.json()} == told
    assert "no department's definition is missing" in added.err
    bundled = run("network", "bundle", "Health", "--state", "all")
    fingerprint = bundled.err.split()[-1]
    assert bundled.code == 0
    told_first = f"fingerprint of topology and contracts: {fingerprint}\n"
    wrote = "wrote small-health, without keys: the department has them\n"
    assert bundled.err == wrote + told_first
    accept = ("network", "member", "accept", "small-health", "--state", "Health")
    assert f"fingerprint: `{fingerprint}`" in Path("small-health/README.md").read_text()
    for options, says in (
        ((), "a bundle is accepted at a terminal, or with --fingerprint HEX or --yes"),
        (("--fingerprint", "a" * 64, "--yes"), "does not have the fingerprint aaaa"),
    ):
        refused = run(*accept, *options)
        assert refused.code == 3
        assert told_first in refused.err
        assert says in refused.err
        assert not Path("Health/small/channels").exists()
    accepted = run(*accept, "--fingerprint", fingerprint, "-o", "json")
    assert accepted.code == 0, accepted.err
    assert accepted.err == (
        f"{told_first}Health has everything that its nodes need; next: pyfabric network up\n"
    )
    assert [(row["subject"], row["name"]) for row in accepted.json()] == [
        ("member", "Tax"),
        ("genesis block", "bills"),
    ]
    assert told["Tax"] in accepted.json()[0]["bundle"]
    again = run(*accept)
    assert (again.code, again.err) == (0, f"{told_first}it has nothing new for this machine\n")


class Terminal(io.StringIO):
    """Somebody who types at a terminal."""

    def isatty(self) -> bool:
        return True


def test_whoever_declines_keeps_what_was_agreed(
    run: Run, topology: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, host in (("Tax", "127.0.0.2"), ("Health", "127.0.0.3")):
        run(*("network", "member", "init", topology, name, "--host", host, "--state", name))
    run("network", "member", "add", topology, "small-tax.json", "small-health.json", "--state", "c")
    run("network", "bundle", "Health", "--state", "c")
    (Path("small-health") / "topology" / "sample.py").write_text("class Sample: ...")
    accept = ("network", "member", "accept", "small-health", "--state", "Health")
    kept = (Path("Health/small/network.json")).read_bytes()
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    declined = run(*accept)
    assert declined.code == 1
    assert "code" in declined.out
    assert "sample.py" in declined.out
    assert Path("Health/small/network.json").read_bytes() == kept
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run(*accept).code == 0
    assert Path("Health/small/network.json").read_bytes() != kept
    assert Path("small.yaml").read_text() == TOPOLOGY


def test_who_is_still_missing_is_told(run: Run, topology: str) -> None:
    run("network", "member", "init", topology, "Tax", "--host", "127.0.0.2", "--state", "Tax")
    added = run("network", "member", "add", topology, "small-tax.json", "--state", "all")
    assert added.err == "still missing: Health\n"
    bundled = run("network", "bundle", "Tax", "--state", "all")
    assert bundled.code == 4
    assert "the public definition of Health is missing" in bundled.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("init", "Land", "--host", "here"), 4, "no department named Land in small"),
        (("init", "Tax", "--host", "not a host"), 3, "host: 'not a host' must be a host name"),
        (("init", "Tax"), 2, "Missing option '--host'"),
        (("init", "Tax", "--host", "here", "--runtime", "embedded"), 4, "one process for all"),
        (("add", "none.json"), 3, "none.json: No such file or directory"),
    ],
)
def test_mistakes(
    run: Run, topology: str, arguments: tuple[str, ...], code: int, says: str
) -> None:
    command, *rest = arguments
    ended = run("network", "member", command, topology, *rest, "--state", "new")
    assert ended.code == code
    assert says in ended.err
    assert not Path("new").exists()


@pytest.mark.parametrize(
    ("years", "what"), [(10, "the TLS certificate of peer0.tax"), (20, "the CA of Tax")]
)
def test_status_warns_of_certificates_that_end_soon(
    run: Run, topology: str, years: int, what: str
) -> None:
    ten_days_before_the_end = datetime.now(UTC) - timedelta(days=365 * years - 10)
    home = Membership.open(Path(topology), Path("Tax"))
    home.make("Tax", "127.0.0.2", None, now=ten_days_before_the_end)
    told = run("network", "status", "--state", "Tax")
    assert told.code == 4  # nothing runs
    assert f"warning: {what} expires on" in told.err


def test_a_folder_that_is_no_bundle(run: Run, tmp_path: Path) -> None:
    ended = run("network", "member", "accept", str(tmp_path), "--state", str(tmp_path / "new"))
    assert ended.code == 3
    assert f"{tmp_path} is not a bundle" in ended.err


def test_a_definition_that_was_changed_on_its_way_has_another_fingerprint(
    run: Run, topology: str, tmp_path: Path
) -> None:
    made = run("network", "member", "init", topology, "Health", "--host", "h.example", "-o", "json")
    assert made.code == 0, made.err
    file = tmp_path / "small-health.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "first_port": 9000}))
    added = run("network", "member", "add", topology, str(file), "--state", "all", "-o", "json")
    assert added.json()[0]["fingerprint"] != made.json()[0]["fingerprint"]
