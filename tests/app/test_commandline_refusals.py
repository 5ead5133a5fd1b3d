"""What a newcomer's slips get on a terminal: a Chinese sentence, never a trace."""

import sys
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from app.cli import main
from app.problems import words
from app.settings import read_settings


def _said(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str]:
    monkeypatch.setattr(sys, "argv", ["fumin", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("name", ["absent.json", "absent.csv", "absent.xlsx", "."])
def test_a_file_that_cannot_be_read_is_named(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = _said(["assess", str(tmp_path / name)], monkeypatch, capsys)
    assert code == 2 and str(tmp_path) in said and "请核对路径" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "申请：须为 JSON 对象"),
        (
            '{"kind": "individual", "amount": 1, "term_months": 0, "rate": "4.35"}',
            "term_months：不能小于 1",
        ),
        (
            '{"kind": "individual", "amount": "1.00", "term_months": 1.5, "rate": "4.35"}',
            "facts：缺少此项",
        ),
        ('{"kind": "person", "amount": "1.00"}', "须为以下之一："),
    ],
)
def test_an_application_of_the_wrong_shape_is_refused_in_chinese(
    text: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "application.json"
    file.write_text(text)
    code, said = _said(["assess", str(file)], monkeypatch, capsys)
    assert code == 2 and expected in said
    assert "Input" not in said and "Value error" not in said and "required" not in said


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("FUMIN_ENV", "prod", "FUMIN_ENV：须为以下之一：'demo'、'development'、'production'"),
        ("FUMIN_POOL_SIZE", "many", "FUMIN_POOL_SIZE：须为整数"),
        ("FUMIN_DATABASE_URL", "postgresql+psycopg://a:sesame@/b?host=/nowhere", "是否在运行"),
        ("FUMIN_DATABASE_URL", "sqlite:////nowhere/fumin.db", "“/nowhere/fumin.db”无法读写"),
    ],
)
def test_a_setting_that_cannot_be_or_a_database_that_is_away_is_named(
    setting: str,
    value: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(setting, value)
    read_settings.cache_clear()
    code, said = _said(["migrate"], monkeypatch, capsys)
    read_settings.cache_clear()
    assert code in (1, 2) and expected in said, said
    assert "sesame" not in said and "Traceback" not in said


def test_every_kind_of_limit_is_said_in_chinese() -> None:
    class Asked(BaseModel):
        state: Literal["a", "b"]
        limit: int = Field(ge=1, le=200)
        dry_run: bool
        items: list[int] = Field(max_length=1)

    def said(**values: object) -> list[str]:
        with pytest.raises(ValidationError) as wrong:
            Asked.model_validate({"state": "a", "limit": 1, "dry_run": True, "items": []} | values)
        return [words(fault) for fault in wrong.value.errors()]

    assert said(state="c") == ["须为以下之一：'a'、'b'"]
    assert said(limit=0) == ["不能小于 1"] and said(limit=201) == ["不能大于 200"]
    assert said(limit="x") == ["须为整数"] == said(limit=1.5)
    assert said(dry_run="maybe") == ["须为 true 或 false"]
    assert said(items={}) == ["须为列表"] and said(items=[1, 2]) == ["最多 1 项"]
    assert said(limit=[1]) == ["须为整数"]
