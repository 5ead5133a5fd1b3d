"""新招用人员 after approval (9.8): who has left; the firm's base follows at a claim period."""

from fastapi import Response

from app.api.application_views import ApplicationOut, whole
from app.api.edge import Write
from app.api.journey import Journey
from app.api.wire import Body, Day, Id
from loans import headcount

journey = Journey("新招用人员")


class DepartureBody(Body):
    """离职：left_on 为不再在岗的第一天。"""

    left_on: Day


@journey.write(
    "POST", "/applications/{application_id}/hires/{hire_id}/departure",
    "applications.hire_left", "登记新招用人员离职（下一申报期起重新核定人数）",
    out=ApplicationOut,
)  # fmt: skip
def departure(application_id: Id, hire_id: Id, body: DepartureBody, write: Write) -> Response:
    return write(
        lambda ctx: headcount.leave(
            ctx, application_id=application_id, hire_id=hire_id, left_on=body.left_on
        ),
        whole,
        body,
    )
