"""The test ledger, to run scenarios on."""

from collections.abc import Sequence

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.testing import CollectionConfig, TestLedger, identity
from pyfabric.errors import ContractError
from pyfabric.identity.signing import Identity
from tests.behaviour.request_contracts import AsyncRequests, Requests
from tests.behaviour.scenario import ATTRIBUTES, Call, Endorsed, RefusalError

DEPARTMENTS = ("EconInfo", "MktSup", "Haidian")
_COLLECTIONS = ("shared", "closed", "readable", "writable", "brief", "copied")
_PAIR = "OR('EconInfoMSP.member', 'MktSupMSP.member')"


class MemoryLedger:
    """Test ledgers that stand for the chaincodes of the suite's network."""

    def __init__(self) -> None:
        self._users = {name: _member(name) for name in DEPARTMENTS}
        organizations = [f"{name}MSP" for name in DEPARTMENTS]
        elsewhere = TestLedger(
            _chaincode(), channel="elsewhere", name="others", organizations=organizations[:2]
        )
        self._ledgers = {("others", "elsewhere"): elsewhere}
        for name in ("requests", "others", "initiated"):
            self._ledgers[name, "behaviour"] = TestLedger(
                _chaincode(),
                channel="behaviour",
                name=name,
                collections=_collections() if name == "requests" else (),
                organizations=organizations,
                init_required=name == "initiated",
                callees={"others": _chaincode(), "others/elsewhere": elsewhere},
            )

    def evaluate(self, call: Call) -> bytes:
        """Run it on the test ledger of the chaincode."""
        return self._run(call).result

    def endorse(self, call: Call) -> Endorsed:
        """Run it, with what it reads and writes."""
        return self._run(call)

    def commit(self, transactions: Sequence[Endorsed]) -> list[str]:
        """One block for each."""
        return [self.commit_together([each])[0] for each in transactions]

    def commit_together(self, transactions: Sequence[Endorsed]) -> list[str]:
        """One block; all are of one test ledger."""
        ledger: TestLedger = transactions[0].handle[0]
        return [code.name for code in ledger.commit([each.handle[1] for each in transactions])]

    def _run(self, call: Call) -> Endorsed:
        ledger = self._ledgers[call.chaincode, call.channel]
        try:
            found = ledger.endorse(
                call.function,
                call.argument,
                as_=self._users[call.by],
                endorser=f"{call.at}MSP",
                transient=call.transient,
                is_init=call.is_init,
            )
        except ContractError as error:
            raise RefusalError(str(error)) from error
        event = None if found.event is None else (found.event.name, found.event.payload)
        return Endorsed(found.result, event, found.read_write_set, (ledger, found))


def _chaincode() -> Chaincode:
    return Chaincode([Requests(), AsyncRequests()])


def _member(department: str) -> Identity:
    return identity(f"{department}MSP", attributes=ATTRIBUTES)


def _collections() -> list[CollectionConfig]:
    """The collections of the suite's topology."""
    return [
        CollectionConfig(
            name=name,
            policy=_PAIR,
            required_peer_count=2 if name == "copied" else 0,
            maximum_peer_count=2 if name == "copied" else 1,
            block_to_live=1 if name == "brief" else 0,
            member_only_read=name in ("closed", "writable"),
            member_only_write=name in ("closed", "readable"),
        )
        for name in _COLLECTIONS
    ]
