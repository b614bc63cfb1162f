import re
import unittest
from statistics import NormalDist

import numpy as np

from forecasting.config import PROJECT
from forecasting.distribution import FLAT_BAND, Distribution

DECILES = np.arange(1, 10) / 10


def normal_deciles(mean: float, deviation: float) -> Distribution:
    normal = NormalDist(mean, deviation)
    return Distribution.of_quantiles(DECILES, np.array([normal.inv_cdf(level) for level in DECILES]))


class DistributionTest(unittest.TestCase):
    def test_the_dead_zone_is_that_of_the_other_agents(self) -> None:
        source = (PROJECT / "domain" / "statistics" / "statistics.ts").read_text("utf-8")
        found = re.search(r"FLAT_BAND = ([\d.]+);", source)
        assert found is not None
        self.assertEqual(float(found[1]), FLAT_BAND)

    def test_golden_the_deciles_of_a_normal_distribution_give_its_own_chances(self) -> None:
        for mean, deviation, up, down in [
            (0.0, 0.004, 0.308538, 0.308538),
            (0.003, 0.004, 0.598706, 0.105650),
            (-0.01, 0.005, 0.008198, 0.945201),
            (0.0, 0.0005, 0.000032, 0.000032),
        ]:
            with self.subTest(mean=mean, deviation=deviation):
                outcomes = normal_deciles(mean, deviation).outcomes()
                self.assertAlmostEqual(outcomes["up"], up, places=6)
                self.assertAlmostEqual(outcomes["down"], down, places=6)
                self.assertAlmostEqual(outcomes["flat"], 1 - up - down, places=5)

    def test_golden_samples_give_the_shares_that_were_drawn(self) -> None:
        samples = np.concatenate((np.full(30, -0.01), np.linspace(-0.0015, 0.0015, 20), np.full(50, 0.01)))
        outcomes = Distribution.of_samples(samples).outcomes()
        self.assertAlmostEqual(outcomes["up"], 0.5, delta=0.01)
        self.assertAlmostEqual(outcomes["flat"], 0.2, delta=0.01)
        self.assertAlmostEqual(outcomes["down"], 0.3, delta=0.01)

    def test_mean_and_deviation_of_a_normal_distribution(self) -> None:
        distribution = normal_deciles(0.002, 0.006)
        self.assertAlmostEqual(distribution.mean(), 0.002, places=12)
        self.assertAlmostEqual(distribution.deviation(), 0.006, places=12)

    def test_whatever_the_quantiles_the_chances_are_chances(self) -> None:
        random = np.random.default_rng(1)
        for case in range(2_000):
            scale = 10 ** random.uniform(-7, -0.5)
            count = int(random.integers(2, 120))
            values = random.standard_t(2, count) * scale
            if case % 3 == 0:
                values = np.round(values, 3)
            distribution = (
                Distribution.of_samples(values)
                if case % 2 == 0
                else Distribution.of_quantiles(DECILES, random.permutation(np.resize(values, 9)))
            )
            outcomes = distribution.outcomes()
            self.assertAlmostEqual(sum(outcomes.values()), 1, places=12)
            self.assertTrue(all(0 <= chance <= 1 for chance in outcomes.values()), outcomes)
            higher = Distribution.of_quantiles(distribution.levels, distribution.values + abs(scale)).outcomes()
            self.assertGreaterEqual(higher["up"], outcomes["up"] - 1e-12)
            self.assertLessEqual(higher["down"], outcomes["down"] + 1e-12)
            if case % 3 == 0:
                continue  # A tie may stand on the edge of the band, which belongs to one side.
            mirrored = Distribution.of_quantiles(1 - distribution.levels[::-1], -distribution.values[::-1]).outcomes()
            self.assertAlmostEqual(mirrored["up"], outcomes["down"], places=6)

    def test_what_no_market_does_is_not_usable(self) -> None:
        for values in (np.full(9, np.nan), np.linspace(0, 3, 9), np.linspace(-0.9, -0.6, 9)):
            self.assertFalse(Distribution.of_quantiles(DECILES, values).is_usable())
        self.assertTrue(normal_deciles(0.0, 0.01).is_usable())
