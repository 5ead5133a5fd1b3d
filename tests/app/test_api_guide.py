"""The API guide's own commands, run against a real server."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(api, monkeypatch) -> Iterator[None]:
    """A server on a free port, known to the guide's two variables."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(api.app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    key = api.as_("B1-maker").headers["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("FUMIN", f"http://127.0.0.1:{listening.getsockname()[1]}")
    monkeypatch.setenv("KEY", key)
    yield
    server.should_exit = True
    thread.join()
    listening.close()


def test_the_python_examples_run(served):
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "docs/api.md", "exec"), names)
    assert names["submitted"]["state"] == "submitted"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_the_curl_examples_run(served, tmp_path):
    assert len(blocks("sh")) >= 4
    for block in blocks("sh"):
        done = subprocess.run(
            ["sh", "-euc", block], cwd=tmp_path, env=os.environ, capture_output=True, timeout=60
        )
        assert done.returncode == 0, (block, done.stdout, done.stderr)
    assert (tmp_path / "template.xlsx").read_bytes().startswith(b"PK")
