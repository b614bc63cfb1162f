"""What the shipped strategy makes of made-up markets; prints one JSON object."""

import importlib
import json
import sys

import numpy as np
import pandas as pd

CANDLES = 20_000
SEEN = ["trend_score", "signal_strength", "enter_long", "enter_tag", "exit_long", "exit_tag"]


def market(steps: np.ndarray, volume: float = 1.0) -> pd.DataFrame:
    """Candles of five minutes whose closes take the given logarithmic steps."""
    close = 100 * np.exp(np.cumsum(steps))
    date = pd.date_range("2026-01-01", periods=len(steps), freq="5min", tz="UTC")
    return pd.DataFrame({"date": date, "open": close, "high": close, "low": close, "close": close, "volume": volume})


def analysed(strategy, candles: pd.DataFrame) -> pd.DataFrame:
    """The columns that Freqtrade itself would have at the end of its analysis."""
    result = strategy.advise_indicators(candles.copy(), {"pair": "A/B"})
    result = strategy.advise_exit(strategy.advise_entry(result, {"pair": "A/B"}), {"pair": "A/B"})
    return result.reindex(columns=SEEN)


def count(frame: pd.DataFrame, column: str) -> int:
    """How many candles carry the signal."""
    return int((frame[column] == 1).sum())


def main(folder: str) -> None:
    """Checks the strategy that stands in the folder."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    strategy = importlib.import_module("sapphire_trend").SapphireTrend({"stake_currency": "USDT"})
    steps = 0.001 * np.random.default_rng(7).standard_normal(CANDLES)
    walk = market(steps)
    whole = analysed(strategy, walk)
    cuts = range(strategy.startup_candle_count, CANDLES, 1_999)
    score = whole["trend_score"].iloc[strategy.startup_candle_count :]
    strength = whole["signal_strength"].dropna()
    recent = analysed(strategy, walk.iloc[-2 * strategy.startup_candle_count :])
    still = analysed(strategy, market(np.zeros(500)))
    unsold = analysed(strategy, market(steps[:500], volume=0.0))
    result = {
        "looksAhead": [int(cut) for cut in cuts if not analysed(strategy, walk.iloc[:cut]).equals(whole.iloc[:cut])],
        "scoreMean": float(score.mean()),
        "scoreDeviation": float(score.std()),
        "strength": [float(strength.min()), float(strength.max())],
        "missedWithoutHistory": float((recent["trend_score"].iloc[-50:] - whole["trend_score"].iloc[-50:]).abs().max()),
        "still": [count(still, "enter_long"), count(still, "exit_long")],
        "withoutVolume": [count(unsold, "enter_long"), count(unsold, "exit_long")],
        "rising": count(analysed(strategy, market(steps + 0.002)).iloc[-500:], "enter_long"),
        "falling": count(analysed(strategy, market(steps - 0.002)).iloc[-500:], "exit_long"),
        "tags": sorted({tag for column in ("enter_tag", "exit_tag") for tag in whole[column] if tag and tag == tag}),
        "both": int(((whole["enter_long"] == 1) & (whole["exit_long"] == 1)).sum()),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
