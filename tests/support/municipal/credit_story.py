"""The story of the contract `Credit`: its people, what its departments have agreed on, and a valid call of each step."""

from dataclasses import replace

from pyfabric_municipal.catalogue import bundled_calendars
from pyfabric_municipal.common.governance import Clock, Department, FixedGovernance, Governance
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.testing.stories import Person, Sample, Story
from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.credit.contract import Credit
from pyfabric_municipal.credit.founding import credit_parameters
from pyfabric_municipal.credit.samples import LESS, SUBJECT, sample, sample_licence

from pyfabric.chaincode import Context
from pyfabric.chaincode.testing import CollectionConfig
from tests.support.municipal.municipal import ECON, MKT, START, USCC, digest

TAX, FINANCE = "TaxMSP", "FinanceMSP"
DAY = 86_400
EVIDENCE = {
    "statement": "处罚对象不是本公司",
    "documents": [{"title": "租赁合同", "digest": digest("lease")}],
}
PROOF = {
    "fulfilment": [{"title": "缴款书", "digest": digest("paid")}],
    "commitment": {"title": "信用修复承诺书", "digest": digest("never again")},
}
REPRESENTATIVE = {"name": "张三", "resident_id": "11010519491231002X"}
LISTED = {"subject": SUBJECT, "number": "京市监列〔2026〕1号", "ground": "无法联系"}
OTHER_SUBJECT = "91350200MA2YJ1XR9G"
BASIS = {"number": "（2026）京0108行初12号", "digest": digest("judgment")}
CODES = USCC | {TAX: "11110000MB9P22225R", FINANCE: "11110000MB9Q33339E"}
WITHOUT_HOLIDAYS = {year: YearCalendar(year=year) for year in range(2025, 2030)}


class StagedCredit(Credit):
    """The contract with a fixed governance, whose clock goes with the proposals."""

    def __init__(self, governance: FixedGovernance) -> None:
        self.governance = governance

    def governance_of(self, ctx: Context) -> Governance:
        """Return the test's governance."""
        seconds = int(ctx.stub.timestamp.timestamp())
        return replace(self.governance, now=Clock(begun=seconds, proposal=seconds))


GOVERNANCE = FixedGovernance(
    parameters={
        ("city", "net"): "test-net",
        **{("credit", one["name"]): one["value"] for one in credit_parameters()},
    },
    roles={
        ("credit", "registrar"): (MKT,),
        ("credit", "platform"): (ECON, MKT),
        ("credit", "reviewer"): (ECON, FINANCE),
        ("credit", "tax-authority"): (TAX,),
    },
    departments=tuple(Department(one, code, one, "110000") for one, code in CODES.items()),
    calendars=tuple((WITHOUT_HOLIDAYS | {one.year: one for one in bundled_calendars()}).values()),
)

PEOPLE = {
    "platform": Person(ECON, {"role": "manager", "staff": "1001"}),
    "reviewer": Person(ECON, {"role": "steward", "staff": "1002"}),
    "second reviewer": Person(FINANCE, {"role": "steward", "staff": "4001"}),
    "market": Person(MKT, {"role": "steward", "staff": "2001"}),
    "market desk": Person(MKT, {"role": "manager", "staff": "2002"}),
    "tax": Person(TAX, {"role": "steward", "staff": "3001"}),
    "passer-by": Person(TAX, {"staff": "3009"}),
}

RECORDED = ("record",)
PUBLISHED = ("publish",)
HELD = ("object",)
SAMPLES = {
    "except_code": Sample("market", "91350203M0001QAY9B", {"why": "登记机关核发时有误"}),
    "register": Sample("market", SUBJECT, {"region": "110108", "name": "北京某某科技有限公司"}),
    "name_representative": Sample(
        "market", SUBJECT, first=("register",), private={"representative": REPRESENTATIVE}
    ),
    "revoke": Sample("market", SUBJECT, first=("register",)),
    "move": Sample("market", SUBJECT, first=("register",)),
    "take_back": Sample("market", SUBJECT, first=("move",)),
    "cancel": Sample("market", SUBJECT, first=("register",)),
    "record": Sample("market", arguments={"decision": sample()}, first=("register",)),
    "register#other": Sample(
        "market", OTHER_SUBJECT, {"region": "110108", "name": "北京另一科技有限公司"}
    ),
    "publish": Sample("market", "@record", first=RECORDED),
    "object": Sample(
        "platform",
        arguments={"penalty": "@record"},
        first=PUBLISHED,
        private={"evidence": EVIDENCE},
    ),
    "uphold": Sample("market", "@record", first=HELD),
    "correct": Sample("market", "@record", {"decision": sample(**LESS)}, first=HELD),
    "escalate": Sample("passer-by", "@record", first=HELD, later=14 * DAY),
    "annul": Sample("reviewer", "@record", {"basis": BASIS}, first=("escalate",)),
    "restore": Sample("passer-by", "@record", first=("escalate",), later=20 * DAY),
    "seek_repair": Sample(
        "platform",
        arguments={"penalty": "@record"},
        first=PUBLISHED,
        private={"proof": PROOF},
        later=100 * DAY,
    ),
    "repair": Sample("market", "@record", first=("seek_repair",)),
    "refuse_repair": Sample("market", "@record", first=("seek_repair",)),
    "escalate_repair": Sample("passer-by", "@record", first=("seek_repair",), later=20 * DAY),
    "lapse_repair": Sample("passer-by", "@record", first=("escalate_repair",), later=20 * DAY),
    "expire": Sample("passer-by", "@record", first=PUBLISHED, later=400 * DAY),
    "seek_withdrawal": Sample(
        "market",
        arguments={"penalty": "@record", "basis": BASIS, "why": "处罚决定被撤销"},
        first=PUBLISHED,
    ),
    "confirm_withdrawal": Sample("reviewer", "@seek_withdrawal", first=("seek_withdrawal",)),
    "refuse_withdrawal": Sample("reviewer", "@seek_withdrawal", first=("seek_withdrawal",)),
    "lapse_withdrawal": Sample(
        "passer-by", "@seek_withdrawal", first=("seek_withdrawal",), later=20 * DAY
    ),
    "record_licence": Sample(
        "market", arguments={"decision": sample_licence()}, first=("register",)
    ),
    "list_abnormal": Sample("market", arguments=LISTED, first=("register",)),
    "list_serious": Sample("market", arguments=LISTED, first=("register",)),
    "become_serious": Sample(
        "passer-by", "@list_abnormal", first=("list_abnormal",), later=1100 * DAY
    ),
    "remove": Sample("market", "@list_abnormal", {"basis": BASIS}, first=("list_abnormal",)),
    "leave_list": Sample(
        "passer-by", "@list_abnormal", first=("become_serious",), later=1100 * DAY
    ),
    "grade_taxpayer": Sample(
        "tax", arguments={"subject": SUBJECT, "year": 2025, "grade": "A"}, first=("register",)
    ),
    "compute_score": Sample(
        "platform", arguments={"subject": SUBJECT, "as_of": "2026-03-11"}, first=("register",)
    ),
}

# As network/city.yaml defines it, for the departments of this story.
COLLECTION = CollectionConfig(
    name="evidence",
    policy=f"OR('{ECON}.member', '{MKT}.member', '{TAX}.member')",
    member_only_read=True,
    member_only_write=True,
)
REPRESENTATIVES = CollectionConfig(
    name="representatives",
    policy=f"OR('{ECON}.member', '{MKT}.member')",
    member_only_read=True,
    member_only_write=True,
)

STORY = Story(
    contract=StagedCredit,
    governance=GOVERNANCE,
    people=PEOPLE,
    samples=SAMPLES,
    outsider="passer-by",
    now=START,
    collections=(COLLECTION, REPRESENTATIVES),
    organizations=(ECON, MKT, TAX, FINANCE),
    free_ids={"subject": "91110000MB9X99991C"},
    examples={
        "of-authority": Example(
            step="record",
            first=("record", "register#other"),
            arguments={"decision": sample(subject=OTHER_SUBJECT)},
        ),
        "of-subject": Example(
            step="record",
            by="tax",
            first=("record",),
            arguments={
                "decision": sample(
                    authority=CODES[TAX], source={"name": "税务局", "uscc": CODES[TAX]}
                )
            },
        ),
    },
    resting=frozenset(
        {
            ("penalty", "recorded"),
            ("subject", "in_business"),
            ("subject", "moved"),
            ("subject", "revoked"),
        }
    ),
)
