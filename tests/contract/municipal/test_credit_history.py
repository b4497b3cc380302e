"""Random histories of a penalty: later steps never change what was effective on a past day."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyfabric_municipal.credit.samples import LESS, sample

from pyfabric.chaincode import ContractError
from tests.support.extent import extent
from tests.support.municipal.credit import FIRM, REASONED, CreditChain
from tests.support.municipal.municipal import digest

ACTIONS: dict[str, Callable[[CreditChain, str, str], object]] = {
    "object": lambda chain, penalty, salt: chain.object(
        penalty, salt=salt, documents=[{"title": "证据", "digest": salt}]
    ),
    "uphold": lambda chain, penalty, _: chain.call("market", "uphold", penalty, REASONED),
    "correct": lambda chain, penalty, _: chain.call(
        "market", "correct", penalty, sample(**LESS), REASONED
    ),
    "withdraw": lambda chain, penalty, _: chain.withdraw(penalty),
    "escalate": lambda chain, penalty, _: chain.call("passer-by", "escalate", penalty),
    "restore": lambda chain, penalty, _: chain.call("passer-by", "restore", penalty),
    "seek_repair": lambda chain, penalty, _: chain.seek_repair(penalty),
    "repair": lambda chain, penalty, _: chain.call("market", "repair", penalty),
    "refuse_repair": lambda chain, penalty, _: chain.call(
        "market", "refuse_repair", penalty, REASONED
    ),
    "expire": lambda chain, penalty, _: chain.call("passer-by", "expire", penalty),
}
COUNTING = ("uphold", "correct", "restore", "seek_repair", "refuse_repair")
START_DAY = date(2026, 3, 11)
lives = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(sorted(ACTIONS))), min_size=1, max_size=8
)


def answer(chain: CreditChain, day: str) -> list[Any]:
    found: list[Any] = chain.ask("effective_at", FIRM, day)["penalties"]
    return found


@given(lives)
@settings(max_examples=extent(15, 60))
def test_the_past_stays_as_it_was(life: list[tuple[int, str]]) -> None:
    chain = CreditChain()
    penalty = chain.published()
    day = START_DAY
    known: dict[str, list[Any]] = {}
    ended = False
    for number, (days, action) in enumerate(life):
        for passed in range(days):
            then = (day + timedelta(days=passed)).isoformat()
            if passed in (0, days - 1):
                chain.on(then)
                known[then] = answer(chain, then)
        day += timedelta(days=days)
        chain.on(day.isoformat())
        try:
            ACTIONS[action](chain, penalty, digest(str(number)))
        except ContractError:
            continue
        assert not ended, "nothing follows a repair, a withdrawal or an expiry"
        ended = action in ("repair", "withdraw", "expire")
        assert bool(answer(chain, day.isoformat())) == (action in COUNTING)
    for text, then_known in known.items():
        assert answer(chain, text) == then_known
        assert text <= sample()["publish_until"] or then_known == []
