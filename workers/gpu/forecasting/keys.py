"""The keys of the payload codec: contracts/config/payload-keys.ts, found as contracts/config/secrets.ts finds them."""

import base64
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecasting.config import ConfigurationFault, data_folder, setting

_VARIABLE = "SAPPHIRE_PAYLOAD_KEYS"
_FORM = re.compile(r"([\w.-]{1,40}):([A-Za-z0-9+/]{43}=)", re.ASCII)


@dataclass(frozen=True)
class PayloadKey:
    id: str
    """Stands in the clear beside what it encrypts."""
    key: bytes = field(repr=False)
    """32 bytes."""


def payload_keys(environment: Mapping[str, str] = os.environ) -> list[PayloadKey]:
    """
    The first one encrypts, all of them decrypt; none where nothing is encrypted.

    :raises ConfigurationFault: without a word of the keys
    """
    text = _named(environment) or _kept(environment)
    if not text:
        return []
    entries = [_FORM.fullmatch(entry.strip()) for entry in text.split(",")]
    keys = [PayloadKey(entry[1], base64.b64decode(entry[2])) for entry in entries if entry is not None]
    if len(keys) < len(entries) or len({key.id for key in keys}) < len(keys):
        raise ConfigurationFault(
            f'{_VARIABLE} must be id:key with commas between several, each id once; "sapphire codec new-key" makes one.'
        )
    return keys


def _named(environment: Mapping[str, str]) -> str | None:
    file = setting(environment, f"{_VARIABLE}_FILE")
    if file is None:
        return environment.get(_VARIABLE)
    try:
        return Path(file).read_text("utf-8").strip()
    except OSError as fault:
        raise ConfigurationFault(f"{_VARIABLE}_FILE names {file}, which cannot be read: {fault.strerror}.") from fault


def _kept(environment: Mapping[str, str]) -> str | None:
    """By `sapphire codec new-key --keep`, where this process runs beside the stack."""
    file = data_folder(environment) / "secrets.json"
    try:
        content: Any = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as fault:
        raise ConfigurationFault(f"{file} cannot be read: restore it, or set {_VARIABLE}.") from fault
    keys = content.get("payloadKeys") if isinstance(content, dict) else None
    return keys if isinstance(keys, str) else None
