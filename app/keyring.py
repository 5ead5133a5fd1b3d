"""The key ring file: versions of the field key and the index key, as hex in JSON, mode 0600."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loans.vault import KEY_BYTES, Vault


class FieldKeys(Mapping[int, bytes]):
    """The field keys of a file by version. One added by another process is read when first met."""

    def __init__(self, path: Path) -> None:
        self._path, self._keys = path, _field_keys(path, _content(path))

    def __getitem__(self, version: int) -> bytes:
        if version not in self._keys:
            self._keys = _field_keys(self._path, _content(self._path))
        return self._keys[version]

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def read_keyring(path: Path) -> Vault:
    """The vault of a key ring file; raises ``ValueError`` if it is not one."""
    try:
        index_key = bytes.fromhex(_content(path)["index_key"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a key ring file") from error
    if len(index_key) < 32:
        raise ValueError(f"{path} holds keys of the wrong length")
    return Vault(FieldKeys(path), index_key)


def new_keyring(path: Path) -> Vault:
    """Create a key ring with fresh keys; it must not exist yet."""
    content = {
        "keys": {"1": secrets.token_hex(KEY_BYTES)},
        "index_key": secrets.token_hex(32),
    }
    _write(path, content)
    return read_keyring(path)


def add_key(path: Path) -> int:
    """Add a fresh field key, which seals from now on; the older ones stay for what they sealed."""
    content = _content(path)
    version = max(_field_keys(path, content)) + 1
    if version > 255:
        raise ValueError(f"{path} is full: a sealed field names its key in one byte")
    content["keys"][str(version)] = secrets.token_hex(KEY_BYTES)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    _write(beside, content)
    os.replace(beside, path)  # a reader sees the old ring or the new one
    return version


def _content(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text())
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a key ring file")
    return content


def _field_keys(path: Path, content: dict[str, Any]) -> dict[int, bytes]:
    try:
        keys = {int(version): bytes.fromhex(key) for version, key in content["keys"].items()}
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a key ring file") from error
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise ValueError(f"{path} holds keys of the wrong length")
    return keys


def _write(path: Path, content: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
