"""`pyfabric network import` as a user runs it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.network.imported_channels import write_examples


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the files of docs/importing.md."""
    write_examples(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYFABRIC_STATE", raising=False)
    return tmp_path


def test_the_topology_is_named_like_the_file_or_the_channel(run: Run, folder: Path) -> None:
    done = run("network", "import", "fablo-config.json")
    assert (done.code, "wrote fablo-config.yaml" in done.err) == (0, True)
    assert "name: fablo-config\n" in (folder / "fablo-config.yaml").read_text()
    given = ("--profile", "Estate=deeds", "--crypto-config", "crypto-config.yaml")
    assert run("network", "import", "configtx.yaml", *given).code == 0
    assert "  deeds:\n    departments: [Tax, Land]" in (folder / "deeds.yaml").read_text()


def test_what_is_left_out_is_listed_by_reason(run: Run) -> None:
    rows = run("network", "import", "fablo-config.json", "-o", "json").json()
    by_reason = {row["reason"]: row["keys"] for row in rows}
    (domain,) = [keys for reason, keys in by_reason.items() if reason.startswith("hosts are named")]
    assert domain == ["orgs.*.organization.domain"]


def test_strict_writes_nothing_if_something_is_left_out(run: Run, folder: Path) -> None:
    done = run("network", "import", "fablo-config.json", "--to", "strict.yaml", "--strict")
    assert done.code == 3
    assert "orgs.*.organization.domain: hosts are named after departments" in done.err
    assert not (folder / "strict.yaml").exists()


def test_a_file_that_is_there_is_kept(run: Run, folder: Path) -> None:
    before = (folder / "configtx.yaml").read_text()
    done = run("network", "import", "configtx.yaml", "--to", "configtx.yaml")
    assert (done.code, "exists already" in done.err) == (3, True)
    assert (folder / "configtx.yaml").read_text() == before


def test_faults_name_the_file(run: Run) -> None:
    done = run("network", "import", "crypto-config.yaml")
    assert done.code == 3
    assert "crypto-config.yaml: is neither a fablo file" in done.err
    gone = run("network", "import", "gone.yaml")
    assert (gone.code, "gone.yaml: No such file" in gone.err) == (4, True)
    wrong = run("network", "import", "configtx.yaml", "--profile", "Nobody")
    assert "no channel profile named Nobody; there are: Estate" in wrong.err
