"""The name of a file that came with a request: what is shown and stored of it."""

from starlette.datastructures import UploadFile

LONGEST = 200


def name_of(file: UploadFile, instead: str) -> str:
    """Its last part in printable characters, for a sender may write there whatever he likes."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in name if c.isprintable())[-LONGEST:].strip() or instead
