"""The policy book: its form, its citations, its look-ups and its version."""

import json
import shutil
from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.errors import BadFile, PolicyGap
from loans.policy import (
    FundingSplit,
    LprTenor,
    RateBasis,
    benchmark_ppm,
    check,
    load_policy_book,
    lpr_ppm,
    read_policy_book,
    warnings,
)
from loans.policy.files import SHIPPED

BOOK = load_policy_book()
KEYS = BOOK.keys()
DAY = date(2019, 6, 30)

HEAD = """
document = "试行办法"
title = "试行办法"
issued_by = "某市"
effective_from = 2020-01-01
confirmed = true
"""


def _rule(key: str, value: str, *, since: str = "2020-01-01", cites: str = "默认：试") -> str:
    """The TOML of one more rule; ``cites=""`` leaves the citation out."""
    cited = f'cites = ["{cites}"]\n' if cites else ""
    return f"[[{key}.rules]]\nsince = {since}\nvalue = {value}\n{cited}"


def _inline(value: object) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(inner) for inner in value) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped policy files."""
    for file in [*SHIPPED.glob("*.toml"), *SHIPPED.glob("*.txt")]:
        shutil.copy(file, tmp_path / file.name)
    return tmp_path


class TestShippedBook:
    def test_has_no_problem(self) -> None:
        assert check(BOOK) == []

    def test_warns_until_a_city_confirms_its_date(self) -> None:
        assert any("澄政发〔2019〕18号：施行日期 2019-01-01 未经确认" in w for w in warnings(BOOK))

    def test_cites_every_value_from_the_law_or_marks_it_as_a_default(self) -> None:
        compiled = {"默认", "中国人民银行", "全国银行间同业拆借中心"}
        sources = {d.name for d in BOOK.documents} | compiled
        for key in KEYS:
            for rule in BOOK.rules(key):
                assert rule.cites, key
                assert all(cite.startswith(tuple(sources)) for cite in rule.cites), key

    def test_quotes_only_words_of_the_opinion(self) -> None:
        text = next(d for d in BOOK.documents if d.name == "澄政发〔2019〕18号").text
        quoted = [
            cite.partition("：")[2]
            for key in KEYS
            for rule in BOOK.rules(key)
            for cite in rule.cites
            if cite.startswith("澄政发")
        ]
        assert len(quoted) >= 40
        assert [words for words in quoted if words not in text] == []

    def test_shows_every_value_in_words(self) -> None:
        for key in KEYS:
            for rule in BOOK.rules(key):
                assert rule.shown.strip()

    def test_holds_the_split_that_pays_everything(self) -> None:
        split = BOOK.at("funding_split", DAY).value
        assert isinstance(split, FundingSplit)
        assert split.central + split.province + split.city == 100


class TestLookUp:
    def test_begins_on_the_day_the_rule_does(self) -> None:
        assert BOOK.at("individual_cap", date(2019, 1, 1)).number == 300_000_00
        with pytest.raises(PolicyGap) as gap:
            BOOK.at("individual_cap", date(2018, 12, 31))
        assert "2018-12-31" in gap.value.message
        assert gap.value.details["key"] == "individual_cap"

    def test_of_an_unknown_key_is_a_gap(self) -> None:
        with pytest.raises(PolicyGap):
            BOOK.at("no_such_rule", DAY)

    def test_keeps_versions_side_by_side(self) -> None:
        basis = {
            day: BOOK.at("individual_rate_basis", day).value
            for day in (date(2020, 12, 31), date(2021, 1, 1), date(2024, 2, 29), date(2024, 3, 1))
        }
        assert list(basis.values()) == [
            RateBasis.CONTRACT,
            RateBasis.ABOVE_LPR,
            RateBasis.ABOVE_LPR,
            RateBasis.CONTRACT,
        ]

    def test_of_a_family_gives_what_is_in_force(self) -> None:
        codes = [rule.code for rule in BOOK.family("group", DAY)]
        assert codes[0] == "student" and len(codes) == 10
        assert BOOK.family("group", date(2018, 12, 31)) == ()

    @given(key=st.sampled_from(KEYS), on=st.dates(date(2010, 1, 1), date(2030, 1, 1)))
    def test_gives_the_only_rule_that_holds_on_the_day(self, key: str, on: date) -> None:
        holding = [r for r in BOOK.rules(key) if r.since <= on and (not r.until or on < r.until)]
        if holding:
            assert [BOOK.at(key, on)] == holding
        else:
            with pytest.raises(PolicyGap):
                BOOK.at(key, on)

    @pytest.mark.parametrize("key", KEYS)
    def test_rules_meet_without_gap_or_overlap(self, key: str) -> None:
        assert all(earlier.until == later.since for earlier, later in pairwise(BOOK.rules(key)))


class TestRates:
    def test_lpr_holds_from_publication_to_the_next(self) -> None:
        found = [lpr_ppm(BOOK, date(2019, 9, day), LprTenor.ONE_YEAR).number for day in (19, 20)]
        assert found == [42_500, 42_000]

    def test_lpr_is_known_through_2026_01_19(self) -> None:
        assert lpr_ppm(BOOK, date(2026, 1, 19), LprTenor.FIVE_YEARS).number == 35_000
        with pytest.raises(PolicyGap):
            lpr_ppm(BOOK, date(2026, 1, 20), LprTenor.FIVE_YEARS)

    def test_lpr_before_its_reform_is_a_gap(self) -> None:
        with pytest.raises(PolicyGap):
            lpr_ppm(BOOK, date(2019, 8, 19), LprTenor.ONE_YEAR)

    def test_benchmark_before_the_table_is_a_gap(self) -> None:
        with pytest.raises(PolicyGap):
            benchmark_ppm(BOOK, date(2011, 7, 6), date(2012, 7, 6))

    @given(
        start=st.dates(date(2015, 10, 24), date(2025, 1, 1)),
        days=st.tuples(st.integers(1, 4000), st.integers(1, 4000)).map(sorted),
    )
    def test_a_longer_contract_never_has_a_lower_benchmark(
        self, start: date, days: list[int]
    ) -> None:
        shorter, longer = (
            benchmark_ppm(BOOK, start, start + timedelta(days=n)).number for n in days
        )
        assert shorter <= longer


class TestVersion:
    def test_is_the_same_for_the_same_files(self, folder: Path) -> None:
        assert load_policy_book(folder).version == BOOK.version

    def test_is_carried_by_every_rule(self) -> None:
        assert {r.version for key in KEYS for r in BOOK.rules(key)} == {BOOK.version}

    @pytest.mark.parametrize("key", ["individual_cap", "share.half", "funding_split"])
    def test_changes_with_a_value(self, key: str) -> None:
        value = {"funding_split": {"central": 40, "province": 30, "city": 30}}.get(key, 1)
        assert BOOK.replaced(key, value).version != BOOK.version

    def test_comes_back_with_the_value(self) -> None:
        changed = BOOK.replaced("individual_cap", 1)
        assert changed.replaced("individual_cap", 300_000_00).version == BOOK.version

    def test_changes_with_a_confirmation(self, folder: Path) -> None:
        head = folder / "1_opinion.toml"
        head.write_text(head.read_text("utf-8").replace("confirmed = false", "confirmed = true"))
        confirmed = load_policy_book(folder)
        assert confirmed.version != BOOK.version
        assert not any("澄政发" in warning for warning in warnings(confirmed))


class TestFolder:
    def test_a_city_sets_its_day_in_one_place(self, folder: Path) -> None:
        head = folder / "1_opinion.toml"
        head.write_text(
            head.read_text("utf-8").replace(
                "effective_from = 2019-01-01", "effective_from = 2019-04-08"
            )
        )
        book = load_policy_book(folder)
        assert book.at("individual_cap", date(2019, 4, 8)).number == 300_000_00
        assert book.at("day_count", date(2019, 4, 8)).text == "act/360"
        with pytest.raises(PolicyGap):
            book.at("day_count", date(2019, 4, 7))

    def test_a_later_document_adds_a_rule_and_leaves_the_older_file_alone(
        self, folder: Path
    ) -> None:
        (folder / "9_trial.toml").write_text(
            HEAD
            + """
[[individual_cap.rules]]
since = "effective_from"
value = 350_000_00
cites = ["试行办法：最高不超过35万元"]
"""
        )
        book = load_policy_book(folder)
        caps = [book.at("individual_cap", d).number for d in (date(2019, 12, 31), date(2020, 1, 1))]
        assert caps == [300_000_00, 350_000_00]

    def test_a_new_group_is_a_record_and_no_code(self, folder: Path) -> None:
        (folder / "9_trial.toml").write_text(
            HEAD
            + """
[group.disabled]
title = "残疾人"
unit = "group"
[[group.disabled.rules]]
since = "effective_from"
value = { local_hukou = true, evidence = ["残疾人证"] }
cites = ["试行办法：残疾人享受全额贴息"]
"""
        )
        book = load_policy_book(folder)
        assert "disabled" in [rule.code for rule in book.family("group", date(2020, 1, 1))]
        assert "disabled" not in [rule.code for rule in book.family("group", DAY)]

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            (_rule("individual_cap", "1", cites=""), "没有依据"),
            (_rule("individual_cap", "1", cites="无"), "来源：原文"),
            (
                _rule("individual_cap", "1", cites="澄政发〔2019〕18号（九）：最高不超过90万元"),
                "没有“最高不超过90万元”",
            ),
            (_rule("individual_cap", "1.5"), "整数"),
            (_rule("individual_cap", "-1"), "整数"),
            (_rule("individual_cap", "1", since='"soon"'), "起止日期"),
            (_rule("individual_cap", "1", since="2019-01-01"), "重叠"),
            (_rule("individual_cap", "1\nuntil = 2020-01-01"), "没有一天有效"),
            (
                _rule("individual_cap", "1\nuntil = 2021-01-01")
                + _rule("individual_cap", "1", since="2021-01-02"),
                "之间没有规定",
            ),
            (_rule("individual_rate_basis", '"free"'), "之一"),
            (_rule("individual_rate_basis", '"min_ceiling"'), "未设上限"),
            (_rule("stop_event.misuse", "false"), "不得关闭"),
            (_rule("funding_split", "{ central = 1, province = 0, city = 100 }"), "之和应为100"),
            (_rule("honour.contest_winner", '{ min_level = "moon", evidence = ["证书"] }'), "moon"),
            (_rule("benchmark_bands", '[{ rate = "benchmark.none" }]'), "没有利率 benchmark.none"),
            (_rule("benchmark_bands", '[{ months = 6, rate = "benchmark.le_6m" }]'), "由短到长"),
            ('[x]\ntitle = "某"\nunit = "apples"\nrules = []', "单位"),
            ('[individual_cap]\ntitle = "再"\nunit = "fen"\nrules = []', "在别处已有"),
            ('[x]\ntitle = "某"\nunit = []\nrules = []', "单位"),
            ('[x]\ntitle = "某"\nunit = "fen"\nrules = 3', "应为表的列表"),
            ('[x]\ntitle = "某"\nunit = "fen"\nrules = []', "x：没有规则读取此项"),
            ('[group.new]\ntitle = "某"\nunit = "fen"\nrules = []', "单位应为 group"),
            ("colour = 3", "不认识的条目 colour"),
            ("[broken", "不是可读的 TOML"),
        ],
    )
    def test_a_faulty_file_is_refused_and_told_why(
        self, folder: Path, body: str, complaint: str
    ) -> None:
        (folder / "9_trial.toml").write_text(f"{HEAD}\n{body}\n")
        with pytest.raises(BadFile) as refused:
            load_policy_book(folder)
        assert complaint in refused.value.message

    @pytest.mark.parametrize("missing", ["document", "issued_by", "effective_from", "confirmed"])
    def test_a_file_without_a_whole_head_is_refused(self, folder: Path, missing: str) -> None:
        lines = [line for line in HEAD.splitlines() if not line.startswith(missing)]
        (folder / "9_trial.toml").write_text("\n".join(lines))
        with pytest.raises(BadFile):
            read_policy_book(folder)

    def test_a_folder_that_lacks_a_value_is_refused(self, folder: Path) -> None:
        (folder / "6_lpr.toml").unlink()
        with pytest.raises(BadFile) as refused:
            load_policy_book(folder)
        assert "lpr.1y：缺少此项" in refused.value.message

    def test_a_value_of_another_unit_is_refused(self, folder: Path) -> None:
        head = folder / "1_opinion.toml"
        head.write_text(head.read_text("utf-8").replace('unit = "pct"', 'unit = "fen"', 1), "utf-8")
        with pytest.raises(BadFile) as refused:
            load_policy_book(folder)
        assert "share.full：单位应为 pct，实为 fen" in refused.value.message

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadFile):
            load_policy_book(tmp_path)

    @given(
        table=st.recursive(
            st.integers() | st.text(max_size=3) | st.booleans() | st.dates(),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(("rules", "unit", "title", "since", "value", "cites", "until")),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ),
        key=st.sampled_from(("x", "individual_cap", "group", "stop_event", "document", "text")),
    )
    def test_anything_else_in_a_file_is_refused_and_never_a_crash(
        self, table: object, key: str, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        folder = tmp_path_factory.mktemp("policy")
        head = "" if key == "document" else HEAD
        (folder / "9_trial.toml").write_text(f"{head}\n{key} = {_inline(table)}\n")
        with suppress(BadFile):
            load_policy_book(folder)
