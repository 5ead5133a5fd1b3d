"""What lies on the desks when the year ends: files waiting for each role."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

from app.demo.applying import accept, decide, hand_in, propose, verify_groups, verify_hires
from app.demo.office import APPROVER, AUDITOR, REVIEWER, Office, login_of
from app.demo.people import BANKS
from app.demo.script import Scale, Story, open_firm, open_person
from app.demo.year import Thread, Year
from loans.workflow import Action, BorrowerKind

Step = Callable[[Office, Story, UUID], None]

# A person's file after so many steps waits for: the guarantee company to accept it, 人社, the
# reviewer, the approver, a bank's maker, its checker. A firm's: the bureau, 人社, both its people.
_PERSON: tuple[Step, ...] = (
    accept,
    verify_groups,
    lambda office, _, key: propose(office, REVIEWER, key, Action.PASS),
    lambda office, _, key: decide(office, APPROVER, key),
    lambda office, story, key: propose(office, login_of(story, "maker"), key, Action.PASS),
)
_FIRM: tuple[Step, ...] = (
    accept,
    lambda office, _, key: verify_hires(office, key),
    lambda office, _, key: propose(office, AUDITOR, key, Action.PASS),
)


def desks(year: Year, scale: Scale) -> Iterator[Thread]:
    """One file for each step of a firm's way, one at each bank for each step of a person's."""
    chance = Random(scale.seed + 1)
    for at in range(len(_FIRM) + 1):
        yield _waiting(year, open_firm(scale, at + 1, at % len(BANKS), chance), at)
    number = 0
    for at in range(len(_PERSON) + 1):
        for bank in range(len(BANKS)):
            number += 1
            yield _waiting(year, open_person(scale, number, bank, chance), at)


def _waiting(year: Year, story: Story, steps: int) -> Thread:
    """One step a working day, the last of them on the last day or shortly before."""
    office = year.office
    day = year.until
    for _ in range(steps):
        day = _workday_before(office, day)
    yield day
    application_id = hand_in(office, story)
    way = _PERSON if story.kind is BorrowerKind.INDIVIDUAL else _FIRM
    for step in way[:steps]:
        yield office.workday(office.today, 1)
        step(office, story, application_id)


def _workday_before(office: Office, day: date) -> date:
    day -= timedelta(days=1)
    while not office.installation.calendar.is_workday(day):
        day -= timedelta(days=1)
    return day
