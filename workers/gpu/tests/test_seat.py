import asyncio
import threading
import time
import unittest
from collections.abc import Sequence
from typing import Any

import numpy as np

from forecasting.batching import Batcher
from forecasting.distribution import Distribution
from forecasting.models import Forecaster
from forecasting.models.fracast import Fracast
from forecasting.refusal import Refused
from forecasting.seat import Seat
from forecasting.series import Series
from tests.market import candles_of, request_of, walk


class SlowModel:
    """Stands in for a model that takes its time or says nonsense."""

    name, version, most_steps, least_bars, looks_far, most_conviction = "slow", "1", 24, 32, False, 0.5

    def __init__(self, seconds: float = 0.0, values: Sequence[float] = (0.0, 0.001)) -> None:
        self.seconds, self.values = seconds, np.array(values)

    def forecast(self, batch: Sequence[Series], seeds: Sequence[int]) -> list[Distribution]:
        time.sleep(self.seconds)
        return [Distribution.of_samples(self.values) for _ in batch]

    def seen(self, series: Series) -> float:
        return 1.0

    def notes(self, series: Series) -> list[str]:
        return []


BTC = {"BTC/USDT": candles_of(walk(120, 1))}


class SeatTest(unittest.IsolatedAsyncioTestCase):
    def start(self, seat: Seat) -> Seat:
        serving = asyncio.create_task(seat.serve())
        self.addAsyncCleanup(asyncio.wait, {serving})
        self.addCleanup(serving.cancel)
        return seat

    async def test_eight_requests_at_once_are_one_batch(self) -> None:
        seat = self.start(Seat("fracast", Fracast()))
        requests = [request_of({"BTC/USDT": candles_of(walk(120, seed))}) for seed in range(8)]
        answers = await asyncio.gather(*(seat.answer(request, 15) for request in requests))
        self.assertEqual(seat.batch_sizes, [8])
        self.assertTrue(all(answer["opinions"][0]["kind"] == "signal" for answer in answers))
        self.assertEqual(len({answer["opinions"][0]["expectedReturn"] for answer in answers}), 8)

    async def test_series_of_other_shape_go_separately_and_in_their_order(self) -> None:
        seat = self.start(Seat("fracast", Fracast()))
        markets = {f"A{count}/USDT": candles_of(walk(count, count)) for count in (120, 200, 121)}
        answer = await seat.answer(request_of(markets), 15)
        self.assertEqual(seat.batch_sizes, [1, 1, 1])
        self.assertEqual([opinion["symbol"] for opinion in answer["opinions"]], list(markets))

    async def test_the_same_question_has_the_same_answer(self) -> None:
        seat = self.start(Seat("fracast", Fracast()))
        first, second = [await seat.answer(request_of(BTC), 15) for _ in range(2)]
        self.assertEqual(first["opinions"][0]["kind"], "signal")
        self.assertEqual(first["opinions"], second["opinions"])

    async def test_conviction_and_outcomes_of_a_signal(self) -> None:
        seat = self.start(Seat("fracast", SlowModel(values=(0.004, 0.006))))
        [opinion] = (await seat.answer(request_of(BTC), 5))["opinions"]
        chances = opinion["probabilities"]
        self.assertAlmostEqual(opinion["conviction"], 0.5 * (chances["up"] - chances["down"]))
        self.assertGreater(chances["up"], 0.9)
        self.assertEqual(opinion["evidence"][:3], ["q10 +40.0 bps", "q50 +50.0 bps", "q90 +60.0 bps"])

    async def test_an_expected_return_keeps_to_the_bound_of_all_agents(self) -> None:
        seat = self.start(Seat("fracast", SlowModel(values=(0.2, 0.3))))
        [opinion] = (await seat.answer(request_of(BTC), 5))["opinions"]
        self.assertEqual(opinion["expectedReturn"], 0.03)

    async def test_who_cannot_answer_abstains_with_the_reason(self) -> None:
        short = {"BTC/USDT": candles_of(walk(40, 1)), "ETH/USDT": candles_of(walk(120, 1))}
        cases: list[tuple[Forecaster | Refused, dict[str, Any], list[str | None]]] = [
            (Refused("not_configured", "no weights"), BTC, ["not_configured"]),
            (SlowModel(), short, ["not_enough_data", None]),
            (SlowModel(values=(float("nan"), 1.0)), BTC, ["invalid_answer"]),
            (SlowModel(seconds=1.0), BTC, ["timeout"]),
            (SlowModel(values=()), BTC, ["unavailable"]),
        ]
        for model, markets, reasons in cases:
            seat = self.start(Seat("fracast", model))
            answer = await seat.answer(request_of(markets), 0.5)
            self.assertEqual([opinion.get("reason") for opinion in answer["opinions"]], reasons)


class BatcherTest(unittest.IsolatedAsyncioTestCase):
    async def test_who_no_longer_waits_is_left_out(self) -> None:
        seen: list[list[int]] = []

        def run(items: Sequence[int]) -> Sequence[int]:
            seen.append(list(items))
            return items

        batcher: Batcher[int, int] = Batcher(run, lambda item: 0)
        serving = asyncio.create_task(batcher.serve())
        waiting = [asyncio.create_task(batcher.submit(item)) for item in range(10)]
        await asyncio.sleep(0)
        waiting[3].cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        serving.cancel()
        self.assertEqual(seen, [[0, 1, 2, 4, 5, 6, 7, 8], [9]])
        self.assertIsInstance(results[3], asyncio.CancelledError)

    async def test_how_long_a_batch_has_been_running_is_known(self) -> None:
        end = threading.Event()

        def run(items: Sequence[int]) -> Sequence[int]:
            end.wait(5)
            return items

        batcher: Batcher[int, int] = Batcher(run, lambda item: 0)
        serving = asyncio.create_task(batcher.serve())
        self.assertEqual(batcher.busy_seconds, 0)
        result = asyncio.create_task(batcher.submit(1))
        await asyncio.sleep(0.2)
        self.assertGreater(batcher.busy_seconds, 0)
        end.set()
        await result
        self.assertEqual(batcher.busy_seconds, 0)
        serving.cancel()
