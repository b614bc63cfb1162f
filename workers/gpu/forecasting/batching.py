"""Requests that come at the same time go through a model together."""

import asyncio
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 8
WINDOW_SECONDS = 0.05


@dataclass(eq=False)
class _Waiting(Generic[Item, Result]):
    item: Item
    shape: Hashable
    result: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher(Generic[Item, Result]):
    """
    Collects what arrives within 50 ms, at most eight items of equal shape, and runs them at once in a thread of its own, one batch after
    the other, so that the event loop goes on beating. Who no longer waits when a batch is formed is left out of it.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]], shape_of: Callable[[Item], Hashable]) -> None:
        self._run = run
        self._shape_of = shape_of
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._queue: list[_Waiting[Item, Result]] = []
        self._arrived = asyncio.Event()
        self.sizes: list[int] = []
        """Of the batches so far, the newest last."""
        self._busy_since: float | None = None

    @property
    def busy_seconds(self) -> float:
        """For how long the batch that is running has been running; 0 while none is."""
        return 0.0 if self._busy_since is None else time.monotonic() - self._busy_since

    async def submit(self, item: Item) -> Result:
        """Resolves with the item's result. Cancelling it takes the item out, unless its batch is already running."""
        waiting = _Waiting[Item, Result](item, self._shape_of(item))
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.result

    async def serve(self) -> None:
        """Runs batches until it is cancelled."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(WINDOW_SECONDS)
            batch = self._next_batch()
            if batch:
                await self._resolve(batch)

    def _next_batch(self) -> list[_Waiting[Item, Result]]:
        """The oldest item and those of its shape; what is left keeps its place."""
        alive = [waiting for waiting in self._queue if not waiting.result.done()]
        batch = [waiting for waiting in alive if waiting.shape == alive[0].shape][:MOST]
        self._queue = [waiting for waiting in alive if waiting not in batch]
        if not self._queue:
            self._arrived.clear()
        return batch

    async def _resolve(self, batch: list[_Waiting[Item, Result]]) -> None:
        self.sizes = [*self.sizes[-99:], len(batch)]
        loop = asyncio.get_running_loop()
        self._busy_since = time.monotonic()
        try:
            results = await loop.run_in_executor(self._thread, self._run, [waiting.item for waiting in batch])
        except Exception as fault:
            for waiting in batch:
                if not waiting.result.done():
                    waiting.result.set_exception(fault)
            return
        finally:
            self._busy_since = None
        for waiting, result in zip(batch, results, strict=True):
            if not waiting.result.done():
                waiting.result.set_result(result)
