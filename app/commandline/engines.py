"""Where a book is accrued: here with numpy or compiled code, or by workers of a Dask cluster."""

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from loans.errors import Conflict
from subsidy import accrual
from subsidy.book_pages import Accrue, Job, Part, accrued_part, read_part

PATIENCE_S: Final = 30  # for the first worker of a cluster
RETRIES: Final = 3  # a worker that dies takes its part with it; another one tries again


class Engine(StrEnum):
    """``speed`` and ``dask`` need the extras ``speed`` and ``cluster``."""

    NUMPY = "numpy"
    SPEED = "speed"
    DASK = "dask"


def accrue_of(engine: Engine) -> Accrue:
    """The pure function of an engine. Its module is loaded only when it is asked for."""
    if engine is not Engine.SPEED:
        return accrual.accrue
    accrue: Accrue = _extra("subsidy.compiled", "speed").accrue
    return accrue


def run_parts(
    folders: Sequence[Path], job: Job, *, engine: Engine, scheduler: str | None
) -> Iterator[Part]:
    """Each part in the order of ``folders``: one after the other, or all at once on a cluster
    (the one at ``scheduler``, or one on this machine), whose workers must see the same folders."""
    if engine is not Engine.DASK:
        yield from (read_part(folder, job) for folder in folders)
        return
    distributed = _extra("distributed", "cluster")
    here = {} if scheduler else {"processes": True, "dashboard_address": ":0"}
    try:
        client = distributed.Client(scheduler, **here)
    except (OSError, ValueError, RuntimeError):
        raise Conflict(
            "cluster-unreachable",
            f"连不上 Dask 调度器 {scheduler or '（本机）'}，请核对地址，或改用 --engine numpy。",
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError:
            raise Conflict(
                "cluster-idle",
                f"Dask 调度器 {scheduler} 在 {PATIENCE_S} 秒内没有一个工作进程，请先启动工作进程"
                "（dask worker），或改用 --engine numpy。",
            ) from None
        paths = [folder.resolve() for folder in folders]
        futures = client.map(accrued_part, paths, job=job, retries=RETRIES, pure=False)
        try:
            while futures:
                yield futures.pop(0).result()
        except (distributed.KilledWorker, CancelledError):
            part = folders[len(folders) - len(futures) - 1].name
            raise Conflict(
                "cluster-broke-off",
                f"Dask 集群没有算完分册 {part}：调度器断开，或工作进程 {RETRIES + 1} 次中断。"
                "请看其日志（常见原因是内存不足，可把分册分得更小）后重算，或改用 --engine numpy。",
            ) from None


def _extra(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise Conflict(
            "extra-missing", f"这个引擎需要安装 fumin[{extra}]，或改用 --engine numpy。"
        ) from None
