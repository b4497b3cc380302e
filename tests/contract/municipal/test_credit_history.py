"""Random histories of a penalty: later steps never change what was effective on a past day."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.chaincode import ContractError
from tests.support.extent import extent
from tests.support.municipal.credit import EVIDENCE, FIRM, NUMBER, REPAIR, CreditChain, decision
from tests.support.municipal.municipal import ECON, MKT

LESS = decision(fine={"fen": 500_000, "ten_thousand_yuan": "0.5"})
ACTIONS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "record": (MKT, (decision(),)),
    "publish": (MKT, (NUMBER,)),
    "object": (ECON, (MKT, NUMBER)),
    "uphold": (MKT, (NUMBER, "证据不足")),
    "correct": (MKT, (LESS, "复议")),
    "withdraw": (MKT, (NUMBER, "撤销")),
    "seek_repair": (ECON, (MKT, NUMBER, REPAIR)),
    "repair": (MKT, (NUMBER,)),
    "refuse_repair": (MKT, (NUMBER, "未缴清")),
    "expire": (MKT, (MKT, NUMBER)),
}
START_DAY = date(2026, 3, 11)
lives = st.lists(
    st.tuples(st.integers(0, 120), st.sampled_from(sorted(ACTIONS))), min_size=1, max_size=8
)


def answer(chain: CreditChain, day: str) -> list[Any]:
    found: list[Any] = chain.ask(ECON, "effective_at", FIRM, day)["penalties"]
    return found


@given(lives)
@settings(max_examples=extent(10, 25))
def test_the_past_stays_as_it_was(life: list[tuple[int, str]]) -> None:
    chain = CreditChain()
    chain.found()
    chain.call(MKT, "record", decision())
    chain.call(MKT, "publish", NUMBER)
    day = START_DAY
    known: dict[str, list[Any]] = {}
    ended = False
    for number, (days, action) in enumerate(life):
        if days:
            known[day.isoformat()] = answer(chain, day.isoformat())
        day += timedelta(days=days)
        chain.on(day.isoformat())
        who, arguments = ACTIONS[action]
        evidence = EVIDENCE | {"salt": f"{number:032x}"} if action == "object" else None
        try:
            chain.call(who, action, *arguments, evidence=evidence)
        except ContractError:
            continue
        assert not ended, "nothing follows a repair, a withdrawal or an expiry"
        ended = action in ("repair", "withdraw", "expire")
        counts = bool(answer(chain, day.isoformat()))
        assert counts <= (action in ("uphold", "correct", "seek_repair", "refuse_repair"))
    for text, then in known.items():
        assert answer(chain, text) == then
        assert text <= decision()["publish_until"] or then == []
