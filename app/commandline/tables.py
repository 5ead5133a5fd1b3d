"""Tables on standard output: whatever does not fit is folded, and no figure is ever cut."""

from typing import Final

from rich.console import Console
from rich.table import Table

PLAIN_WIDTH: Final = 160  # of a file or a pipe, where no terminal says how wide it is


def show(table: Table) -> None:
    """Print a table as wide as the terminal is."""
    for column in table.columns:
        column.overflow = "fold"
    console = Console()
    (console if console.is_terminal else Console(width=PLAIN_WIDTH)).print(table)
