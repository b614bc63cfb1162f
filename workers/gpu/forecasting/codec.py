"""Encryption of what Temporal keeps, byte for byte as runtime/payload-codec.ts does it."""

import dataclasses
import os
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    default,
)

from forecasting.keys import PayloadKey

_ENCODING = b"binary/encrypted"
_KEY_ID = "encryption-key-id"
_NONCE_BYTES = 12


def data_converter(keys: Sequence[PayloadKey]) -> DataConverter:
    """Temporal's own without a key. With keys the words of a failure are encrypted, too: they name symbols."""
    if not keys:
        return default()
    return dataclasses.replace(
        default(),
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM over whole payloads: nonce, ciphertext, tag. The first key encrypts, each decrypts what bears its id."""

    def __init__(self, keys: Sequence[PayloadKey]) -> None:
        self._newest = keys[0].id
        self._ciphers = {key.id: AESGCM(key.key) for key in keys}

    async def encode(self, payloads: Iterable[Payload]) -> list[Payload]:
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Iterable[Payload]) -> list[Payload]:
        """What was written before there was a key passes, and so does what there is no key for."""
        return [self._decrypted(payload) or payload for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        return Payload(
            metadata={"encoding": _ENCODING, _KEY_ID: self._newest.encode()},
            data=nonce + self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), None),
        )

    def _decrypted(self, payload: Payload) -> Payload | None:
        if payload.metadata.get("encoding") != _ENCODING:
            return None
        cipher = self._ciphers.get(payload.metadata.get(_KEY_ID, b"").decode(errors="replace"))
        if cipher is None:
            return None
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, None))
        except (InvalidTag, ValueError, DecodeError):
            return None
