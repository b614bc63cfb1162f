import unittest
from typing import Any

import numpy as np

from forecasting.refusal import Refused
from forecasting.request import InvalidInput, read_request
from forecasting.series import INDEX, Series, bar_minutes, series_of
from tests.market import HOUR_MS, TAKEN_AT, candles_of, market_of, question, series_from, walk


class SeriesTest(unittest.TestCase):
    def test_bars_are_the_finest_that_divide_the_horizon(self) -> None:
        for horizon, most_steps, minutes in [
            (60, 24, 3),
            (60, 12, 5),
            (60, 48, 2),
            (20, 24, 1),
            (61, 24, 61),
            (240, 24, 10),
        ]:
            self.assertEqual(bar_minutes(horizon, most_steps), minutes, horizon)

    def test_the_last_bar_ends_with_the_last_candle(self) -> None:
        closes = walk(120, 1)
        series = series_from(closes)
        self.assertEqual(series.shape, (40, 20))
        np.testing.assert_allclose(series.closes, closes[2::3] / closes[-1] * INDEX, rtol=1e-9)
        self.assertEqual(series.ends_at, TAKEN_AT - TAKEN_AT % 60_000)

    def test_the_unit_of_money_changes_nothing(self) -> None:
        closes = walk(120, 1)
        np.testing.assert_allclose(series_from(closes).closes, series_from(closes * 0.001).closes, rtol=1e-6)

    def test_only_what_follows_the_last_gap_counts(self) -> None:
        candles = candles_of(walk(240, 1))
        del candles[100]
        self.assertEqual(self._series(candles).shape[0], 47)

    def test_too_little_is_refused_with_the_numbers(self) -> None:
        broken = candles_of(walk(120, 1))
        del broken[60]
        flat = candles_of(np.full(120, 5.0))
        for candles, words in [
            (candles_of(walk(93, 1)), "needs 32 unbroken bars .* make 31"),
            (broken, "make 20"),
            ([], "make 0"),
            (flat, "all the same"),
            ([*candles_of(walk(119, 1)), {**candles_of([1.0])[0], "close": "NaN"}], "is no price"),
            ([{**candle, "close": "0"} for candle in candles_of(walk(120, 1))], "is no price"),
            ([{**candle, "close": "9" * 400} for candle in candles_of(walk(120, 1))], "is no price"),
            (candles_of([1e9 / 2.0**power for power in range(40)]), "by more than a factor of 1000"),
        ]:
            with self.subTest(words), self.assertRaisesRegex(Refused, words) as refused:
                self._series(candles)
            self.assertEqual(refused.exception.reason, "not_enough_data")
        with self.assertRaisesRegex(Refused, "whole minutes"):
            self._series(candles_of(walk(120, 1)), 90_500)

    def test_whoever_looks_far_takes_the_long_past_where_it_divides_the_horizon(self) -> None:
        closes = [f"{close:.8f}" for close in walk(1_124, 2)]
        first = TAKEN_AT - TAKEN_AT % 180_000 - 1_124 * 180_000
        market = market_of(candles_of(walk(120, 1)), past={"timeframe": "3m", "openAt": first, "closes": closes})

        def series(horizon_minutes: int, looks_far: bool) -> Series:
            limits = {"most_steps": 24, "least_bars": 32, "looks_far": looks_far}
            return series_of(market, horizon_minutes * 60_000, **limits)

        far = series(60, True)
        self.assertEqual((far.shape, far.bar_minutes), ((1_124, 20), 3))
        np.testing.assert_allclose(far.closes[-1] / far.closes[0], float(closes[-1]) / float(closes[0]), rtol=1e-9)
        self.assertEqual(far.ends_at, TAKEN_AT - TAKEN_AT % 180_000)
        self.assertEqual(series(60, False).shape, (40, 20))
        self.assertEqual(series(20, True).shape, (120, 20))

    def test_a_horizon_of_hours_is_seen_in_the_candles_that_are_long_enough(self) -> None:
        def frame(timeframe: str, minutes: int, count: int) -> dict[str, Any]:
            end = TAKEN_AT - TAKEN_AT % (minutes * 60_000)
            opens = [end - (count - index) * minutes * 60_000 for index in range(count)]
            return {"timeframe": timeframe, "candles": [[opened, "1", "1", "1", str(1 + at / 1_000), "1"] for at, opened in enumerate(opens)]}

        market = market_of(candles_of(walk(120, 1)), frames=[frame("15m", 15, 96), frame("1h", 60, 48), frame("1d", 1_440, 30)])
        limits = {"most_steps": 24, "least_bars": 32}
        for horizon, bars, minutes in [(60, 40, 3), (240, 96, 15), (720, 48, 30), (1_440, 48, 60)]:
            series = series_of(market, horizon * 60_000, **limits)
            self.assertEqual((len(series.closes), series.bar_minutes), (bars, minutes), horizon)
        hourly = [{"openAt": row[0], "close": row[4]} for row in frame("1h", 60, 120)["candles"]]
        self.assertEqual(series_of(market_of(hourly, timeframe="1h"), 86_400_000, **limits).shape, (120, 24))

    def _series(self, candles: list[dict[str, Any]], horizon_ms: int = HOUR_MS) -> Series:
        return series_of(market_of(candles), horizon_ms, most_steps=24, least_bars=32)


class RequestTest(unittest.TestCase):
    def test_a_faulty_request_is_refused_by_the_name_of_its_fault(self) -> None:
        healthy = question({"BTC/USDT": candles_of(walk(5, 1))})
        self.assertEqual(read_request(healthy).markets[0].symbol, "BTC/USDT")
        for faulty, words in [
            ({}, "lacks something"),
            (None, "lacks something"),
            ({**healthy, "horizonMs": "soon"}, "horizonMs must be a whole number"),
            ({**healthy, "horizonMs": 10}, "horizonMs must be a whole number from 1000"),
            (question({}), "1 to 100 symbols"),
            (question({"BTC/USDT": [{"openAt": 1, "close": 3}]}), "a close of BTC/USDT must be text"),
            (question({"BTC/USDT": "none"}), "must be a list"),  # type: ignore[dict-item]
            (_beside(timeframe="2m"), "must be of 1m, 3m, .* and are of '2m'"),
            (_beside(frames=[{"timeframe": "1h", "candles": [[1, "1", "1", "1", 1, "1"]]}]), "a close of BTC/USDT must be text"),
            (_beside(frames=[{"timeframe": "1h", "candles": [[1, "1"]]}]), "lacks something"),
            (_beside(past={"timeframe": "3m", "openAt": -1, "closes": []}), "openAt of the past of BTC/USDT must be a whole"),
            (_beside(past={"timeframe": "3m", "openAt": 1, "closes": [1]}), "a close of BTC/USDT must be text"),
        ]:
            with self.subTest(words), self.assertRaisesRegex(InvalidInput, words):
                read_request(faulty)


def _beside(**changes: Any) -> dict[str, Any]:
    value = question({"BTC/USDT": candles_of(walk(5, 1))})
    value["snapshot"]["symbols"][0].update(changes)
    return value
