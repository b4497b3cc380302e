"""What a change makes of the settings: each item against the version it builds on, successors, and what must hold then."""

from collections.abc import Callable, Iterable, Iterator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.city.changes import MIN_DEPARTMENTS, Change, Item
from pyfabric_municipal.city.settings import (
    ACTIVE,
    MERGED,
    Certifier,
    Codes,
    CodeTable,
    CodeVersions,
    Kept,
    Key,
    Member,
    Role,
    Setting,
    Span,
    Version,
)


class Draft:
    """The settings as a change leaves them; `find` and `scan` read those that there are."""

    def __init__(
        self,
        change: Change,
        find: Callable[[Key], Setting | None],
        scan: Callable[[str], Iterable[Setting]],
    ) -> None:
        self._change = change
        self._find = find
        self._scan = scan
        self._before: dict[Key, Setting | None] = {}
        self.contents: dict[Key, Kept] = {}
        self.tables: list[CodeTable] = []
        for item in change.items:
            self._take(item)
        self._succeed()
        self._check()

    def settings(self, since: int, now: int) -> Iterator[Setting]:
        """Yield the changed settings, whose newest versions take effect at `since`; `now` is the channel's clock."""
        for place, content in self.contents.items():
            before = self._before[place]
            yield Setting(
                place=place,
                newest=Version(
                    number=1 if before is None else before.newest.number + 1,
                    since=since,
                    change=self._change.id,
                    content=content,
                ),
                former=None if before is None else before.at(now),
            )

    def require_settled(self, now: int) -> None:
        """Refuse a change that moves a department's roles while other versions of them are to come."""
        named = {item.content.key() for item in self._change.items}
        for place, before in self._before.items():
            if place not in named and before is not None and before.newest.since > now:
                raise ContractError(
                    f"{'/'.join(place)} has a version that is not in force yet: enact this change after it, or change both",
                    code="city.change-pending",
                    facts={"setting": list(place), "since": before.newest.since},
                    zh=f"{'/'.join(place)} 还有未生效的版本",
                )

    def _take(self, item: Item) -> None:
        place = item.content.key()
        before = self._before[place] = self._find(place)
        number = 0 if before is None else before.newest.number
        if item.builds_on != number:
            raise ContractError(
                f"{'/'.join(place)} is at version {number}, the change builds on {item.builds_on}: propose it again",
                code="city.superseded",
                facts={"setting": list(place), "version": number, "builds_on": item.builds_on},
                zh=f"{'/'.join(place)} 当前版本为 {number}，变更基于版本 {item.builds_on}：请重新提出",
            )
        former = None if before is None else before.newest.content
        self.contents[place] = self._kept(item, former, number + 1)

    def _kept(self, item: Item, former: Kept | None, number: int) -> Kept:
        content = item.content
        if isinstance(content, Codes):
            self.tables.append(CodeTable(name=content.name, number=number, codes=content.codes))
            listed = former if isinstance(former, CodeVersions) else CodeVersions(name=content.name)
            return listed.with_span(Span(number=number, since=content.since, until=content.until))
        if isinstance(content, Member):
            _require_transition(former if isinstance(former, Member) else None, content)
        return content

    def _succeed(self) -> None:
        """Give what departments had that are gone to their successors, in the same change."""
        for gone in self._change.members:
            if gone.state == ACTIVE or not gone.successor:
                continue
            for kind in ("role", "certifier", "department"):
                for setting in self._scan(kind):
                    self._hand_over(setting, gone)

    def _hand_over(self, setting: Setting, gone: Member) -> None:
        content = self.contents.get(setting.place, setting.newest.content)
        after: Kept = content
        if isinstance(content, Role | Certifier):
            after = content.succeeded(gone.msp_id, gone.successor)
        elif isinstance(content, Member) and content.successor == gone.msp_id:
            after = content.model_copy(update={"successor": gone.successor})
        if after != content:
            self._before.setdefault(setting.place, setting)
            self.contents[setting.place] = after

    def _check(self) -> None:
        """Refuse settings that name a department which is not active, and two departments with one code."""
        members = [each for each in self._all("department") if isinstance(each, Member)]
        active = {each.msp_id for each in members if each.state == ACTIVE}
        if len(active) < MIN_DEPARTMENTS:
            raise _unsound(f"{len(active)} active departments remain", f"仅剩 {len(active)} 个部门")
        codes = [each.uscc for each in members]
        if twice := sorted({each for each in codes if codes.count(each) > 1}):
            raise _unsound(
                f"two departments have the social credit code {twice[0]}",
                f"两个部门使用同一统一社会信用代码 {twice[0]}",
            )
        for what, named in self._named():
            if named not in active:
                raise _unsound(
                    f"{what} names {named}, which is not active",
                    f"{what} 指定的 {named} 不是现有部门",
                )

    def _named(self) -> Iterator[tuple[str, str]]:
        """Yield each department that a setting relies on, with the setting."""
        for kind in ("role", "certifier", "department") if self._change.members else ():
            yield from _relied_on(self._all(kind))
        yield from _relied_on(self.contents.values())

    def _all(self, kind: str) -> Iterator[Kept]:
        kept = {setting.place: setting.newest.content for setting in self._scan(kind)}
        kept.update({place: one for place, one in self.contents.items() if one.kind == kind})
        yield from kept.values()


def _relied_on(contents: Iterable[Kept]) -> Iterator[tuple[str, str]]:
    for content in contents:
        what = "/".join(content.key())
        if isinstance(content, Role):
            yield from ((what, each) for each in content.departments)
        elif isinstance(content, Certifier) and content.msp_id:
            yield what, content.msp_id
        elif isinstance(content, Member) and content.successor:
            yield what, content.successor


def _require_transition(before: Member | None, after: Member) -> None:
    if before is None:
        if after.state != ACTIVE:
            raise _unsound(
                f"{after.msp_id} is new: it is admitted active", f"{after.msp_id} 为新部门"
            )
        return
    if before.uscc != after.uscc:
        raise _unsound(
            f"{after.msp_id} keeps its social credit code {before.uscc} for life",
            f"{after.msp_id} 的统一社会信用代码终身不变",
        )
    if before.state == MERGED and after.state != MERGED:
        raise _unsound(f"{after.msp_id} is merged, for good", f"{after.msp_id} 已合并")


def _unsound(en: str, zh: str) -> ContractError:
    return ContractError(
        f"the change cannot be made: {en}",
        code="city.unsound",
        facts={"problem": en},
        zh=f"变更不成立：{zh}",
    )
