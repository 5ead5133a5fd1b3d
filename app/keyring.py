"""The key ring file: versions of the field key and the index key, as hex in JSON, mode 0600."""

import json
import os
import secrets
from pathlib import Path

from loans.vault import KEY_BYTES, Vault


def read_keyring(path: Path) -> Vault:
    """The vault of a key ring file; raises ``ValueError`` if it is not one."""
    try:
        content = json.loads(path.read_text())
        keys = {int(version): bytes.fromhex(key) for version, key in content["keys"].items()}
        index_key = bytes.fromhex(content["index_key"])
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a key ring file") from error
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()) or len(index_key) < 32:
        raise ValueError(f"{path} holds keys of the wrong length")
    return Vault(keys, index_key)


def new_keyring(path: Path) -> Vault:
    """Create a key ring with fresh keys; it must not exist yet."""
    content = {
        "keys": {"1": secrets.token_hex(KEY_BYTES)},
        "index_key": secrets.token_hex(32),
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
    return read_keyring(path)
