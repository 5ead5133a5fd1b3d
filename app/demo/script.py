"""The year's plan as values: who applies for what, how long each desk takes, what follows.

The same seed gives the same year. Proportions are written as tables: a share of the cast for
every ending, and one for every turn that a loan's life may take.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from app.demo.people import BANKS, firm_number, person_number, phone_number
from loans.applications import Facts, HireFact, LoanTerms
from loans.schedule import Method, add_months
from loans.workflow import BorrowerKind

FIRST_DAY, LAST_DAY = date(2019, 4, 1), date(2020, 4, 1)
EARLIEST = date(2019, 4, 2)
AREA, ELSEWHERE = "320281", "320282"

Item = TypeVar("Item")


class Fate(StrEnum):
    """What becomes of an application."""

    GRANTED = "granted"
    RETURNED_AT_INTAKE = "returned at intake"
    RETURNED_BY_GUARANTOR = "returned by the guarantor"
    RETURNED_BY_BANK = "returned by the bank"
    INELIGIBLE = "ineligible"
    REFUSED_BY_BANK = "refused by the bank"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Turn(StrEnum):
    """What happens to a note besides its plan."""

    NONE = "none"
    PREPAID_PARTLY = "prepaid partly"
    PREPAID = "prepaid"
    TWO_DRAWINGS = "two drawings"
    REPRICED = "repriced"
    UNPAID = "unpaid at maturity"
    EXTENDED = "extended"
    MISSED = "an instalment missed"
    DEREGISTERED = "deregistered"
    BACKDATED = "a repayment reported late"
    REVERSED = "a repayment reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One application and all that follows from it."""

    kind: BorrowerKind
    name: str
    id_no: str
    phone: str
    bank: int
    branch: int
    applies_on: date
    terms: LoanTerms
    facts: Facts
    hires: tuple[HireFact, ...] = ()
    fate: Fate = Fate.GRANTED
    turn: Turn = Turn.NONE
    turns_after: int = 60  # days from disbursement to the turn
    appraised: bool | None = None  # passed or not; None: no appraisal is asked for
    verified: bool = True  # what 人社 finds
    review_days: tuple[int, int] = (3, 3)  # working days the guarantor and the bank take


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a demo is. ``until``: nothing happens after that day; ``desks``: files are left."""

    people: int = 204
    firms: int = 20
    until: date = LAST_DAY
    seed: int = 2019_18
    desks: bool = True


@dataclass(slots=True)
class _Writer:
    """Draws the stories from one seeded source."""

    chance: random.Random
    scale: Scale
    written: int = field(default=0)

    def day(self) -> date:
        """An application day; more in the first half of the time, none in the last two weeks."""
        days = (self.scale.until - FIRST_DAY).days - 14
        return FIRST_DAY + timedelta(days=int(days * self.chance.random() ** 1.6))

    def pace(self) -> tuple[int, int]:
        """Working days of both reviews: one in twelve is late."""
        return tuple(self.chance.choices(range(1, 9), (6, 10, 14, 14, 10, 2, 1, 1), k=2))  # type: ignore[return-value]

    def branch(self) -> tuple[int, int]:
        bank = self.chance.choices(range(len(BANKS)), (4, 3, 3))[0]
        return bank, self.chance.randrange(len(BANKS[bank].branches))


def write(scale: Scale) -> tuple[Story, ...]:
    """All stories, in order of their application day."""
    writer = _Writer(random.Random(scale.seed), scale)
    stories = [*_singled_out(list(_people(writer))), *_firms(writer)]
    return tuple(sorted(stories, key=lambda story: (story.applies_on, story.name)))


def _singled_out(people: list[Story]) -> list[Story]:
    """One repayment of a locked month and one reversal: each happens exactly once."""
    plain = (
        at for at, story in enumerate(people)
        if story.fate is Fate.GRANTED and story.turn is Turn.NONE
        and story.terms.method is Method.BULLET and story.terms.term_months > 6
    )  # fmt: skip
    for at, turn in zip(plain, (Turn.BACKDATED, Turn.REVERSED), strict=False):
        people[at] = replace(people[at], turn=turn, applies_on=EARLIEST, review_days=(2, 2))
    return people


def _dealt(chance: random.Random, count: int, shares: Sequence[tuple[Item, int]]) -> list[Item]:
    """``count`` items in the given proportions, shuffled; the first item fills up the rest."""
    whole = sum(share for _, share in shares)
    dealt = [item for item, share in shares[1:] for _ in range(-(-count * share // whole))]
    dealt = dealt[:count] + [shares[0][0]] * max(0, count - len(dealt))
    chance.shuffle(dealt)
    return dealt


# --- persons ------------------------------------------------------------------------------------

_ENDINGS: tuple[tuple[str, int], ...] = (
    ("granted", 150), ("outside", 8), ("over cap", 7), ("over term", 5), ("refused", 5),
    ("at intake", 8), ("by guarantor", 6), ("by bank", 5), ("withdrawn", 8), ("lapsed", 5),
    ("raised", 12),
)  # fmt: skip
_FATES = {
    "outside": Fate.INELIGIBLE, "over cap": Fate.INELIGIBLE, "over term": Fate.INELIGIBLE,
    "refused": Fate.REFUSED_BY_BANK, "at intake": Fate.RETURNED_AT_INTAKE,
    "by guarantor": Fate.RETURNED_BY_GUARANTOR, "by bank": Fate.RETURNED_BY_BANK,
    "withdrawn": Fate.WITHDRAWN, "lapsed": Fate.LAPSED,
}  # fmt: skip
_TURNS: tuple[tuple[Turn, int], ...] = (
    (Turn.NONE, 90), (Turn.PREPAID_PARTLY, 9), (Turn.PREPAID, 13), (Turn.TWO_DRAWINGS, 8),
    (Turn.REPRICED, 6), (Turn.UNPAID, 10), (Turn.EXTENDED, 3), (Turn.MISSED, 9),
    (Turn.DEREGISTERED, 7),
)  # fmt: skip
_GROUPS: tuple[tuple[str, bool], ...] = (  # code, local household registration
    ("graduate", False), ("unemployed", True), ("farmer", True), ("veteran", True),
    ("online_merchant", True), ("student", False), ("registered_poor", False),
    ("village_official", True), ("released", True), ("overcapacity_worker", True),
)  # fmt: skip
_METHODS: tuple[tuple[Method, int], ...] = (
    (Method.BULLET, 60), (Method.EQUAL_INSTALMENT, 22), (Method.EQUAL_PRINCIPAL, 13),
    (Method.LUMP_SUM, 5),
)  # fmt: skip
_RATES = ((43_500, 6), (47_850, 3), (47_500, 2), (52_200, 1))
_PURPOSES = ("开设小吃店", "农产品收购", "网店备货", "机械加工", "家政服务", "装修设计", "果蔬大棚")
_HALF_YEAR = (Turn.UNPAID, Turn.EXTENDED)  # they live to see their maturity


def _people(writer: _Writer) -> Iterator[Story]:
    chance, count = writer.chance, writer.scale.people
    turns = iter(_dealt(chance, count, _TURNS))
    methods = iter(_dealt(chance, count, _METHODS))
    for ending in _dealt(chance, count, _ENDINGS):
        writer.written += 1
        method, turn = next(methods), next(turns)
        if turn is Turn.MISSED:
            method = Method.EQUAL_PRINCIPAL
        elif turn is not Turn.NONE:
            method = Method.BULLET
        yield _ended(writer, _person(writer, method, turn), ending)


def _person(writer: _Writer, method: Method, turn: Turn) -> Story:
    chance, number = writer.chance, writer.written
    group, local = chance.choice(_GROUPS)
    full = chance.random() < 0.68
    doubted = full and chance.random() < 0.05  # 人社 will not find them in the group
    bank, branch = writer.branch()
    born_on = date(1972, 1, 1) + timedelta(days=chance.randrange(9_000))
    months = 6 if turn in _HALF_YEAR else chance.choice((12, 12, 24, 24, 36))
    return Story(
        kind=BorrowerKind.INDIVIDUAL,
        name=f"测试借款人{number:03d}",
        id_no=person_number(born_on, number),
        phone=phone_number(number),
        bank=bank,
        branch=branch,
        applies_on=_early(writer) if turn is not Turn.NONE else writer.day(),
        terms=_terms(chance, method, months, chance.randrange(8, 31) * 10_000_00),
        facts=Facts(
            business_division=AREA,
            local_hukou=local if full else chance.random() < 0.5,
            categories=(group,) if full else (),
            graduated_on="2016-06-30" if group == "graduate" else None,
            employees=chance.randrange(0, 6),
            spouse_has_loan=False,
            own_firm_subsidised=False,
        ),
        turn=turn,
        turns_after=chance.randrange(25, 110),
        appraised=doubted or chance.random() < 0.9 if doubted or not full else None,
        verified=not doubted,
        review_days=writer.pace(),
    )


def _early(writer: _Writer) -> date:
    """A day that leaves time for a turn to happen."""
    days = max(1, min(150, (writer.scale.until - FIRST_DAY).days - 60))
    return FIRST_DAY + timedelta(days=writer.chance.randrange(days))


def _ended(writer: _Writer, story: Story, ending: str) -> Story:
    """The story with the facts that bring this ending about."""
    story = replace(story, fate=_FATES.get(ending, Fate.GRANTED))
    match ending:
        case "outside":
            return replace(story, facts=replace(story.facts, business_division=ELSEWHERE))
        case "over cap":
            return replace(story, terms=replace(story.terms, amount_fen=350_000_00))
        case "over term":
            return replace(story, terms=replace(story.terms, term_months=48))
        case "raised":
            amount_fen = writer.chance.randrange(35, 51) * 10_000_00
            return replace(
                story,
                terms=replace(story.terms, amount_fen=amount_fen),
                facts=_raised(writer.chance, story),
                appraised=True,
            )
        case "lapsed":
            return replace(story, applies_on=_early(writer), turn=Turn.NONE)
    return story


def _raised(chance: random.Random, story: Story) -> Facts:
    """One of the two grounds of 9.5: six employees, or an honour of the project."""
    if chance.random() < 0.5:
        return replace(story.facts, employees=chance.randrange(6, 15))
    honour: dict[str, Any] = {
        "kind": "contest_winner", "level": "city", "project": "演示创业项目",
        "holder": story.name, "year": 2018,
    }  # fmt: skip
    return replace(story.facts, honours=(honour,))


def _terms(chance: random.Random, method: Method, months: int, amount_fen: int) -> LoanTerms:
    rates, weights = zip(*_RATES, strict=True)
    rate_ppm = chance.choices(rates, weights)[0]
    return LoanTerms(
        amount_fen=amount_fen,
        term_months=months,
        rate_ppm=rate_ppm,
        penalty_rate_ppm=rate_ppm * 3 // 2,
        method=method,
        every_months=3 if method is Method.EQUAL_PRINCIPAL and months > 12 else 1,
        purpose=chance.choice(_PURPOSES),
    )


# Numbers of those who apply in the last days, after all others.
LAST_PERSON, LAST_FIRM = 800, 80


def open_person(scale: Scale, number: int, bank: int, chance: random.Random) -> Story:
    """Somebody whose file is on its way when the year ends."""
    writer = _Writer(chance, scale, written=LAST_PERSON + number)
    story = _person(writer, Method.BULLET, Turn.NONE)
    facts = replace(story.facts, local_hukou=True, categories=("unemployed",), graduated_on=None)
    return replace(
        story, bank=bank, branch=0, applies_on=scale.until, facts=facts, appraised=None,
        verified=True,
    )  # fmt: skip


def open_firm(scale: Scale, number: int, bank: int, chance: random.Random) -> Story:
    """A firm whose file is."""
    writer = _Writer(chance, scale)
    return replace(
        next(story for story in _firms(writer) if story.fate is Fate.GRANTED),
        name=f"演示企业{LAST_FIRM + number}有限公司",
        id_no=firm_number(LAST_FIRM + number),
        phone=phone_number(900_000 + LAST_FIRM + number),
        bank=bank,
        branch=0,
        applies_on=scale.until,
        hires=tuple(_hires(writer, LAST_FIRM + number, scale.until, 4, unfit=False)),
    )


# --- firms --------------------------------------------------------------------------------------

_FIRM_ENDINGS: tuple[tuple[str, int], ...] = (
    ("granted", 16), ("no hires", 3), ("at intake", 2), ("withdrawn", 1),
)  # fmt: skip


def _firms(writer: _Writer) -> Iterator[Story]:
    chance = writer.chance
    for number, ending in enumerate(_dealt(chance, writer.scale.firms, _FIRM_ENDINGS), 1):
        bank, branch = writer.branch()
        applies_on = _early(writer)
        method = Method.LUMP_SUM if chance.random() < 0.2 else Method.BULLET
        amount_fen = chance.randrange(4, 31) * 100_000_00
        wanted = chance.randrange(3, 13)
        yield Story(
            kind=BorrowerKind.SMALL_FIRM,
            name=f"演示企业{number:02d}有限公司",
            id_no=firm_number(number),
            phone=phone_number(900_000 + number),
            bank=bank,
            branch=branch,
            applies_on=applies_on,
            terms=_terms(chance, method, chance.choice((12, 24)), amount_fen),
            facts=Facts(business_division=AREA, is_small_firm=True, own_firm_subsidised=False),
            hires=tuple(_hires(writer, number, applies_on, wanted, ending == "no hires")),
            fate={"no hires": Fate.INELIGIBLE}.get(ending) or _FATES.get(ending, Fate.GRANTED),
            review_days=writer.pace(),
        )


_HIRE_GROUPS = (("graduate", False), ("unemployed", True), ("veteran", True), ("farmer", True))


def _hires(
    writer: _Writer, firm: int, applies_on: date, wanted: int, unfit: bool
) -> Iterator[HireFact]:
    """New hires of this year with two-year contracts; unfit ones were hired the year before."""
    for number in range(wanted):
        category, local = writer.chance.choice(_HIRE_GROUPS)
        start = applies_on - timedelta(days=writer.chance.randrange(1, 80))
        start = start.replace(year=2018) if unfit else max(start, date(applies_on.year, 1, 2))
        yield HireFact(
            name=f"测试员工{firm:02d}{number:02d}",
            id_no=person_number(date(1990, 1, 1) + timedelta(days=firm), 100 + number),
            category=category,
            local_hukou=local,
            graduated_on=date(2017, 6, 30) if category == "graduate" else None,
            contract_from=start,
            contract_until=add_months(start, 24),
        )
