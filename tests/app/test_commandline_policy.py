"""``fumin policy check`` and ``fumin policy show`` on the shipped files and on a broken folder."""

from pathlib import Path

from typer.testing import CliRunner

from app.commandline.policy import policy
from loans.errors import BadFile

RUNNER = CliRunner()


class TestCheck:
    def test_of_the_shipped_files_finds_nothing_but_warns_of_the_date(self) -> None:
        result = RUNNER.invoke(policy, ["check"])
        assert result.exit_code == 0
        assert "没有问题。" in result.output
        assert "提示：澄政发〔2019〕18号：施行日期 2019-01-01 未经确认" in result.output

    def test_of_a_contradiction_says_so_and_fails(self, tmp_path: Path) -> None:
        (tmp_path / "trial.toml").write_text(
            """
document = "试行办法"
title = "试行办法"
issued_by = "某市"
effective_from = 2020-01-01
confirmed = true

[cap]
title = "额度"
unit = "fen"
[[cap.rules]]
since = "effective_from"
value = 1
""",
            encoding="utf-8",
        )
        result = RUNNER.invoke(policy, ["check", "--dir", str(tmp_path)])
        assert result.exit_code == 1
        assert "问题：cap：没有规则读取此项" in result.output
        assert "问题：individual_cap：缺少此项（单位 fen）" in result.output

    def test_of_a_folder_without_files_is_refused(self, tmp_path: Path) -> None:
        result = RUNNER.invoke(policy, ["check"], env={"FUMIN_POLICY_DIR": str(tmp_path)})
        assert isinstance(result.exception, BadFile)


class TestShow:
    def test_prints_each_value_under_its_sentence(self) -> None:
        lines = RUNNER.invoke(policy, ["show", "--on", "2019-06-30"]).output.splitlines()
        sentence = lines.index("“澄政发〔2019〕18号（九）：期限最长不超过3年”")
        assert (
            "个人贷款最长期限：3年（individual_term_years，自 2019-01-01 起）"
            in lines[sentence + 1]
        )

    def test_prints_only_what_is_in_force(self) -> None:
        before = RUNNER.invoke(policy, ["show", "--on", "2020-12-31"]).output
        after = RUNNER.invoke(policy, ["show", "--on", "2021-01-01"]).output
        assert "个人贴息利率基础：合同利率" in before
        assert "个人贴息利率基础：LPR减点以上部分" in after
        assert "级别不低于市级（江阴市），凭创业之星证书" in before
        assert "borrower_floor_discount" not in before

    def test_says_so_where_nothing_is_in_force_yet(self) -> None:
        result = RUNNER.invoke(policy, ["show", "--on", "1990-01-01"])
        assert result.exit_code == 1
        assert "1990-01-01 没有任何有效的规定：最早的一条自" in result.output

    def test_defaults_to_today(self) -> None:
        assert "有效的规定" in RUNNER.invoke(policy, ["show"]).output
