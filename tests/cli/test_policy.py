"""`pyfabric policy check`: about expressions and about policies of a live channel."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_an_expression_needs_no_network(run: Run, tmp_path: Path) -> None:
    ended = run(
        *("policy", "check", "AND('AMSP.peer', 'BMSP.admin')", "--with", "AMSP"),
        *("--state", str(tmp_path), "-o", "json"),
    )
    assert ended.json() == {
        "policy": "AND('AMSP.peer', 'BMSP.admin')",
        "satisfiable": True,
        "satisfied": False,
        "sets": [
            {
                "organizations": ["AMSP", "BMSP"],
                "signers": ["'AMSP.peer'", "'BMSP.admin'"],
                "missing": ["'BMSP.admin'"],
            }
        ],
    }


def test_nobody_satisfies_it(run: Run, tmp_path: Path) -> None:
    ended = run("policy", "check", "OutOf(2, 'AMSP.peer')", "--state", str(tmp_path))
    assert (ended.code, ended.out.split()[-1]) == (0, "no")


@pytest.mark.usefixtures("state")
def test_a_policy_of_the_channel(run: Run) -> None:
    found = run("policy", "check", "/Channel/Application/Admins", "-o", "json").json()
    members = {msp_id for one in found["sets"] for msp_id in one["organizations"]}
    assert found["satisfiable"]
    assert members
    everybody = [word for msp_id in members for word in ("--with", msp_id)]
    ended = run("policy", "check", "/Channel/Application/Admins", *everybody, "-o", "json")
    assert ended.json()["satisfied"]


@pytest.mark.usefixtures("state")
def test_a_path_that_leads_nowhere(run: Run) -> None:
    ended = run("policy", "check", "/Channel/Nothing")
    assert ended.code == 3
    assert "the channel has no policy /Channel/Nothing; it has" in ended.err
