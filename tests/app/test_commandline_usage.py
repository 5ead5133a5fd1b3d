"""A slip on the command line is answered in Chinese, with the command whose help says more."""

import socket
import sys

import pytest
import typer

from app.cli import main
from app.commandline import serving


def _said(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setattr(sys, "argv", ["fumin", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code not in (0, None)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("reconcile", "缺少参数 FILE"),
        ("close 2019-13", "“2019-13”不是 YYYY-MM 形式的月份"),
        ("forecast --since 2019-13", "选项 --since：“2019-13”不是 2019-06 这样的月份"),
        ("forecast --share half=101", "“half=101”的比例应为 0 至 100"),
        ("forecast --share half=60.5", "“half=60.5”应形如 half=60"),
        ("forecast --share none=10", "“none=10”应形如 half=60"),
        ("forecast --share half=1 --share half=2", "同一类别只能给一个比例"),
        ("serv", "没有命令 serv，是否想用 serve"),
        ("policy bad", "没有命令 bad；用法见 fumin policy --help"),
        ("serve --port x", "选项 --port：须为整数"),
        ("serve --port 70000", "选项 --port：不能大于 65535"),
        ("serve --prt 1", "没有选项 --prt，是否想用 --port"),
        ("serve --port", "选项 --port 后面须有值"),
        ("statistics --by x", "选项 --by：“x”不在可选值之中，可填 all, bank"),
        ("close 2019-01 more", "多余的参数：more"),
        ("reconcile README.md --bank A --since 2019/6/21 --until 2019-09-21", "“2019/6/21”不是"),
        ("reconcile /no/such --bank A --since 2019-06-21 --until 2019-09-21", "请核对路径"),
        ("close 2019-06 --demo /no/such", "请先运行 fumin demo /no/such"),
    ],
)
def test_a_slip_is_said_in_chinese(
    words: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = _said(words.split(), monkeypatch, capsys)
    assert expected in said
    assert not {"Usage", "Error", "Invalid", "error,"} & set(said.split())


def test_a_busy_port_is_said_before_the_server_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(typer.Exit) as ended:
            serving._check_port("127.0.0.1", port)
    assert ended.value.exit_code == 1
    assert f"端口 {port} 已被其他程序占用" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--help", "admin --help", "admin key --help", "close --help"])
def test_help_is_framed_in_chinese(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fumin", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().out
    assert ended.value.code == 0 and "显示本说明并退出。" in told
    for english in ("Show this", "Options", "Commands", "Arguments", "default:", "required"):
        assert english not in told
