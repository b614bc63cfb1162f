"""Versions of a model that were trained here, each loaded when it is first asked for."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from forecasting.log import log
from forecasting.models import Forecaster
from forecasting.refusal import Refused
from forecasting.request import InvalidInput, Weights
from forecasting.seat import Seat

_MOST = 3
"""In memory at once; the one that was not asked for the longest makes room."""

Load = Callable[[Path, str], Forecaster | Refused]


class Versions:
    """Seats by their weights. Only a file of the models folder, named by its own hash, is ever opened."""

    def __init__(self, agent_id: str, folder: Path, load: Load) -> None:
        self._agent_id = agent_id
        self._folder = folder
        self._load = load
        self._seats: OrderedDict[str, tuple[Seat, asyncio.Task[None]]] = OrderedDict()
        self._loading = asyncio.Lock()

    async def seat(self, asked: str, weights: Weights) -> Seat:
        """:raises InvalidInput: when the agent that was asked is not named by these weights"""
        if asked != f"{self._agent_id}-{weights.sha256[:8]}":
            raise InvalidInput(f"{asked!r:.60} is not the name of these weights.")
        async with self._loading:
            known = self._seats.get(weights.sha256)
            if known is not None:
                self._seats.move_to_end(weights.sha256)
                return known[0]
            path = self._folder / weights.file
            model = await asyncio.to_thread(self._load, path, weights.sha256)
            seat = Seat(asked, model)
            if isinstance(model, Refused):
                # A file that is copied here later is found at the next question.
                return seat
            log("info", "a version is loaded", agent=asked, version=model.version)
            self._seats[weights.sha256] = (seat, asyncio.create_task(seat.serve()))
            while len(self._seats) > _MOST:
                _, (_, serving) = self._seats.popitem(last=False)
                serving.cancel()
            return seat

    @property
    def busy_seconds(self) -> float:
        """The longest time that one of the versions has been at its present batch."""
        return max((seat.busy_seconds for seat, _ in self._seats.values()), default=0.0)

    def close(self) -> None:
        for _, serving in self._seats.values():
            serving.cancel()
