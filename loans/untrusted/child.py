"""The child process: a module of this package as a program, file on stdin, frames on stdout.

It limits itself first, then reads a stranger's file. One JSON frame a line; the last is ``end``
or ``refused``. It writes no file and knows nothing of the programme.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from loans.untrusted.limits import LIMITS, Limits, Refused

if sys.platform != "win32":
    import resource

Frames = Callable[[bytes, Limits], Iterator[dict[str, Any]]]


def serve(frames: Frames, limits: Limits = LIMITS) -> None:
    """Answer stdin's file with its frames, whatever the file is."""
    data = sys.stdin.buffer.read(limits.file_bytes + 1)
    _restrain(limits, len(data))
    try:
        for frame in frames(data, limits):
            _answer(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))
        last: dict[str, Any] = {"end": True}
    except Refused as refused:
        last = {"refused": [refused.code, refused.message]}
    except (MemoryError, RecursionError):
        last = {"refused": ["file-too-costly", "读取文件所需内存超出上限，请分批上传"]}
    except Exception:  # a stranger's file may break a parser in any way
        last = {"refused": ["file-broken", "文件损坏或格式不符，无法读取；请另存后重新上传"]}
    _answer(json.dumps(last))


def _answer(line: str) -> None:
    sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")


def _restrain(limits: Limits, size_bytes: int) -> None:
    if sys.platform == "win32":  # the parent's clock is the only limit there
        return
    seconds = limits.cpu_seconds(size_bytes)
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, spent + seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
