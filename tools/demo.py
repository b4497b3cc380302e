"""Show the main use: departments publish what data they hold, request it, grant and refuse requests;
two of them keep public credit on a channel of their own, and read it from the common channel.

Starts the network `quickstart` in a temporary folder and deploys the contracts. It stops everything at
the end, also after an error. Run by `make demo`.
"""

import argparse
import hashlib
import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from pyfabric_municipal.catalogue import batches, bundled_catalogue
from pyfabric_municipal.common.private import Sealed
from pyfabric_municipal.common.values.timestamps import BEIJING, format_timestamp
from pyfabric_municipal.credit import founding as credit_founding
from pyfabric_municipal.directory.founding import founding_items
from pyfabric_municipal.directory.rows import code_rows, draft_rows, duty_rows
from pyfabric_municipal.sharing.records import Exchange
from pyfabric_municipal.sharing.terms import Scope
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.chaincode import to_json
from pyfabric.errors import EndorseError, FabricError, GatewayError
from pyfabric.gateway import Admin, Contract, Gateway, connect
from tools.found_city import await_clock, calendars_around

TOPOLOGY = Path(__file__).parents[1] / "network" / "quickstart.yaml"
MANAGER, PROVIDER, USER = "EconInfo", "MktSup", "Haidian"
USERS = {MANAGER: "manager", PROVIDER: "steward", USER: "clerk"}
CATALOGUE = bundled_catalogue().of([f"{name}MSP" for name in USERS])
PENALTIES = "312002/000001"
COMPLAINTS = "312002/000002"
CREDIT_ROLES = {"registrar": PROVIDER, "platform": MANAGER, "reviewer": MANAGER}
WORKER = "export-1"
SCOPE = Sealed(salt=secrets.token_hex(32), value=Scope(rows="本区注册企业"))
OPERATOR = "91110108MA01ABCD5T"


@dataclass(frozen=True)
class Demo:
    """The departments' contracts; each transaction prints one line of a table."""

    contracts: dict[str, Contract]

    def submit(
        self,
        department: str,
        what: str,
        function: str,
        *arguments: object,
        transient: Mapping[str, bytes] | None = None,
        endorsers: Sequence[str] = (),
    ) -> Any:
        """Submit a transaction and print its block; raises what the gateway raises."""
        given = [each if isinstance(each, str) else to_json(each) for each in arguments]
        sent = self.contracts[department].submit_async(
            function,
            *given,
            transient=transient,
            endorsing_organizations=[f"{each}MSP" for each in endorsers],
        )
        status = sent.status()
        status.raise_unless_valid()
        _line(str(status.block_number), status.transaction_id, department, what)
        return _value(sent.result)

    def refused(self, department: str, what: str, function: str, *arguments: object) -> None:
        """Submit a call that the contract must refuse, and print its message."""
        try:
            self.submit(department, what, function, *arguments)
        except EndorseError as error:
            _line("-", error.transaction_id or "", department, f"{what}: {_message(error)}")
        else:
            raise FabricError(f"{function} was not refused: {what}")

    def ask(self, department: str, function: str, *arguments: str) -> Any:
        """Evaluate a query."""
        return _value(self.contracts[department].evaluate(function, *arguments))


def _message(error: GatewayError) -> str:
    """Return the message of the peer or the contract."""
    if error.refusal is not None:
        return error.refusal.en
    message = error.details[0].message if error.details else error.message
    return message.removeprefix("chaincode response 500, ")


def _value(data: bytes) -> Any:
    text = data.decode()
    return json.loads(text) if text.startswith(("[", "{")) else text


def found(city: Demo, *further: dict[str, Any]) -> None:
    """Agree on the departments, who manages the directory, limits and calendars; wait for the channel's clock.

    `further` are items that are agreed on beside them.
    """
    items = founding_items(
        CATALOGUE.departments,
        calendars_around(datetime.now(UTC).year),
        manager=f"{MANAGER}MSP",
        deputy=f"{USER}MSP",
    )
    what = "proposes the directory, to be managed by it"
    change = city.submit(MANAGER, what, "propose", [*items, *further], "政务数据目录筹建", "")
    for department in (PROVIDER, USER):
        city.submit(department, "agrees", "approve", change)
    city.submit(MANAGER, "enacts what all agree on", "enact", change)
    await_clock(city.contracts[MANAGER])


def publish(demo: Demo, deputies: Demo) -> None:
    """Register each department's duties and resources, and publish them: nobody publishes its own."""
    files = count(1)
    for msp_id, resources in CATALOGUE.resources.items():
        department = msp_id.removesuffix("MSP")
        for duties in batches(CATALOGUE.duties[msp_id]):
            what, file = f"claims {len(duties)} duties", f"{msp_id}-{next(files)}"
            demo.submit(department, what, "Directory:claim_duties", file, duty_rows(duties))
        for batch in batches(resources):
            number, file = f"{len(batch)} resources", f"{msp_id}-{next(files)}"
            codes = code_rows(batch)
            demo.submit(department, f"enters {number}", "Directory:draft", file, draft_rows(batch))
            demo.submit(department, f"submits {number}", "Directory:submit", file, codes)
            who, publisher = (deputies, USER) if department == MANAGER else (demo, MANAGER)
            what = f"publishes {number} of {department}"
            who.submit(publisher, what, "Directory:publish", file, codes)


def found_credit(city: Demo) -> None:
    """Agree on the credit channel's roles, parameters and calendars; wait for its clock."""
    items = credit_founding.founding_items(
        [each for each in CATALOGUE.departments if each.msp_id != f"{USER}MSP"],
        calendars_around(datetime.now(UTC).year),
        roles={name: [f"{department}MSP"] for name, department in CREDIT_ROLES.items()},
    )
    what = "proposes what public credit goes by"
    change = city.submit(MANAGER, what, "propose", items, "公共信用筹建", "")
    city.submit(PROVIDER, "agrees", "approve", change)
    city.submit(MANAGER, "enacts what both agree on", "enact", change)
    await_clock(city.contracts[MANAGER])


def keep_credit(demo: Demo) -> None:
    """Publish a penalty, object with private evidence, and uphold the penalty."""
    subject = {"id": OPERATOR, "name": "北京示例科技有限公司", "region": "110108"}
    demo.submit(PROVIDER, f"registers subject {OPERATOR}", "Credit:register", "first", [subject])
    own = next(each.uscc for each in CATALOGUE.departments if each.msp_id == f"{PROVIDER}MSP")
    decision = _decision(own)
    wrong = decision | {"fine": {"fen": 1_500_000, "ten_thousand_yuan": "15000"}}
    demo.refused(PROVIDER, "CONTRACT REFUSES a fine", "Credit:record", wrong)
    penalty = demo.submit(PROVIDER, "records a penalty", "Credit:record", decision)["id"]
    demo.submit(PROVIDER, f"publishes {decision['number']}", "Credit:publish", penalty)
    evidence = {"salt": secrets.token_hex(32), "value": {"statement": "广告并非本公司发布"}}
    objection = demo.submit(
        MANAGER,
        "objects for the subject, the evidence is private",
        "Credit:object",
        penalty,
        transient={"evidence": to_json(evidence)},
    )["id"]
    read = demo.ask(PROVIDER, "Credit:evidence", objection)["value"]
    _say(f"{PROVIDER} reads the evidence: {read['statement']}")
    demo.submit(PROVIDER, "upholds the penalty", "Credit:uphold", penalty, "证据不足")


def _decision(authority: str) -> dict[str, Any]:
    yesterday = datetime.now(BEIJING).date() - timedelta(days=1)
    return {
        "number": f"京市监罚[{yesterday.year}]15号",
        "subject": OPERATOR,
        "authority": authority,
        "source": {"name": "市场监督管理局", "uscc": authority},
        "act": "发布虚假广告",
        "facts": "在其网站发布虚假广告",
        "basis": "《中华人民共和国广告法》",
        "types": ["fine"],
        "content": "罚款1.5万元",
        "fine": {"fen": 1_500_000, "ten_thousand_yuan": "1.5"},
        "sector": "general",
        "decided": yesterday.isoformat(),
        "publish_until": (yesterday + timedelta(days=365)).isoformat(),
    }


def look_across(demo: Demo, request: str) -> None:
    """Read the penalties of a request's operator across channels.

    Members of the credit channel get them on the common channel; the peer of the third department
    refuses.
    """
    for department in (MANAGER, PROVIDER):
        found = demo.ask(department, "Sharing:operator_credit", request)
        answer = found["answer"]
        numbers = ", ".join(each["decision"]["number"] for each in answer["penalties"])
        _say(
            f"{department} reads across, channel {found['channel']} as of {answer['read_at']}: "
            f"{answer['subject']} has {numbers}"
        )
    try:
        demo.ask(USER, "Sharing:operator_credit", request)
    except GatewayError as error:
        _say(f"{USER} is REFUSED: {_message(error)}")
    else:
        raise FabricError(f"{USER} read a channel that it is not in")


def share(demo: Demo) -> str:
    """Make requests: one is granted and used, the provider refuses one, the contract refuses two.

    Returns the id of the first.
    """
    asked_for = wanted(PENALTIES) | {"operator": OPERATOR}
    request = demo.submit(USER, "asks for penalties", "Sharing:apply", asked_for)["id"]
    demo.submit(
        USER,
        f"discloses to {PROVIDER} alone which rows",
        "Sharing:disclose",
        "request",
        request,
        "scope",
        transient={"scope": to_json(SCOPE)},
        endorsers=(USER, PROVIDER),
    )
    demo.submit(MANAGER, "finds the request in order", "Sharing:check", request)
    private = demo.ask(PROVIDER, "Sharing:disclosed", "request", request, "scope")
    _say(f"{PROVIDER} reads which rows: {private['value']['rows']}")
    terms = asked_for["terms"] | {"quota": 500}
    demo.submit(
        PROVIDER,
        "grants it, 500 rows",
        "Sharing:grant",
        request,
        {"terms": terms, "licence": "限产业扶持资金审核使用"},
    )
    demo.submit(USER, "accepts the licence", "Sharing:activate", request)
    leased = (request, WORKER, "500")
    demo.submit(PROVIDER, "leases the rows to a worker", "Sharing:lease_rows", *leased)
    delivery = delivery_of(demo, request, "first", 120)
    receipt = demo.submit(
        PROVIDER, "delivers 120 rows", "Sharing:deliver", request, WORKER, delivery
    )["id"]
    demo.submit(USER, "signs the receipt", "Sharing:confirm", receipt)

    asked = wanted(COMPLAINTS)
    other = demo.submit(USER, "asks for complaints", "Sharing:apply", asked)["id"]
    demo.submit(MANAGER, "finds the request in order", "Sharing:check", other)
    reason = "与申请事项无关"
    demo.submit(PROVIDER, f"REFUSES it: {reason}", "Sharing:refuse", other, reason)

    demo.submit(PROVIDER, "revokes the grant", "Sharing:revoke", request, "资金审核已结束")
    demo.refused(
        PROVIDER,
        "CONTRACT REFUSES one more delivery",
        "Sharing:deliver",
        request,
        WORKER,
        delivery_of(demo, request, "second", 120),
    )
    secret = next(
        item for item in CATALOGUE.resources[f"{MANAGER}MSP"] if item.share.type == "not_shared"
    )
    demo.refused(
        USER,
        f"CONTRACT REFUSES a request for {secret.title}",
        "Sharing:apply",
        wanted(secret.code),
    )
    return str(request)


def wanted(code: str) -> dict[str, Any]:
    """Return an application for a resource, for three of its fields."""
    now = datetime.now(UTC)
    resource = next(item for item in CATALOGUE.all_resources() if item.code == code)
    return {
        "resource": code,
        "version": 1,
        "purpose": "区级产业扶持资金审核",
        "legal_basis": "《政务数据共享条例》",
        "scope": SCOPE.commitment(),
        "terms": {
            "fields": sorted(resource.field_names())[:3],
            "valid_from": format_timestamp(now - timedelta(minutes=1)),
            "valid_until": format_timestamp(now + timedelta(days=180)),
            "quota": 1000,
        },
    }


def delivery_of(demo: Demo, grant: str, query: str, rows: int) -> dict[str, Any]:
    """Return a delivery of rows under a grant in force."""
    known = demo.ask(PROVIDER, "Sharing:read", "grant", grant)
    resource = demo.ask(PROVIDER, "Directory:read", "resource", known["resource"])
    result = hashlib.sha256(b"rows of " + query.encode()).hexdigest()
    exchange = Sealed(salt=secrets.token_hex(32), value=Exchange(query=query, result=result))
    return {
        "revision": known["revision"],
        "exchange": exchange.commitment(),
        "schema_digest": resource["schema_digest"],
        "fields": known["terms"]["fields"],
        "rows": rows,
        "delivered": format_timestamp(datetime.now(UTC)),
    }


def answers(demo: Demo) -> list[str]:
    """Query the directory, and return the results as sentences."""
    holders = demo.ask(USER, "Directory:holders", "uscc", "200")["items"]
    usable = demo.ask(USER, "Directory:usable", "200")["items"]
    (twice, *_) = demo.ask(MANAGER, "Directory:duplicates", "200")["items"]
    (rate,) = demo.ask(MANAGER, "Sharing:answers")
    departments = {each["provider"] for each in holders}
    return [
        f"{len(departments)} departments hold the field uscc, in {len(holders)} resources",
        f"{USER} may use {len(usable)} resources without asking",
        f"{twice['datum']} is collected twice: {', '.join(twice['resources'])}",
        f"{rate['department']} refused {rate['refused']} of {rate['answered']} requests",
    ]


@contextmanager
def running(
    folder: Path, runtime: RuntimeName = RuntimeName.EMBEDDED, programs: Path | None = None
) -> Iterator[Network]:
    """Start the network `quickstart` with its contracts on free ports; stop it afterwards."""
    network = Network.prepare(
        TOPOLOGY, folder, base_port=ANY_FREE_PORT, runtime=runtime, programs=programs
    )
    try:
        started = time.monotonic()
        network.up()
        _say(f"network up in {time.monotonic() - started:.1f} s: three departments, two channels")
        deployed = network.deploy()
        for each in deployed:
            _say(f"contract {each.contract} {each.version} on channel {each.channel}")
        yield network
    finally:
        network.down()


def run(folder: Path) -> None:
    """Run the whole demo and print each step; raises FabricError."""
    with running(folder) as network, ExitStack() as stack:
        directory, credit, city, governors = {}, {}, {}, {}
        for name, user in USERS.items():
            gateway = connected(stack, network, name, user)
            directory[name] = gateway.network("directory").contract("directory")
            if name != USER:
                credit[name] = gateway.network("credit").contract("credit")
                governing = connected(stack, network, name, "governor")
                governors[name] = governing.network("credit").contract("city")
            governing = connected(stack, network, name, "governor")
            city[name] = governing.network("directory").contract("city")
        deputy = connected(stack, network, USER, "deputy")
        demo = Demo(directory)
        _title("directory")
        found(Demo(city))
        publish(demo, Demo({USER: deputy.network("directory").contract("directory")}))
        request = share(demo)
        for line in answers(demo):
            _say(line)
        _title("credit")
        found_credit(Demo(governors))
        keep_credit(Demo(credit))
        _say(f"channel credit has {_height(network)} blocks now")
        look_across(demo, request)
    _say("everything is stopped")


def connected(stack: ExitStack, network: Network, department: str, user: str) -> Gateway:
    """Return a gateway for a user of a department, open as long as the stack is."""
    profile = load_profile(profile_file(network.plan, network.plan.department(department)))
    return stack.enter_context(connect(profile.user(user), profile.peers))


def _height(network: Network) -> int:
    """Return the height of the credit channel at the manager's peer."""
    profile = load_profile(profile_file(network.plan, network.plan.department(MANAGER)))
    with Admin(profile.user("Admin")) as admin:
        return admin.chain_info(profile.peers[0], "credit").height


def _title(channel: str) -> None:
    _say(f"channel {channel}")
    _line("block", "transaction", "department", "what happened")


def _line(block: str, transaction: str, department: str, what: str) -> None:
    _say(f"{block:>5}  {transaction:<64}  {department:<10}  {what}")


def _say(line: str) -> None:
    print(line, flush=True)


def _exit(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def main() -> None:
    """Run the demo in a temporary folder, or in `--folder`, which is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the network's files in this folder")
    folder = parser.parse_args().folder
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)
    started = time.monotonic()
    try:
        with ExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(prefix="pyfabric-demo-")
            run(folder or Path(stack.enter_context(temporary)))
    except FabricError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        _exit(signal.SIGINT, None)
    _say(f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
