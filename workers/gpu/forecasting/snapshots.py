"""A snapshot that is too large to go along, fetched from the coordinator by its hash: domain/market/snapshot.ts, docs/trading-cycle.md."""

import asyncio
import hashlib
import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecasting.config import CoordinatorAccess
from forecasting.refusal import Refused
from forecasting.request import MOST_SYMBOLS, InvalidInput

_MOST_BYTES = 12_000_000
"""contracts/snapshot.ts."""
_HASH = re.compile("[0-9a-f]{64}")
_LONGEST_SECONDS = 8.0
"""Of the time that the answer has: what takes longer leaves no model its own."""
_TRIES = 2
_PAUSE_SECONDS = 0.3


@dataclass(frozen=True)
class Reference:
    sha256: str
    bytes: int
    symbols: tuple[str, ...]


def reference_in(question: Any) -> Reference | None:
    """
    What a question refers to; None where it brings its snapshot along.

    :raises InvalidInput: which names the first fault
    """
    snapshot = question.get("snapshot") if isinstance(question, Mapping) else None
    if not isinstance(snapshot, Mapping) or "sha256" not in snapshot:
        return None
    sha256, size, tops = snapshot["sha256"], snapshot.get("bytes"), snapshot.get("tops")
    if not isinstance(sha256, str) or not _HASH.fullmatch(sha256):
        raise InvalidInput("snapshot.sha256 must be 64 hexadecimal digits.")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= _MOST_BYTES:
        raise InvalidInput(f"snapshot.bytes must be a whole number from 1 to {_MOST_BYTES}.")
    symbols = [top.get("symbol") if isinstance(top, Mapping) else None for top in tops] if isinstance(tops, list) else []
    named = tuple(symbol for symbol in symbols if isinstance(symbol, str))
    if not 1 <= len(set(named)) == len(symbols) <= MOST_SYMBOLS:
        raise InvalidInput(f"snapshot.tops must name 1 to {MOST_SYMBOLS} symbols, each once.")
    return Reference(sha256, size, named)


class Snapshots:
    """Versions of a model are asked about the same snapshot: the last one is kept."""

    def __init__(self, access: CoordinatorAccess) -> None:
        self._access = access
        # Neither a proxy of the surroundings nor another address gets the token.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        self._last: tuple[str, dict[str, Any]] | None = None

    async def fetch(self, reference: Reference, seconds: float) -> dict[str, Any]:
        """
        The snapshot as it would have come along.

        :raises Refused: `not_configured` without a token that the coordinator takes, else `no_snapshot`; nothing is guessed
        """
        if self._last is not None and self._last[0] == reference.sha256:
            return self._last[1]
        limit = min(seconds / 2, _LONGEST_SECONDS)
        try:
            async with asyncio.timeout(limit):
                content = await self._tried(reference, limit)
        except TimeoutError:
            raise Refused("no_snapshot", f"The snapshot did not come from the coordinator within {limit:.1f} s.") from None
        snapshot = {"snapshotId": reference.sha256[:16], **_checked(content, reference)}
        self._last = (reference.sha256, snapshot)
        return snapshot

    async def _tried(self, reference: Reference, seconds: float) -> bytes:
        for tried in range(1, _TRIES + 1):
            try:
                return await asyncio.to_thread(self._get, reference, seconds)
            except (OSError, http.client.HTTPException) as fault:
                if tried == _TRIES:
                    raise Refused(
                        "no_snapshot", f"The snapshot could not be fetched from {self._access.url}: {str(fault)[:160]}."
                    ) from fault
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")

    def _get(self, reference: Reference, seconds: float) -> bytes:
        url, token = self._access.url, self._access.token
        if token is None:
            raise Refused(
                "not_configured",
                "The snapshot of a cycle is fetched from the coordinator: set SAPPHIRE_COORDINATOR_URL and SAPPHIRE_COORDINATOR_TOKEN.",
            )
        request = urllib.request.Request(
            f"{url}/snapshots/{reference.sha256}", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with self._opener.open(request, timeout=seconds) as response:
                return response.read(reference.bytes + 1)
        except urllib.error.HTTPError as fault:
            fault.close()
            if fault.code in (401, 403):
                raise Refused(
                    "not_configured", f"The coordinator at {url} refuses SAPPHIRE_COORDINATOR_TOKEN ({fault.code})."
                ) from fault
            if fault.code < 500:
                raise Refused(
                    "no_snapshot", f"The coordinator at {url} has no such snapshot (any more) ({fault.code})."
                ) from fault
            raise


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _checked(content: bytes, reference: Reference) -> dict[str, Any]:
    """:raises Refused: for anything else than what was meant"""
    if len(content) != reference.bytes or hashlib.sha256(content).hexdigest() != reference.sha256:
        raise Refused("no_snapshot", "What came from the coordinator is not the snapshot of this cycle: its hash is another.")
    snapshot = json.loads(content)
    if not isinstance(snapshot, dict):
        raise Refused("no_snapshot", "What the coordinator keeps under the hash of this snapshot is no snapshot.")
    return snapshot
