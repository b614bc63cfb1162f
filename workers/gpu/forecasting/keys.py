"""The keys of the payload codec: contracts/config/payload-keys.ts, found as runtime/configuration/secrets.ts finds them."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from forecasting.config import ConfigurationFault, secret

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
    text = secret(environment, _VARIABLE, "payloadKeys")
    if not text:
        return []
    entries = [_FORM.fullmatch(entry.strip()) for entry in text.split(",")]
    keys = [PayloadKey(entry[1], base64.b64decode(entry[2])) for entry in entries if entry is not None]
    if len(keys) < len(entries) or len({key.id for key in keys}) < len(keys):
        raise ConfigurationFault(
            f'{_VARIABLE} must be id:key with commas between several, each id once; "./sapphire codec new-key" makes one.'
        )
    return keys
