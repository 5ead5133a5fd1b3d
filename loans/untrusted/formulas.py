"""Cells that a spreadsheet program would run when it opens a CSV file, disarmed and back.

>>> disarmed("=1+1"), disarmed("-0.01"), rearmed(disarmed("'=1+1"))
("'=1+1", '-0.01', "'=1+1")
"""

import re

# White space and apostrophes in front do not disarm a formula; some programs also run the
# full-width signs.
_LIVE = re.compile(r"['\s]*[=+\-@＝＋－＠\t\r]")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?%?", re.ASCII)


def disarmed(text: str) -> str:
    """The text as it is written to a CSV cell: an apostrophe before a live formula."""
    return "'" + text if _LIVE.match(text) and not _PLAIN_NUMBER.fullmatch(text) else text


def rearmed(text: str) -> str:
    """Inverse of ``disarmed``."""
    return text[1:] if text.startswith("'") and _LIVE.match(text, 1) else text
