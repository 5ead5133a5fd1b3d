"""Safe tables in and out: workbooks and CSV files of any header set.

    data: bytes ── child process (guard, caps, time and memory limits) ──> columns of cells
    columns ── header row found by its names ──> Table of typed columns + row findings
    values ── write_workbook / write_csv ──> bytes without a live formula

A hostile or broken file is a ``BadFile`` with a Chinese message; a bad row is a finding, and all
of them are reported.
"""

from loans.sheets.columns import Column, Kind, TableColumns, load_columns
from loans.sheets.reading import read_grid
from loans.sheets.table import Row, RowFinding, Table, TotalRow, read_table
from loans.sheets.writing import digest, write_csv, write_workbook

__all__ = [
    "Column",
    "Kind",
    "Row",
    "RowFinding",
    "Table",
    "TableColumns",
    "TotalRow",
    "digest",
    "load_columns",
    "read_grid",
    "read_table",
    "write_csv",
    "write_workbook",
]
