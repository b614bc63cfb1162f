"""Answers as contracts/signals.ts has them: one opinion for each symbol, a signal or an abstention with its reason."""

from collections.abc import Sequence
from typing import Any

from forecasting.distribution import Distribution
from forecasting.models import Forecaster
from forecasting.refusal import Refused
from forecasting.request import Request
from forecasting.series import Series

_MOST_RETURN = 0.03
"""The other agents' bound as well: no forecast of a liquid market over a horizon of hours is worth more trust."""
_MOST_DETAIL = 400


def signal(
    agent_id: str, request: Request, series: Series, forecaster: Forecaster, forecast: Distribution
) -> dict[str, Any]:
    """
    A forecast as a signal.

    Conviction is the model's ceiling times |P(up) - P(down)| times the share of its inputs that the snapshot gave: a model that sees no
    direction, or whose past is mostly padding, says little. No ceiling is above one half, since neither model was measured on this market.

    :raises Refused: `invalid_answer` for a forecast that no market can have
    """
    if not forecast.is_usable():
        raise Refused("invalid_answer", f"{forecaster.name} forecast {series.symbol} to somewhere that no market goes.")
    outcomes = forecast.outcomes()
    conviction = forecaster.most_conviction * abs(outcomes["up"] - outcomes["down"]) * forecaster.seen(series)
    return {
        "kind": "signal",
        "agentId": agent_id,
        "symbol": series.symbol,
        "probabilities": outcomes,
        "expectedReturn": min(_MOST_RETURN, max(-_MOST_RETURN, forecast.mean())),
        "uncertainty": min(1.0, forecast.deviation()),
        "conviction": conviction,
        "horizonMs": request.horizon_ms,
        "validUntilAt": request.taken_at + request.horizon_ms,
        "rationale": f"{forecaster.name} over {series.steps} steps of {series.bar_minutes} minutes, from {len(series.closes)} bars.",
        "evidence": [*_quantiles(forecast), *forecaster.notes(series)],
    }


def _quantiles(forecast: Distribution) -> list[str]:
    levels = (10, 50, 90)
    return [f"q{level} {forecast.quantile(level / 100) * 10_000:+.1f} bps" for level in levels]


def abstention(agent_id: str, symbol: str, refused: Refused) -> dict[str, Any]:
    return {
        "kind": "abstention",
        "agentId": agent_id,
        "symbol": symbol,
        "reason": refused.reason,
        "detail": refused.detail[:_MOST_DETAIL],
    }


def answer(
    agent_id: str, opinions: Sequence[dict[str, Any]], model: str, version: str, latency_ms: float
) -> dict[str, Any]:
    """It cost neither tokens nor money."""
    return {
        "agentId": agent_id,
        "opinions": list(opinions),
        "model": model,
        "version": version,
        "latencyMs": round(latency_ms),
        "tokens": 0,
        "costUsd": "0",
    }
