"""Random calls of the departments: the invariants of sharing hold after every step."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyfabric.chaincode import ContractError
from tests.support.extent import extent
from tests.support.municipal.municipal import (
    CODE,
    ECON,
    HAI,
    MKT,
    NOT_SHARED,
    UNCONDITIONAL,
    City,
    application,
    description,
    offer,
)

STATUS = {"name": "status", "title": "状态", "type": "code"}
CHANGES: list[dict[str, Any]] = [
    {"share": NOT_SHARED},
    {"share": UNCONDITIONAL},
    {},
    {"fields": description()["fields"][:2]},
    {"fields": [*description()["fields"], STATUS]},
    {"fields": description()["fields"][1:]},
]


class Story:
    """A city with one resource, and the requests made so far; each attempt may be refused.

    Steps that lead somewhere come more often than others.
    """

    def __init__(self) -> None:
        self.city = City()
        self.city.found()
        self.city.publish()
        self.requests: list[str] = []
        self.queries = 0

    def attempt(self, who: str, function: str, *arguments: object) -> Any:
        try:
            return self.city.call(who, function, *arguments)
        except ContractError:
            return None

    def apply(self, number: int) -> None:
        version = self.city.resource()["version"]
        request = self.attempt(HAI, "Sharing:apply", application(version=version))
        if request:
            self.requests.append(request["id"])

    def obtain(self, number: int) -> None:
        self.apply(number)
        request = self.requests[-1]
        self.attempt(ECON, "Sharing:check", request)
        self.attempt(MKT, "Sharing:grant", request, offer(quota=10 + 10 * number))
        self.attempt(HAI, "Sharing:activate", request)
        self.attempt(MKT, "Sharing:lease_rows", request, "w1", 10 + 5 * number)

    def on_request(self, function: str, *arguments: object) -> Callable[[int], None]:
        def act(number: int) -> None:
            for who in (ECON, MKT, HAI):
                if self.requests:
                    request = self.requests[number % len(self.requests)]
                    self.attempt(who, function, request, *arguments)

        return act

    def deliver(self, number: int) -> None:
        if not self.requests:
            return
        self.queries += 1
        grant = self.requests[number % len(self.requests)]
        try:
            *place, delivery = self.city.delivery(grant, f"q{self.queries - number % 2}")
        except ContractError:
            return
        delivery["rows"] = 5 + 10 * number
        delivery["delivered"] = f"{self.city.ledger.now:%Y-%m-%dT%H:%M:%SZ}"
        receipt = self.attempt(MKT, "Sharing:deliver", *place, delivery)
        if receipt and number % 2:
            self.attempt(HAI, "Sharing:contest", receipt["id"], "结果为空")
            self.attempt(MKT, "Sharing:concede", receipt["id"])

    def change(self, number: int) -> None:
        later = description(**CHANGES[number % len(CHANGES)])
        self.attempt(MKT, "Directory:change", CODE, later)

    def give_notice(self, number: int) -> None:
        later = description(**CHANGES[number % len(CHANGES)])
        self.attempt(MKT, "Directory:give_notice", CODE, later, "数据项调整")

    def on_resource(self, function: str, *arguments: object) -> Callable[[int], None]:
        return lambda number: self.attempt(MKT, function, CODE, *arguments)

    def retire(self, number: int) -> None:
        if number == 5:  # seldom: nothing happens any more afterwards
            self.attempt(MKT, "Directory:retire", CODE, "系统下线")

    def wait(self, number: int) -> None:
        self.city.ledger.now += timedelta(days=1 + 8 * number)

    def actions(self) -> list[Callable[[int], None]]:
        return [
            self.apply,
            self.on_request("Sharing:check"),
            self.on_request("Sharing:grant", offer()),
            self.on_request("Sharing:refuse", "与履职无关"),
            self.on_request("Sharing:offer", offer(quota=20)),
            self.on_request("Sharing:accept"),
            self.on_request("Sharing:activate"),
            *[self.deliver] * 6,
            *[self.obtain] * 3,
            self.on_request("Sharing:revoke", "超范围使用"),
            self.on_request("Sharing:renew", ["entity_name"]),
            self.on_request("Sharing:exhaust"),
            self.on_request("Sharing:lapse_grant"),
            self.on_request("Sharing:grant_open"),
            self.on_request("Sharing:lease_rows", "w2", 15),
            self.on_request("Sharing:return_rows", "w1"),
            self.on_request("Sharing:expire"),
            self.change,
            self.give_notice,
            self.on_resource("Directory:suspend", "系统迁移"),
            self.on_resource("Directory:resume"),
            self.retire,
            self.wait,
        ]

    def records(self) -> dict[str, dict[str, Any]]:
        """Return every record on the ledger by its key; entries of indexes are left out."""
        keys = self.city.ledger.keys()
        values = {key: self.city.ledger.state(key) or b"" for key in keys}
        return {key: json.loads(value) for key, value in values.items() if value != b"1"}


def kind(key: str) -> str:
    return key.split("\x00")[1]


def check(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]], now: str) -> None:
    assert before.keys() <= after.keys(), "history shrank"
    for key, record in before.items():
        if kind(key) in ("history", "version"):
            assert after[key] == record, "history changed"
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for key, record in after.items():
        by_kind.setdefault(kind(key), []).append(record)
    (resource,) = by_kind["resource"]
    assert len(by_kind["version"]) == resource["version"]
    grants = {grant["id"]: grant for grant in by_kind.get("grant", [])}
    requests = {request["id"]: request for request in by_kind["request"]} if grants else {}
    for grant in grants.values():
        asked = requests[grant["id"]]["application"]["terms"]
        assert set(grant["terms"]["fields"]) <= set(asked["fields"])
        assert grant["terms"]["quota"] <= asked["quota"]
        assert requests[grant["id"]]["state"] == "granted"
        live = grant["state"] in ("granted", "active") and now < grant["terms"]["valid_until"]
        if live:
            assert resource["description"]["share"]["type"] != "not_shared"
    used = dict.fromkeys(grants, 0)
    for receipt in by_kind.get("receipt", []):
        delivery = receipt["delivery"]
        terms = grants[receipt["grant"]]["terms"]
        assert terms["valid_from"] <= delivery["delivered"] < terms["valid_until"]
        asked = requests[receipt["grant"]]["application"]["terms"]
        assert set(delivery["fields"]) <= set(asked["fields"])
        if receipt["state"] != "conceded":
            used[receipt["grant"]] += delivery["rows"]
    leases = by_kind.get("lease", [])
    for grant_id, rows in used.items():
        quota = grants[grant_id]["terms"]["quota"]
        taken = sum(lease["taken"] for lease in leases if lease["quota"] == grant_id)
        assert rows == taken <= quota
        assert grants[grant_id]["state"] != "exhausted" or rows == quota


@settings(max_examples=extent(10, 40), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 5)), min_size=20, max_size=50))
def test_invariants_hold_after_every_step(steps: list[tuple[int, int]]) -> None:
    story = Story()
    actions = story.actions()
    # Begin where it matters: with a grant in force.
    story.requests.append(story.city.active())
    before = story.records()
    for action, number in steps:
        actions[action](number)
        after = story.records()
        check(before, after, f"{story.city.ledger.now:%Y-%m-%dT%H:%M:%SZ}")
        before = after
