import unittest

import numpy as np

from forecasting.models.fracast import Fracast
from tests.market import series_from, walk


class FracastTest(unittest.TestCase):
    model: Fracast

    @classmethod
    def setUpClass(cls) -> None:
        cls.model = Fracast()

    def test_it_carries_its_weights(self) -> None:
        self.assertRegex(self.model.version, r"^0\.1\.0, sha256 [0-9a-f]{12}$")

    def test_it_forecasts_a_trend_far_better_than_no_change(self) -> None:
        """Sixty minutes ahead of noisy trends of one per cent an hour, up and down: the naive forecast misses them by all of it."""
        own, naive, right = [], [], 0
        for seed in range(20):
            drift = (1 if seed % 2 == 0 else -1) * 0.01 / 60
            closes = walk(180, seed, drift=drift, deviation=0.0001)
            forecast = self.model.forecast([series_from(closes[:120], most_steps=48)], [0])[0]
            actual = closes[-1] / closes[119] - 1
            own.append(abs(forecast.quantile(0.5) - actual))
            naive.append(abs(actual))
            right += forecast.quantile(0.5) * actual > 0
        print(f"fracast on trends: MAE {np.mean(own):.5f}, no change {np.mean(naive):.5f}, direction right {right}/20")
        self.assertLess(np.mean(own), 0.5 * np.mean(naive))
        self.assertGreaterEqual(right, 19)

    def test_a_series_has_the_same_forecast_at_any_place_of_a_batch(self) -> None:
        batch = [series_from(walk(120, seed), most_steps=48) for seed in range(8)]
        together = np.array([forecast.values for forecast in self.model.forecast(batch, [0] * 8)])
        alone = np.array([self.model.forecast([series], [0])[0].values for series in batch])
        np.testing.assert_allclose(together, alone, atol=1e-6)
