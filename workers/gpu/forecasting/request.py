"""The question of a cycle as it arrives: contracts/signals.ts, AgentRequest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_SYMBOLS = 100
"""contracts/snapshot.ts."""
TIMEFRAMES = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1_440}
"""Their minutes, the shortest first: domain/market/timeframes.ts."""
MINUTE_MS = 60_000
_WEEK_MS = 7 * 86_400_000
_HASH = re.compile("[0-9a-f]{64}")


class InvalidInput(Exception):
    """The request itself is at fault; asking again changes nothing."""


@dataclass(frozen=True)
class Frame:
    """Closes of one length, oldest first."""

    minutes: int
    opened_at: Sequence[int]
    """Epoch milliseconds."""
    closes: Sequence[str]
    """As decimal text."""


@dataclass(frozen=True)
class Market:
    symbol: str
    frames: tuple[Frame, ...]
    """Those on which it is decided first."""
    past: Frame | None = None
    """Further back than any of them."""


@dataclass(frozen=True)
class Weights:
    """By name alone, in the models folder: contracts/models.ts."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Request:
    cycle_id: str
    correlation_id: str
    snapshot_id: str
    taken_at: int
    horizon_ms: int
    markets: tuple[Market, ...]
    weights: "Weights | None" = None
    """Of a version that was trained here; None asks the one in use."""


def read_request(value: Any) -> Request:
    """
    The parts that a forecaster looks at, checked.

    :raises InvalidInput: which names the first fault
    """
    try:
        snapshot = value["snapshot"]
        request = Request(
            cycle_id=_text(value["cycleId"], "cycleId"),
            correlation_id=_text(value["correlationId"], "correlationId"),
            snapshot_id=_text(snapshot["snapshotId"], "snapshot.snapshotId"),
            taken_at=_whole(snapshot["takenAt"], "snapshot.takenAt", 1, 2**53),
            horizon_ms=_whole(value["horizonMs"], "horizonMs", 1_000, _WEEK_MS),
            markets=tuple(_market(market) for market in snapshot["symbols"]),
            weights=_weights(value.get("weights")),
        )
    except (KeyError, TypeError, IndexError) as fault:
        raise InvalidInput(f"The request lacks something that every request has: {fault}.") from fault
    symbols = {market.symbol for market in request.markets}
    if not 1 <= len(symbols) == len(request.markets) <= MOST_SYMBOLS:
        raise InvalidInput(f"snapshot.symbols must name 1 to {MOST_SYMBOLS} symbols, each once.")
    return request


def _weights(value: Any) -> Weights | None:
    if value is None:
        return None
    weights = Weights(_text(value["file"], "weights.file"), _text(value["sha256"], "weights.sha256"))
    if not _HASH.fullmatch(weights.sha256) or weights.file != f"{weights.sha256}.safetensors":
        raise InvalidInput("weights must be named by their SHA-256: {sha256}.safetensors.")
    return weights


def _market(value: Any) -> Market:
    symbol = _text(value["instrument"]["symbol"], "symbol")
    candles = [(candle["openAt"], candle["close"]) for candle in _list(value["candles"], symbol)]
    frames = [
        _frame(symbol, frame["timeframe"], [(row[0], row[4]) for row in _list(frame["candles"], symbol)])
        for frame in _list(value.get("frames", []), symbol)
    ]
    # Snapshots of earlier releases have minutes.
    return Market(symbol, (_frame(symbol, value.get("timeframe", "1m"), candles), *frames), _past(symbol, value.get("past")))


def _frame(symbol: str, timeframe: Any, rows: Sequence[tuple[Any, Any]]) -> Frame:
    return Frame(
        _minutes(symbol, timeframe),
        [_whole(opened_at, f"an openAt of {symbol}", 0, 2**53) for opened_at, _ in rows],
        [_text(close, f"a close of {symbol}") for _, close in rows],
    )


def _past(symbol: str, value: Any) -> Frame | None:
    if value is None:
        return None
    first = _whole(value["openAt"], f"the openAt of the past of {symbol}", 0, 2**53)
    length_ms = _minutes(symbol, value["timeframe"]) * MINUTE_MS
    closes = _list(value["closes"], symbol)
    rows = [(first + index * length_ms, close) for index, close in enumerate(closes)]
    return _frame(symbol, value["timeframe"], rows)


def _minutes(symbol: str, timeframe: Any) -> int:
    if timeframe not in TIMEFRAMES:
        raise InvalidInput(f"The candles of {symbol} must be of {', '.join(TIMEFRAMES)}, and are of {timeframe!r:.40}.")
    return TIMEFRAMES[timeframe]


def _list(value: Any, symbol: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInput(f"The candles of {symbol} must be a list.")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be text, and is {value!r:.60}.")
    return value


def _whole(value: Any, name: str, least: int, most: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput(f"{name} must be a whole number from {least} to {most}, and is {value!r:.60}.")
    return value
