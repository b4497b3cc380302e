"""The test ledger, to run scenarios on."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.invocation import OK
from pyfabric.chaincode.testing import CollectionConfig, TestLedger, identity
from pyfabric.errors import ContractError
from pyfabric.identity.signing import Identity
from tests.behaviour.request_contracts import AsyncRequests, Requests
from tests.behaviour.scenario import ATTRIBUTES, Call, Endorsed, RefusalError

DEPARTMENTS = ("EconInfo", "MktSup", "Haidian")
_COLLECTIONS = ("shared", "closed", "readable", "writable", "brief", "copied")
_START = datetime(2026, 1, 1, tzinfo=UTC)
_PAIR = "OR('EconInfoMSP.member', 'MktSupMSP.member')"


class MemoryLedger:
    """Test ledgers that stand for the channels of the suite's network.

    A test ledger runs one chaincode, and others as that one calls them: so are they called here, too.
    """

    def __init__(self) -> None:
        self._users: dict[tuple[str, str], Identity] = {}
        self._times = (_START + timedelta(seconds=second) for second in count())
        organizations = [f"{name}MSP" for name in DEPARTMENTS]
        elsewhere = TestLedger(
            _chaincode(), channel="elsewhere", name="others", organizations=organizations[:2]
        )
        requests = TestLedger(
            _chaincode(),
            channel="behaviour",
            name="requests",
            collections=_collections(),
            organizations=organizations,
            callees={"others": _chaincode(), "others/elsewhere": elsewhere},
        )
        initiated = TestLedger(
            _chaincode(),
            channel="behaviour",
            name="initiated",
            organizations=organizations,
            init_required=True,
        )
        self._ledgers = {
            ("requests", "behaviour"): requests,
            ("others", "behaviour"): requests,
            ("others", "elsewhere"): elsewhere,
            ("initiated", "behaviour"): initiated,
        }

    def evaluate(self, call: Call) -> bytes:
        """Run it on the test ledger of its channel."""
        return self._run(call).result

    def endorse(self, call: Call) -> Endorsed:
        """Run it, with what it reads and writes."""
        return self._run(call)

    def commit(self, transactions: Sequence[Endorsed]) -> list[str]:
        """Commit each in a block of its own."""
        return [self.commit_together([each])[0] for each in transactions]

    def commit_together(self, transactions: Sequence[Endorsed]) -> list[str]:
        """Commit them in one block; all are of one test ledger."""
        ledger: TestLedger = transactions[0].handle[0]
        return [code.name for code in ledger.commit([each.handle[1] for each in transactions])]

    def _run(self, call: Call) -> Endorsed:
        ledger = self._ledgers[call.chaincode, call.channel]
        called = (call.chaincode, call.channel) == ("others", "behaviour")
        function, argument = _through(call) if called else (call.function, call.argument)
        try:
            found = ledger.endorse(
                function,
                argument,
                as_=self._user(call),
                at=next(self._times),
                endorser=f"{call.at}MSP",
                transient=call.transient,
                is_init=call.is_init,
            )
        except ContractError as error:
            raise RefusalError(str(error)) from error
        result = _answered(found.result) if called else found.result
        event = None if found.event is None else (found.event.name, found.event.payload)
        return Endorsed(result, event, found.read_write_set, (ledger, found))

    def _user(self, call: Call) -> Identity:
        """Return a user of the department who calls on one channel.

        Test ledgers number their proposals alike, and transaction ids are made of that and the caller.
        """
        place = (call.by, call.channel)
        if place not in self._users:
            self._users[place] = identity(f"{call.by}MSP", attributes=ATTRIBUTES)
        return self._users[place]


def _through(call: Call) -> tuple[str, bytes]:
    """Return a program of "requests" that makes the call."""
    arguments = [{"bytes": each.hex()} for each in (call.function.encode(), call.argument)]
    request = {"do": "invoke_chaincode", "with": [call.chaincode, arguments, ""]}
    return "Requests:insist", json.dumps([request]).encode()


def _answered(result: bytes) -> bytes:
    """Return what the called chaincode returned; raises RefusalError if it refused."""
    ((status, message, payload),) = json.loads(result)
    if status != OK:
        raise RefusalError(message)
    return bytes.fromhex(payload["bytes"])


def _chaincode() -> Chaincode:
    return Chaincode([Requests(), AsyncRequests()])


def _collections() -> list[CollectionConfig]:
    """Return the collections of the suite's topology."""
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
