"""`pyfabric doctor` names what is broken, and nothing else, for each network of a table; of a healthy one nothing."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.diagnosis.checks import CHECKS, checks_table
from pyfabric_network.network import Network

from tests.support.network.broken import BROKEN, CITY, Broken, error_of, profiled, small_disk
from tests.support.network.broken_fabric import BROKEN_ON_FABRIC
from tests.support.network.network import running_network
from tests.support.paths import ROOT

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a network of three departments."""
    with running_network(tmp_path_factory.mktemp("city"), CITY) as network:
        yield network


def roots(document: dict[str, Any]) -> set[str]:
    """Return the checks that found something which does not follow from another finding."""
    return {one["check"] for one in document["findings"] if not one["may follow from"]}


def found(document: dict[str, Any]) -> set[str]:
    """Return the checks that found something."""
    return {one["check"] for one in document["findings"]}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: f"{one.check}: {one.how}")
def test_a_broken_network_is_named(run: Run, city: Network, broken: Broken) -> None:
    state = ("--state", str(city.folder))
    healthy = run("doctor", "-o", "json", *state)
    assert (healthy.code, healthy.json()["findings"], healthy.json()["not_checked"]) == (0, [], [])
    with broken.breaks(city) as arguments:
        ended = run("doctor", "-o", "json", *state, *arguments)
        error = error_of(run, city, broken) if broken.error else {}
    findings = json.dumps(ended.json()["findings"], indent=1, ensure_ascii=False)
    assert (ended.code, roots(ended.json())) == (4, {broken.check}), findings
    assert found(ended.json()) <= {broken.check, *broken.follow_ups}, findings
    assert error.get("check") == broken.error, error


def test_the_line_of_an_error_names_the_check(run: Run, city: Network) -> None:
    (broken,) = (one for one in BROKEN if one.check == "hosts" and "profile" in one.how)
    query = ("chaincode", "query", "sample", "get", "a", "--state", str(city.folder))
    with broken.breaks(city) as arguments:
        ended = run(*query, *arguments)
    assert ended.err.endswith("(`pyfabric doctor --check hosts` looks for the cause)\n")


def test_single_checks_are_made_by_their_ids(run: Run, city: Network) -> None:
    look = ("doctor", "-o", "json", "--state", str(city.folder), "--check")
    assert run(*look, "expiry").json()["checks"] == ["expiry"]
    assert "no check is named luck; there are: disk, " in run(*look, "luck").err


def test_another_departments_view_fills_in_what_is_missing(
    run: Run, city: Network, tmp_path: Path
) -> None:
    state = ("--state", str(city.folder))
    alone = run("doctor", "-o", "json", "--context", "Tax", *state)
    missing = {one["department"] for one in alone.json()["not_checked"]}
    assert (alone.code, missing) == (10, {"Tax", "HealthMSP", "LandMSP", "TaxOrdererMSP"})
    file = tmp_path / "health.json"
    file.write_text(run("doctor", "-o", "json", "--context", "Health", *state).out)
    joined = run("doctor", "-o", "json", "--context", "Tax", "--join", str(file), *state)
    missing = {one["department"] for one in joined.json()["not_checked"]}
    assert missing == {"Tax", "Health", "LandMSP", "TaxOrdererMSP"}  # what profiles cannot show
    assert {one["checks"][0] for one in joined.json()["not_checked"]} >= {"disk", "clock"}


@pytest.mark.parametrize(
    ("users", "why"),
    [
        (("clerk",), "peer0.tax lists packages to administrators alone"),
        ((), "peer0.tax did not answer: no user's keys are there to ask it"),
    ],
)
def test_a_profile_without_an_administrator(
    run: Run, city: Network, users: tuple[str, ...], why: str
) -> None:
    def without(_network: Network, document: dict[str, Any]) -> None:
        for part in (document["x-pyfabric"], document["organizations"]["Tax"]):
            part["users"] = {name: part["users"][name] for name in users}
        del document["x-pyfabric"]["administrators"], document["organizations"]["Tax"]["signedCert"]

    with profiled(without, "clerk")(city) as arguments:
        ended = run("doctor", "-o", "json", "--state", str(city.folder), *arguments)
    assert (ended.code, ended.json()["findings"]) == (10, [])
    assert why in [one["why"] for one in ended.json()["not_checked"]]


def test_a_full_disk_is_named(run: Run, tmp_path: Path) -> None:
    if not small_disk(tmp_path, 64):
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        with running_network(tmp_path, CITY) as network:
            free = shutil.disk_usage(tmp_path).free
            (tmp_path / "filling").write_bytes(bytes(free - 1024 * 1024))
            ended = run("doctor", "-o", "json", "--state", str(network.folder))
        assert (ended.code, found(ended.json())) == (4, {"disk"})
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_the_page_has_the_checks_that_there_are() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert checks_table() in page


def test_every_check_has_a_broken_network() -> None:
    tested = {one.check for one in (*BROKEN, *BROKEN_ON_FABRIC)} | {"disk"}
    assert tested == {one.id for one in CHECKS}
