"""One forecaster's seat: from a request to its answer."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forecasting.answer import abstention, answer, signal
from forecasting.batching import Batcher
from forecasting.distribution import Distribution
from forecasting.log import log
from forecasting.models import Forecaster
from forecasting.refusal import Refused
from forecasting.request import Market, Request
from forecasting.series import Series, series_of


@dataclass(frozen=True)
class _Task:
    series: Series
    seed: int


class Seat:
    """Answers for one agent. Without a model that may vote it abstains for every symbol, with the reason it was given."""

    def __init__(self, agent_id: str, model: Forecaster | Refused) -> None:
        self._agent_id = agent_id
        self._model = model
        self._batcher: Batcher[_Task, Distribution] = Batcher(self._forecast, lambda task: task.series.shape)

    async def serve(self) -> None:
        """Runs the model's batches until it is cancelled."""
        await self._batcher.serve()

    @property
    def batch_sizes(self) -> list[int]:
        return self._batcher.sizes

    @property
    def busy_seconds(self) -> float:
        """For how long the model has been at its present batch; 0 while it has none."""
        return self._batcher.busy_seconds

    async def answer(self, request: Request, seconds: float) -> dict[str, Any]:
        """
        One opinion for each symbol, within the seconds that the caller waits. It raises nothing but a cancellation: whatever fails is an
        abstention.
        """
        started = time.perf_counter()
        deadline = asyncio.get_running_loop().time() + seconds
        opinions = await asyncio.gather(*(self._opinion(request, market, deadline) for market in request.markets))
        model, version = (
            ("none", "none") if isinstance(self._model, Refused) else (self._model.name, self._model.version)
        )
        return answer(self._agent_id, opinions, model, version, (time.perf_counter() - started) * 1_000)

    async def _opinion(self, request: Request, market: Market, deadline: float) -> dict[str, Any]:
        try:
            return await self._signal(request, market, deadline)
        except Refused as refused:
            return abstention(self._agent_id, market.symbol, refused)
        except Exception as fault:
            log("error", "the forecast failed", cycleId=request.cycle_id, symbol=market.symbol, error=repr(fault))
            return abstention(
                self._agent_id,
                market.symbol,
                Refused("unavailable", f"{self._agent_id} failed; its worker's log has the error."),
            )

    async def _signal(self, request: Request, market: Market, deadline: float) -> dict[str, Any]:
        model = self._model
        if isinstance(model, Refused):
            raise Refused(model.reason, model.detail)
        series = series_of(
            market,
            request.horizon_ms,
            most_steps=model.most_steps,
            least_bars=model.least_bars,
            looks_far=model.looks_far,
        )
        try:
            async with asyncio.timeout_at(deadline):
                forecast = await self._batcher.submit(_Task(series, seed_of(request, market.symbol, model.version)))
        except TimeoutError:
            raise Refused(
                "timeout", f"{self._agent_id} was not done in the time that the cycle gives; it is slow or busy."
            ) from None
        return signal(self._agent_id, request, series, model, forecast)

    def _forecast(self, tasks: Sequence[_Task]) -> list[Distribution]:
        assert not isinstance(self._model, Refused)
        return self._model.forecast([task.series for task in tasks], [task.seed for task in tasks])


def seed_of(request: Request, symbol: str, version: str) -> int:
    """The same market, symbol and weights give the same forecast, in whatever batch and however often it is asked."""
    text = f"{request.snapshot_id}/{symbol}/{request.horizon_ms}/{version}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
