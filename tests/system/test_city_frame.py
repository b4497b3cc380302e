"""The example contract of the city's frame on a network: each step, and each with one department's endorsement."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from fabric_protos.common import ledger_pb2
from pyfabric_municipal.common.testing.stage import Stage, StepCall, salt_of
from pyfabric_municipal.common.values.timestamps import format_timestamp
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.errors import CommitError, EndorseError, ValidationCode
from pyfabric.gateway import Contract, connect
from tests.support.extent import extent
from tests.support.municipal.example_story import BUREAU, ECO, GOVERNANCE, HEALTH, PEOPLE, STORY
from tests.support.paths import TESTS

DEPLOYED = f'''
"""The example contract with the governance of its story."""

from example import ExampleContract
from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import FixedGovernance


class Deployed(ExampleContract):
    def __init__(self) -> None:
        super().__init__(
            FixedGovernance(
                parameters={dict(GOVERNANCE.parameters)!r},
                certifiers={dict(GOVERNANCE.certifiers)!r},
                roles={dict(GOVERNANCE.roles)!r},
                calendars=tuple(bundled_calendars()),
            )
        )
'''
USERS = {
    msp_id: {
        name: {"attributes": dict(person.attributes)}
        for name, person in PEOPLE.items()
        if person.msp_id == msp_id
    }
    for msp_id in (BUREAU, ECO, HEALTH)
}
TOPOLOGY = {
    "name": "frame",
    "departments": {
        msp_id.removesuffix("MSP"): {"users": users} for msp_id, users in USERS.items()
    },
    "ordering": {"nodes": ["Bureau"], "batch": {"timeout": "20ms"}},
    "channels": {"example": {"departments": ["Bureau", "Eco", "Health"], "contracts": ["example"]}},
    "contracts": {
        "example": {
            "version": "1",
            "classes": ["deployed:Deployed"],
            "collections": {
                name: {"members": ["Bureau", "Health"]} for name in ("plans", "incidents")
            },
        }
    },
}
HOUR, DAY = 3600, 86_400


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("frame")
    source = TESTS / "support" / "municipal" / "example.py"
    (folder / "example.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "deployed.py").write_text(DEPLOYED, encoding="utf-8")
    (folder / "frame.yaml").write_text(json.dumps(TOPOLOGY), encoding="utf-8")
    network = Network.prepare(folder / "frame.yaml", folder / "state", base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down()


class OnTheNetwork:
    """The story's calls on the network; a stage in memory goes with them and makes the calls."""

    def __init__(self, network: Network, stack: ExitStack) -> None:
        self.stage = Stage(STORY)
        self.development = network.development()
        self.contracts: dict[str, Contract] = {}
        self.ids: dict[str, str] = {}
        for name, person in PEOPLE.items():
            department = network.plan.department(person.msp_id.removesuffix("MSP"))
            profile = load_profile(profile_file(network.plan, department))
            user = profile.user(name)
            gateway = connect(user, profile.peers, clock=self.development.now)
            channel = stack.enter_context(gateway).network("example")
            self.contracts[name] = channel.contract("example")
            self.system = channel.contract("qscc")

    def take(self, step: str, *, later: int = 0, who: str = "", **changes: Any) -> dict[str, Any]:
        """Take a step; no single department's endorsement must do. Both ledgers must come to one outcome."""
        if later:
            self.development.move_clock(timedelta(seconds=later))
        self.stage.ledger.now = self.development.now()
        name = who or STORY.samples[step].by
        own, self.stage.ids = self.stage.ids, self.ids  # a record may be named by its transaction
        call = self.stage.call(step, later=0, by=PEOPLE[name], **changes)
        self.stage.ids = own
        for msp_id in (BUREAU, ECO, HEALTH)[: extent(1, 3)]:
            self._refuse_alone(name, call, msp_id)
        found = self.contracts[name].submit(
            call.function,
            *call.arguments,
            transient=call.transient,
            # What one department keeps for itself goes to others only where the caller names them.
            endorsing_organizations=[BUREAU, HEALTH] if step == "inspect" else (),
        )
        outcome: dict[str, Any] = json.loads(found)
        here = self.stage.take(step, later=0, by=PEOPLE[name], **changes)
        assert outcome | {"id": here["id"]} == here, step
        self.ids[step] = outcome["id"]
        return outcome

    def blocks(self) -> bytes:
        """Return all blocks of the channel."""
        found = self.system.evaluate("GetChainInfo", "example")
        height = ledger_pb2.BlockchainInfo.FromString(found).height
        numbers = range(height)
        return b"".join(
            self.system.evaluate("GetBlockByNumber", "example", str(one)) for one in numbers
        )

    def _refuse_alone(self, name: str, call: StepCall, msp_id: str) -> None:
        proposal = self.contracts[name].new_proposal(
            call.function,
            *call.arguments,
            transient=call.transient,
            endorsing_organizations=[msp_id],
        )
        try:
            endorsed = proposal.endorse()
        except EndorseError:
            return  # a peer outside of the collection
        status = endorsed.submit().status()
        assert status.code == ValidationCode.ENDORSEMENT_POLICY_FAILURE, call.function


@pytest.fixture
def city(network: Network) -> Iterator[OnTheNetwork]:
    with ExitStack() as stack:
        yield OnTheNetwork(network, stack)


def test_every_step_on_a_network_and_none_by_one_department_alone(city: OnTheNetwork) -> None:
    now = city.development.now()
    until = format_timestamp(now + timedelta(days=2))
    moments = {
        "harvested": format_timestamp(now - timedelta(hours=3)),
        "weighed": format_timestamp(now - timedelta(hours=1)),
    }
    for step in ("apply", "pause", "resume", "agree"):
        city.take(step)
    assert city.take("agree", who="health")["state"] == "granted"
    for step in ("open_loan", "release"):
        city.take(step)
    city.take("issue", arguments={"until": until})
    for step in ("redeem", "enter_house", "inspect", "divide", "store", "weigh_again"):
        city.take(step)
    city.take("weigh", arguments=moments)
    city.take("split")
    city.take("call_for")
    city.take("judge")
    assert city.take("judge", who="health")["state"] == "accepted"
    city.take("call_for", record_id="T2")
    for step in ("recall", "grant", "lease_rows", "deliver", "give_back_rows", "report", "close"):
        city.take(step)
    for number, item in enumerate(("second", "third", "fourth"), start=2):
        city.take("apply", record_id=f"A{number}", arguments={"item": item})
    assert city.take("apply", record_id="A9")["denied"] == ""
    assert city.take("apply", record_id="A8")["denied"] == "claimed"
    city.take("object", record_id="A2")
    city.take("pause", record_id="A4")
    city.take("issue", record_id="V2", arguments={"until": until})
    for step in ("file_permit", "halt", "restart", "advise", "name_holder", "give"):
        city.take(step)
    for number in (2, 3):
        city.take("file_permit", record_id=f"P{number}")
    city.take("halt", record_id="P2")
    break_glass(city)
    city.take("wake", record_id="A4", later=DAY + HOUR)
    city.take("expire", record_id="V2", later=DAY)
    city.take("go_on", record_id="P2", later=5 * DAY)
    city.take("pass_over", record_id="P3", later=3 * DAY)
    assert city.take("deem", record_id="A3", later=8 * DAY)["state"] == "granted"
    assert city.take("fail", record_id="T2")["state"] == "failed"
    assert set(city.ids) == {one for one in STORY.samples if "#" not in one}
    assert_nothing_private(city.blocks())


def break_glass(city: OnTheNetwork) -> None:
    """Go each way that an emergency access can go."""
    city.take("break_glass")
    city.take("lapse_break_glass", later=HOUR)
    for step in ("break_glass", "confirm_break_glass", "look_up", "close_break_glass"):
        city.take(step)
    for step in ("review_break_glass", "break_glass", "confirm_break_glass"):
        city.take(step)
    city.take("end_break_glass", later=DAY)
    city.take("miss_review", later=7 * DAY)
    city.take("review_late")


def assert_nothing_private(blocks: bytes) -> None:
    """Look at all that Fabric publishes: arguments, reads, writes, results and events."""
    assert b"building" in blocks  # what is public is there
    secret = ["water works", '"floors"', *map(salt_of, ("plan", "report", "close"))]
    for text in secret:
        assert text.encode() not in blocks, text
        assert sha256(text.encode()).hexdigest().encode() not in blocks, text
        assert sha256(text.encode()).digest() not in blocks, text


def test_a_commit_without_enough_endorsements_is_an_error(city: OnTheNetwork) -> None:
    call = city.stage.call("enter_house", record_id="H9")
    with pytest.raises(CommitError, match="ENDORSEMENT_POLICY_FAILURE"):
        city.contracts["clerk"].submit(
            call.function, *call.arguments, endorsing_organizations=[BUREAU]
        )
