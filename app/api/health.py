"""Whether the process lives, and whether it can serve: for the machinery around it."""

from fastapi import APIRouter

from app.api.edge import Copy
from app.api.journey import problem_answers
from app.api.wire import Out
from loans import queries

router = APIRouter(tags=["运行"])


class HealthOut(Out):
    """状态。"""

    status: str


@router.get("/healthz", summary="进程存活", operation_id="health.live")
def live() -> HealthOut:
    return HealthOut(status="ok")


@router.get(
    "/readyz", summary="可以服务", operation_id="health.ready", responses=problem_answers(503)
)
def ready(installation: Copy) -> HealthOut:
    with installation.reads() as session:
        queries.ping(session)
    return HealthOut(status="ok")
