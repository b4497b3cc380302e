"""Free text, so that each has only one spelling, and no personal data."""

from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from pyfabric_municipal.common.values.characters import character_name, composed, is_invisible
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.personal_data import find_personal_data

MAX_TEXT = 2000


def require_text(what: str, value: str) -> str:
    """Return `value` if it is not empty, visible, in NFC, and without personal data.

    Public state stays readable by all departments for ever: a resident ID or a mobile number in it
    cannot be removed. `what` is the text's name in errors, which do not repeat the text.
    """
    kind = Kind("text", what, what, secret=True)
    if not value.strip():
        raise kind.refusal("empty", value, "is empty", "不能为空", field=what)
    if value != value.strip():
        raise kind.refusal(
            "edges", value, "begins or ends with a space", "首尾不能有空格", field=what
        )
    if len(value) > MAX_TEXT:
        raise kind.refusal(
            "length",
            value,
            f"has {len(value)} characters, more than {MAX_TEXT}",
            f"有{len(value)}个字符，超过{MAX_TEXT}个",
            field=what,
            most=MAX_TEXT,
        )
    for character in value:
        if is_invisible(character):
            name = character_name(character)
            raise kind.refusal(
                "invisible",
                value,
                f"holds the invisible {name}",
                f"含有不可见字符{name}",
                field=what,
            )
    if composed(value) != value:
        raise kind.refusal(
            "form", value, "is not in Unicode normal form C", "不是Unicode规范形式C", field=what
        )
    return refuse_personal_data(what, value)


def refuse_personal_data(what: str, value: str) -> str:
    """Return `value` if it has no personal data: for texts of free form, such as serial numbers."""
    found = find_personal_data(value)
    if found is not None:
        raise Kind("text", what, what, secret=True).refusal(
            "personal",
            value,
            f"contains what looks like a {found.en}: personal data must not be public",
            f"含有疑似{found.zh}的内容：个人信息不得公开",
            field=what,
            found=found.en,
        )
    return value


def _text(value: str, info: ValidationInfo) -> str:
    return require_text(info.field_name or "text", value)


Text = Annotated[str, AfterValidator(_text)]
"""Free text without personal data; what is said about it names the member."""
