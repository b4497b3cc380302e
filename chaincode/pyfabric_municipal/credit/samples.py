"""Decisions as the examples of guards have them: a fine of 15,000 yuan and a licence, of the market regulator."""

from collections.abc import Mapping
from typing import Any, Final

NUMBER: Final = "京市监罚〔2026〕15号"
SUBJECT: Final = "91110108MA01ABCD5T"
SOURCE: Final = {"name": "市场监督管理局", "uscc": "11110000MB9K20022C"}
LESS: Final = {"fine": {"fen": 500_000, "ten_thousand_yuan": "0.5"}, "content": "罚款0.5万元"}
_DECISION: Final[Mapping[str, Any]] = {
    "number": NUMBER,
    "subject": SUBJECT,
    "authority": SOURCE["uscc"],
    "source": SOURCE,
    "act": "发布虚假广告",
    "facts": "在其网站发布虚假广告",
    "basis": "《中华人民共和国广告法》",
    "types": ["fine"],
    "content": "罚款1.5万元",
    "fine": {"fen": 1_500_000, "ten_thousand_yuan": "1.5"},
    "sector": "general",
    "decided": "2026-03-10",
    "publish_until": "2027-03-10",
}
_LICENCE: Final[Mapping[str, Any]] = {
    "number": "京市监许〔2026〕7号",
    "subject": SUBJECT,
    "authority": SOURCE["uscc"],
    "source": SOURCE,
    "type": "普通",
    "certificate": "JY11101080012345",
    "content": "食品经营许可",
    "decided": "2026-03-10",
    "valid_from": "2026-03-10",
    "valid_until": "2029-03-10",
}


def sample(**changes: Any) -> dict[str, Any]:
    """Return the decision as an argument, with these members changed."""
    return {**_DECISION, **changes}


def sample_licence(**changes: Any) -> dict[str, Any]:
    """Return the licence as an argument, with these members changed."""
    return {**_LICENCE, **changes}
