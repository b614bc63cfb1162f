"""The data that a training takes, and what it does to the weights."""

import hashlib
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from forecasting.models.checkpoint import read_checkpoint
from forecasting.models.lag_llama import LagLlama
from forecasting.models.limits import PAST_BARS
from forecasting.request import MINUTE_MS
from forecasting.series import INDEX
from tests.weights import random_weights, write_safetensors
from training.data import DataFault, read_data
from training.train import loss_of, train

_START = 1_790_000_040_000 - 1_790_000_040_000 % MINUTE_MS
_LIMITS = {"most_steps": 24, "least_bars": 32, "most_windows": 500}


def _wave(count: int) -> np.ndarray:
    return 100 + 4 * np.sin(np.arange(count) / 25) + np.random.default_rng(1).normal(0, 0.05, count)


def _write(folder: Path, columns: dict[str, Any], **card: Any) -> Path:
    parquet.write_table(pa.table(columns), folder / "series.parquet")
    digest = hashlib.sha256((folder / "series.parquet").read_bytes()).hexdigest()
    stated = {
        "version": 1,
        "dataHash": "d" * 64,
        "horizonMs": 10 * MINUTE_MS,
        "files": {"series.parquet": {"sha256": digest}},
        **card,
    }
    (folder / "card.json").write_text(json.dumps(stated))
    return folder


def _columns(count: int = 900) -> dict[str, Any]:
    third = count // 3
    return {
        "symbol": ["BTC/USDT"] * count,
        "open_at": _START + MINUTE_MS * np.arange(count),
        "close": _wave(count),
        "split": ["train"] * third + ["validation"] * third + ["test"] * (count - 2 * third),
    }


class TrainingData(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_windows_are_what_the_model_is_asked_with(self) -> None:
        data = read_data(_write(self.folder, _columns()), **_LIMITS)
        closes = _wave(900)
        window = data.windows["train"][0]
        self.assertEqual(len(window.series.closes), 120)
        self.assertEqual(window.series.steps, 10)
        self.assertAlmostEqual(window.series.closes[-1], INDEX)
        np.testing.assert_allclose(window.series.closes, closes[:120] / closes[119] * INDEX)
        np.testing.assert_allclose(window.future, closes[120:130] / closes[119] * INDEX)
        self.assertEqual(window.series.ends_at, _START + 120 * MINUTE_MS)

    def test_a_window_has_as_long_a_past_as_there_is_up_to_what_the_model_sees(self) -> None:
        data = read_data(_write(self.folder, _columns()), **_LIMITS)
        last = data.windows["train"][-1].series
        self.assertEqual(len(last.closes), 290)
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        long = read_data(_write(folder, _columns(4_500)), **_LIMITS).windows["train"][-1].series
        self.assertEqual(len(long.closes), PAST_BARS)
        np.testing.assert_allclose(long.closes[-290:], _wave(4_500)[1_200:1_490] / _wave(4_500)[1_489] * INDEX)

    def test_bars_are_those_of_the_past_that_a_snapshot_shows(self) -> None:
        """Of four hours: 15 minutes, which an exchange lists, and not the finer 10."""
        data = read_data(_write(self.folder, _columns(5_000), horizonMs=240 * MINUTE_MS), **_LIMITS)
        self.assertEqual({(one.series.bar_minutes, one.series.steps) for one in data.windows["test"]}, {(15, 16)})

    def test_no_window_crosses_a_gap_or_a_part(self) -> None:
        columns = _columns()
        columns["open_at"] = columns["open_at"] + np.where(np.arange(900) >= 150, 5 * MINUTE_MS, 0)
        data = read_data(_write(self.folder, columns), **_LIMITS)
        starts = _START + 155 * MINUTE_MS
        for split, first in (("train", 0), ("validation", 300), ("test", 600)):
            for window in data.windows[split]:
                begins = window.series.ends_at - len(window.series.closes) * MINUTE_MS
                ends = window.series.ends_at + 10 * MINUTE_MS
                self.assertFalse(begins < starts < ends, "crosses the gap")
                self.assertGreaterEqual(begins, _START + first * MINUTE_MS)
                self.assertLessEqual(ends, _START + (first + 305) * MINUTE_MS)

    def test_what_is_wrong_is_said_with_the_way_out(self) -> None:
        def fault(columns: dict[str, Any], **card: Any) -> str:
            with self.assertRaises(DataFault) as raised:
                read_data(_write(self.folder, columns, **card), **_LIMITS)
            return str(raised.exception)

        whole = _columns()
        self.assertIn("lacks the column split", fault({key: whole[key] for key in ("symbol", "open_at", "close")}))
        self.assertIn("no prices", fault({**whole, "close": np.where(whole["close"] > 0, -1.0, 0.0)}))
        self.assertIn("no prices", fault({**whole, "close": np.full(900, np.nan)}))
        self.assertIn("has a part 'dev'", fault({**whole, "split": ["dev"] * 900}))
        self.assertIn("Export more history", fault(_columns(150)))
        self.assertIn("another version", fault(whole, version=2))
        self.assertIn("it was changed", fault(whole, files={"series.parquet": {"sha256": "0" * 64}}))
        (self.folder / "card.json").write_text("{")
        with self.assertRaisesRegex(DataFault, "./sapphire export training"):
            read_data(self.folder, **_LIMITS)


class Training(unittest.TestCase):
    def test_it_learns_and_is_the_same_for_the_same_seed(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        data = read_data(_write(folder, _columns()), most_steps=24, least_bars=32, most_windows=64)
        weights = write_safetensors(folder / "weights.safetensors", random_weights(1))

        def run(seed: int) -> tuple[float, float, LagLlama]:
            forecaster = LagLlama(read_checkpoint(weights, None))
            before = loss_of(forecaster, data.windows["test"])
            train(forecaster, data.windows, steps=40, batch=8, seed=seed, on_progress=lambda *_: None)
            return before, loss_of(forecaster, data.windows["test"]), forecaster

        before, after, first = run(7)
        _, again, second = run(7)
        self.assertLess(after, before)
        self.assertEqual(after, again)
        for name, tensor in first.model.state_dict().items():
            self.assertTrue(tensor.equal(second.model.state_dict()[name]), name)

    def test_it_keeps_the_weights_that_it_came_with_when_none_did_better(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        data = read_data(_write(folder, _columns()), most_steps=24, least_bars=32, most_windows=16)
        weights = write_safetensors(folder / "weights.safetensors", random_weights(1))
        forecaster = LagLlama(read_checkpoint(weights, None))
        best = loss_of(forecaster, data.windows["validation"])
        trained = train(forecaster, data.windows, steps=1, batch=1, seed=1, on_progress=lambda *_: None)
        self.assertLessEqual(loss_of(forecaster, data.windows["validation"]), best)
        self.assertLessEqual(trained.validation_loss, best)

