"""How large an uploaded table may be, and how long it may take to read. One place."""

from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Caps of one upload; a file beyond one of them is refused, never cut short."""

    file_bytes: int = 32 * MEGABYTE
    entries: int = 500  # parts inside a workbook
    unpacked_bytes: int = 256 * MEGABYTE
    about_bytes: int = 4 * MEGABYTE  # of a part that says how the sheets are to be read
    ratio: int = 100  # unpacked : packed, for parts above one megabyte
    sheets: int = 20
    rows: int = 200_000
    columns: int = 100
    cell_chars: int = 32_767  # Excel's own limit
    text_chars: int = 64_000_000  # all cells together: a shared string may repeat endlessly
    memory_bytes: int = 640 * MEGABYTE  # address space of the child

    def cpu_seconds(self, packed_bytes: int) -> int:
        """CPU time for a file of this size: a small file must not cost more than 5 s."""
        return 5 + 2 * (packed_bytes // MEGABYTE)

    def wall_seconds(self, packed_bytes: int) -> int:
        """Elapsed time. The child can only compute, so CPU time is what stops a hostile file;
        this is for a machine that is busy with other work: a slow answer is no refusal."""
        return 12 * self.cpu_seconds(packed_bytes)


LIMITS = Limits()


class Refused(Exception):
    """Raised inside the child process: the file is refused, with a code and a Chinese message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def too_many_rows(limits: Limits) -> Refused:
    """What to say of a table that is longer than any claim."""
    return Refused("too-many-rows", f"表格超过 {limits.rows} 行（空行也计），请删去空行或分批上传")
