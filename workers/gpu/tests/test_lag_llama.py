import asyncio
import pickle
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch

from forecasting.config import LagLlamaSettings
from forecasting.models.checkpoint import Checkpoint, read_checkpoint, sha256_of
from forecasting.models.lag_llama import PARAMETERS, LagLlama, lags, published_architecture, with_weights
from forecasting.models.limits import PAST_BARS
from forecasting.refusal import Refused
from forecasting.seat import Seat
from forecasting.request import MINUTE_MS
from forecasting.series import Series, series_of
from forecasting.weights import lag_llama
from tests.market import TAKEN_AT, candles_of, market_of, request_of, series_from, shorter, walk
from tests.weights import published_estimator, random_weights, write_lightning, write_safetensors


class ArchitectureTest(unittest.TestCase):
    def test_it_is_the_published_one(self) -> None:
        self.assertEqual(sum(part.numel() for part in published_architecture().parameters()), PARAMETERS)
        self.assertEqual((len(lags()), min(lags()), max(lags())), (84, 0, 1092))


class CheckpointTest(unittest.TestCase):
    folder: Path
    weights: dict[str, torch.Tensor]
    tensors_file: Path
    lightning_file: Path
    lightning_hash: str

    @classmethod
    def setUpClass(cls) -> None:
        folder = TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.weights = random_weights(1)
        cls.tensors_file = write_safetensors(cls.folder / "model.safetensors", cls.weights)
        cls.lightning_file = write_lightning(cls.folder / "lag-llama.ckpt", cls.weights)
        cls.lightning_hash = sha256_of(cls.lightning_file)

    def test_both_forms_forecast_the_same_to_the_last_bit(self) -> None:
        tensors = read_checkpoint(self.tensors_file, None)
        trainer = read_checkpoint(self.lightning_file, self.lightning_hash)
        self.assertTrue(tensors.untrained and trainer.untrained)
        self.assertEqual(trainer.model_settings["n_layer"], 8)
        batch = [shorter(series_from(walk(120, 5)), 6)]
        paths = [LagLlama(checkpoint).sample_paths(batch, [7]) for checkpoint in (tensors, trainer)]
        self.assertEqual(paths[0].shape, (1, 100, 6))
        np.testing.assert_array_equal(paths[0], paths[1])

    def test_other_weights_forecast_otherwise(self) -> None:
        other = write_safetensors(self.folder / "other.safetensors", random_weights(2), prefix="model.")
        batch = [shorter(series_from(walk(120, 5)), 2)]
        paths = [LagLlama(read_checkpoint(file, None)).sample_paths(batch, [7]) for file in (self.tensors_file, other)]
        self.assertGreater(np.abs(paths[0] - paths[1]).max(), 1e-3)

    def test_a_pickle_is_not_opened_before_its_hash_was_compared(self) -> None:
        for stated, words in [(None, "state its sha256"), ("0" * 64, "it was not opened")]:
            with self.subTest(words), self.assertRaisesRegex(Refused, words):
                read_checkpoint(self.lightning_file, stated)

    def test_a_pickle_runs_no_code_of_its_own(self) -> None:
        canary = self.folder / "canary"

        class Hostile:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return Path.touch, (canary,)  # type: ignore[return-value]

        file = write_lightning(self.folder / "hostile.ckpt", self.weights, callbacks=Hostile())
        with_weights(read_checkpoint(file, sha256_of(file)))
        self.assertFalse(canary.exists())
        torch.load(file, weights_only=False)
        self.assertTrue(canary.exists(), "the canary would not have noticed")

    def test_what_does_not_fit_is_refused_by_name(self) -> None:
        name = "transformer.h.0.attn.q_proj.weight"
        missing = {key: tensor for key, tensor in self.weights.items() if key != name}
        for tensors, words in [
            (missing, f"{name} is missing"),
            ({**self.weights, "extra.weight": torch.zeros(1)}, "extra.weight is unknown"),
            ({**self.weights, name: torch.zeros(144, 72)}, r"has the shape \(144, 72\) instead of \(144, 144\)"),
            ({**self.weights, name: torch.full((144, 144), torch.nan)}, f"{name} holds values that are not finite"),
            ({"only.one": torch.zeros(1)}, "and 72 more faults"),
        ]:
            file = write_safetensors(self.folder / "faulty.safetensors", tensors)
            with self.subTest(words), self.assertRaisesRegex(Refused, words) as refused:
                with_weights(read_checkpoint(file, None))
            self.assertEqual(refused.exception.reason, "wrong_model")

    def test_another_model_in_the_form_of_a_checkpoint_is_refused(self) -> None:
        scaled = {"type": "linear", "factor": 8.0}
        for settings, words in [
            ({"n_head": 8}, "has n_head 8, and Lag-Llama as published 9"),
            ({"rope_scaling": scaled}, "has rope_scaling .*8.0.*, and Lag-Llama as published None"),
        ]:
            file = write_lightning(self.folder / "other.ckpt", self.weights, hyper_parameters={"model_kwargs": settings})
            with self.subTest(words), self.assertRaisesRegex(Refused, words):
                with_weights(read_checkpoint(file, sha256_of(file)))

    def test_a_tampered_or_foreign_file_is_refused(self) -> None:
        whole = self.tensors_file.read_bytes()
        for name, content in [
            ("cut.safetensors", whole[:-1]),
            ("text.safetensors", b"weights"),
            ("foreign.ckpt", pickle.dumps({"state_dict": 1})),
        ]:
            file = self.folder / name
            file.write_bytes(content)
            with self.subTest(name), self.assertRaises(Refused) as refused:
                read_checkpoint(file, sha256_of(file) if name.endswith("ckpt") else None)
            self.assertEqual(refused.exception.reason, "wrong_model")
        file = self.folder / "turned.safetensors"
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with self.assertRaisesRegex(Refused, "is another: it was not opened"):
            read_checkpoint(file, sha256_of(self.tensors_file))

    def test_random_weights_do_not_vote_and_neither_does_nothing(self) -> None:
        ckpt, digest = self.lightning_file, self.lightning_hash
        for settings, reason, words in [
            (LagLlamaSettings(self.tensors_file, None, None), "wrong_model", "untrained: random weights do not vote"),
            (LagLlamaSettings(ckpt, digest, None), "wrong_model", "untrained: random weights do not vote"),
            (LagLlamaSettings(None, None, None), "not_configured", "set agents.lag-llama.checkpoint to a file"),
            (LagLlamaSettings(self.folder / "none.safetensors", None, None), "not_configured", "There is no file"),
        ]:
            refused = lag_llama(settings)
            assert isinstance(refused, Refused)
            self.assertEqual(refused.reason, reason)
            self.assertIn(words, refused.detail)

    def test_a_file_that_says_nothing_of_itself_is_taken(self) -> None:
        file = write_safetensors(self.folder / "silent.safetensors", self.weights, untrained=False)
        self.assertIsInstance(lag_llama(LagLlamaSettings(file, None, None)), LagLlama)


class ForecastTest(unittest.TestCase):
    checkpoint: Checkpoint
    model: LagLlama
    batch: list[Series]

    @classmethod
    def setUpClass(cls) -> None:
        with TemporaryDirectory() as folder:
            file = write_safetensors(Path(folder) / "model.safetensors", random_weights(1))
            cls.checkpoint = read_checkpoint(file, None)
        cls.model = LagLlama(cls.checkpoint)
        cls.batch = [shorter(series_from(walk(120, seed)), 3) for seed in range(4)]

    def test_a_series_has_the_same_paths_at_any_place_of_a_batch(self) -> None:
        together = self.model.sample_paths(self.batch, range(4))
        alone = np.concatenate([self.model.sample_paths([series], [seed]) for seed, series in enumerate(self.batch)])
        np.testing.assert_allclose(together, alone, rtol=1e-5)
        turned = self.model.sample_paths(self.batch[::-1], range(3, -1, -1))
        np.testing.assert_allclose(together, turned[::-1], rtol=1e-5)

    def test_the_seed_decides(self) -> None:
        first, again, other = (self.model.sample_paths(self.batch[:1], [seed]) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        self.assertGreater(np.abs(first - other).max(), 1e-3)

    def test_its_inputs_and_its_steps_are_those_of_the_published_code(self) -> None:
        """Where nothing is padded the inputs are equal; the samplers draw from other sources of chance, so their quantiles are compared."""
        closes = walk(1_200, 1)
        series = series_of(market_of(candles_of(closes)), MINUTE_MS, most_steps=1, least_bars=32)
        # A period is named by its start.
        start = pd.Period(pd.Timestamp(series.ends_at, unit="ms"), freq="min") - len(closes)
        estimator = published_estimator(prediction_length=1, samples=800)
        module = estimator.create_lightning_module(use_kv_cache=True).eval()
        module.model.load_state_dict(self.checkpoint.tensors, strict=True)
        data = [{"start": start, "target": series.closes.astype(np.float32)}]
        transformed = estimator.create_transformation().apply(data, is_train=False)
        [inputs] = estimator._create_instance_splitter(module, "test").apply(transformed, is_train=False)
        names = ("past_target", "past_observed_values", "past_time_feat", "future_time_feat")
        for name, own in zip(names, self.model.inputs([series]), strict=True):
            np.testing.assert_allclose(own[0].numpy(), inputs[name], rtol=1e-6, err_msg=name)

        torch.manual_seed(3)
        with torch.inference_mode():
            theirs = module(**{name: torch.as_tensor(inputs[name])[None].float() for name in names}).numpy()
        ours = self.model.sample_paths([series] * 8, range(8))
        levels = np.arange(1, 10) / 10
        drawn, published = np.quantile(ours, levels), np.quantile(theirs, levels)
        np.testing.assert_allclose(drawn, published, atol=0.08 * (published[-1] - published[0]))

    def test_its_signals_are_quiet_by_the_share_of_lags_that_are_padded(self) -> None:
        """Random weights, called here directly: what they say is no forecast, but takes the way of one."""

        async def ask() -> dict[str, Any]:
            seat = Seat("lag-llama", self.model)
            serving = asyncio.create_task(seat.serve())
            answer = await seat.answer(request_of({"BTC/USDT": candles_of(walk(120, 1))}), 60)
            serving.cancel()
            return answer

        answer = asyncio.run(ask())
        [opinion] = answer["opinions"]
        self.assertEqual(opinion["kind"], "signal", opinion)
        self.assertRegex(answer["version"], r"^sktime 1\.2\.0, sha256 [0-9a-f]{12}$")
        self.assertAlmostEqual(sum(opinion["probabilities"].values()), 1)
        direction = abs(opinion["probabilities"]["up"] - opinion["probabilities"]["down"])
        self.assertAlmostEqual(opinion["conviction"], 0.5 * direction * 22 / 84)
        self.assertTrue(all(len(line) <= 120 for line in opinion["evidence"]))

    def test_the_seen_share_of_lags_grows_with_the_snapshot(self) -> None:
        short, long = series_from(walk(120, 1)), series_from(walk(400, 1))
        self.assertAlmostEqual(self.model.seen(short), 22 / 84)
        self.assertAlmostEqual(self.model.seen(long), 49 / 84)
        self.assertIn("22 of 84 lags", " ".join(self.model.notes(short)))

    def test_with_the_long_past_of_a_snapshot_it_sees_all_its_lags(self) -> None:
        closes = [f"{close:.8f}" for close in walk(PAST_BARS, 2)]
        past = {"timeframe": "3m", "openAt": TAKEN_AT - TAKEN_AT % 180_000 - PAST_BARS * 180_000, "closes": closes}
        series = series_of(market_of(candles_of(walk(120, 1)), past=past), 3_600_000, most_steps=24, least_bars=32, looks_far=True)
        self.assertEqual(self.model.seen(series), 1)
        self.assertTrue(self.model.inputs([series])[1].all(), "something is padded")
        self.assertNotIn("padded", " ".join(self.model.notes(series)))

    def test_series_of_unequal_past_go_together(self) -> None:
        """A training has windows of any length."""
        short, long = shorter(series_from(walk(120, 1)), 3), shorter(series_from(walk(400, 2)), 3)
        together = self.model.inputs([short, long])
        for place, series in enumerate((short, long)):
            for whole, alone in zip(together, self.model.inputs([series]), strict=True):
                np.testing.assert_array_equal(whole[place], alone[0])
