"""The joint meeting's figures (9.13) as tables of text: for a workbook, a CSV, a printed form.

One content for the terminal, the page and the paper.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from loans.money import fen_to_yuan
from loans.policy import PolicyBook
from loans.sheets import write_csv, write_workbook
from subsidy.detail_sheet import CLASS_TITLES
from subsidy.printing import statistics_form
from subsidy.statistics import Dimension, Figures, NoteFacts, figures

Rows = list[list[str]]
Titles = Mapping[str, str]

SEX: Final = {"M": "男", "F": "女"}
BY: Final = {
    Dimension.ALL: "不分组",
    Dimension.BANK: "经办银行",
    Dimension.CATEGORY: "人群类别",
    Dimension.GENDER: "性别",
    Dimension.SUBSIDY_CLASS: "贴息类别",
}
# What a group is called whose notes say nothing of what is grouped by.
UNNAMED: Final = {
    Dimension.ALL: "合计",
    Dimension.BANK: "未注明",
    Dimension.CATEGORY: "不属于任何重点群体",  # firms are among them
    Dimension.GENDER: "企业",
    Dimension.SUBSIDY_CLASS: "未注明",
}

HEADERS: Final = (
    "分组", "笔数", "存续", "逾期笔数", "发放额", "余额", "逾期余额", "应付贴息", "已付贴息",
    "代偿", "追偿",
)  # fmt: skip
NOTE_HEADERS: Final = (
    "借据号", "经办银行", "人群类别", "性别", "贴息类别", "发放额", "余额", "逾期余额", "应付贴息",
    "已付贴息", "代偿", "追偿",
)  # fmt: skip


def titles_on(book: PolicyBook, on: date) -> Titles:
    """What codes of groups, sexes and classes are called in the law of a day."""
    groups = {rule.code: rule.title for rule in book.family("group", on)}
    classes = {code.lower(): title for code, title in CLASS_TITLES.items()} | {"none": "不贴息"}
    return groups | SEX | classes


def label(by: Dimension, key: str, titles: Titles) -> str:
    """What a group is called."""
    return titles.get(key, key) or UNNAMED[by]


def grouped(notes: Sequence[NoteFacts], by: Dimension) -> list[Figures]:
    """The groups, then all of them together; only the latter where nothing is grouped."""
    whole = figures(notes, Dimension.ALL)
    return whole if by is Dimension.ALL else [*figures(notes, by), *whole]


def figure_rows(notes: Sequence[NoteFacts], by: Dimension, titles: Titles) -> Rows:
    """The figures with their header; the last row is the whole."""
    groups = grouped(notes, by)
    named = [_figures(label(by, each.key, titles), each) for each in groups[:-1]]
    whole = [_figures(UNNAMED[Dimension.ALL], each) for each in groups[-1:]]
    return [list(HEADERS), *named, *whole]


def note_rows(notes: Sequence[NoteFacts], titles: Titles) -> Rows:
    """The notes behind the figures, with their header."""
    rows = [list(NOTE_HEADERS)]
    for note in notes:
        kinds = (
            label(Dimension.CATEGORY, note.category, titles),
            label(Dimension.GENDER, note.gender, titles),
            label(Dimension.SUBSIDY_CLASS, note.subsidy_class, titles),
        )
        rows.append([note.note_no, note.bank, *kinds, *_amounts(note)])
    return rows


def workbook(notes: Sequence[NoteFacts], by: Dimension, titles: Titles) -> bytes:
    """统计 with the notes behind it."""
    sheets = {"统计": figure_rows(notes, by, titles), "借据": note_rows(notes, titles)}
    return write_workbook(sheets)


def csv(notes: Sequence[NoteFacts], by: Dimension, titles: Titles) -> bytes:
    """统计 alone, as the canonical CSV."""
    return write_csv(figure_rows(notes, by, titles))


def form(notes: Sequence[NoteFacts], by: Dimension, titles: Titles, on: date) -> bytes:
    """统计 as a PDF."""
    return statistics_form(on, BY[by], figure_rows(notes, by, titles))


def _figures(name: str, each: Figures) -> list[str]:
    return [name, *map(str, (each.notes, each.live, each.overdue)), *_amounts(each)]


def _amounts(each: Figures | NoteFacts) -> list[str]:
    return [
        fen_to_yuan(fen)
        for fen in (
            each.disbursed_fen, each.balance_fen, each.overdue_fen, each.payable_fen,
            each.paid_fen, each.compensated_fen, each.recovered_fen,
        )
    ]  # fmt: skip
