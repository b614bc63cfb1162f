"""Markets that are the same in every run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forecasting.distribution import Floats
from forecasting.request import MINUTE_MS, Market, Request, read_request
from forecasting.series import Series, series_of

TAKEN_AT = 1_790_000_040_000
HOUR_MS = 3_600_000


def walk(count: int, seed: int, *, drift: float = 0.0, deviation: float = 0.0005, start: float = 60_000.0) -> Floats:
    """Closes of a geometric random walk; drift and deviation of one minute's log return."""
    steps = np.random.default_rng(seed).normal(drift, deviation, count)
    return start * np.exp(np.cumsum(steps))


def candles_of(closes: Sequence[float] | Floats) -> list[dict[str, Any]]:
    first = TAKEN_AT - TAKEN_AT % MINUTE_MS - len(closes) * MINUTE_MS
    return [{"openAt": first + index * MINUTE_MS, "close": f"{close:.8f}"} for index, close in enumerate(closes)]


def question(markets: dict[str, list[dict[str, Any]]], horizon_ms: int = HOUR_MS) -> dict[str, Any]:
    """A request as it arrives: contracts/signals.ts."""
    symbols = [{"instrument": {"symbol": symbol}, "candles": candles} for symbol, candles in markets.items()]
    snapshot = {"snapshotId": "snapshot-1", "takenAt": TAKEN_AT, "symbols": symbols}
    return {"cycleId": "cycle-1", "correlationId": "correlation-1", "snapshot": snapshot, "horizonMs": horizon_ms}


def request_of(markets: dict[str, list[dict[str, Any]]], horizon_ms: int = HOUR_MS) -> Request:
    return read_request(question(markets, horizon_ms))


def market_of(candles: list[dict[str, Any]], **beside: Any) -> Market:
    """As it is read from a request."""
    value = question({"BTC/USDT": candles})
    value["snapshot"]["symbols"][0].update(beside)
    return read_request(value).markets[0]


def series_from(closes: Floats, *, most_steps: int = 24) -> Series:
    return series_of(market_of(candles_of(closes)), HOUR_MS, most_steps=most_steps, least_bars=32)


def shorter(series: Series, steps: int) -> Series:
    """The same bars with fewer of them to forecast."""
    return replace(series, steps=steps)
