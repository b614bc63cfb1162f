"""A training set as `./sapphire export training` writes it, and the windows that a model is trained on."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet

from forecasting.distribution import Floats
from forecasting.models.limits import PAST_BARS
from forecasting.request import MINUTE_MS
from forecasting.series import INDEX, Series, bar_minutes, frame_minutes

SPLITS = ("train", "validation", "test")
LEAST_MINUTES = 120
"""The minutes that a snapshot shows by default: a window has as many at the least, and up to the whole past that the model is asked with."""
_COLUMNS = ("symbol", "open_at", "close", "split")


class DataFault(Exception):
    """What is wrong with the data and what to do about it."""


@dataclass(frozen=True)
class Run:
    """Minutes without a gap, oldest first."""

    symbol: str
    opens: np.ndarray
    closes: Floats


@dataclass(frozen=True)
class Window:
    """What the model is shown, and the closes that came, in the same index. It is made when it is looked at: a training has thousands, each of 56 hours."""

    run: Run
    last: int
    """Place of the newest minute that is shown."""
    step: int
    steps: int

    @property
    def series(self) -> Series:
        """With as long a past as there is, up to what the model sees."""
        run, bars = self.run, self.bars
        return Series(run.symbol, bars * (INDEX / bars[-1]), self.step, int(run.opens[self.last]) + MINUTE_MS, self.steps)

    @property
    def future(self) -> Floats:
        after = self.run.closes[self.last + self.step : self.last + self.steps * self.step + 1 : self.step]
        return after * (INDEX / self.run.closes[self.last])

    @property
    def bars(self) -> Floats:
        return self.run.closes[self.last :: -self.step][:PAST_BARS][::-1]


@dataclass(frozen=True)
class Data:
    data_hash: str
    windows: dict[str, list[Window]]


def read_data(folder: Path, *, most_steps: int, least_bars: int, most_windows: int) -> Data:
    """
    The windows of each split, none of which crosses a gap or a split.

    :raises DataFault: when the card or the series is missing, was changed, or is not what the card says
    """
    card = _card(folder)
    table = _series(folder, card)
    horizon = card["horizonMs"] // MINUTE_MS
    step = frame_minutes(horizon, most_steps) or bar_minutes(horizon, most_steps)
    least = max(LEAST_MINUTES // step, least_bars)
    windows = {split: _windows(_runs(table, split), step, least, horizon // step, most_windows) for split in SPLITS}
    for split, found in windows.items():
        if not found:
            raise DataFault(
                f"The {split} part has no {least * step + horizon} unbroken minutes. Export more history, or a shorter horizon."
            )
    return Data(card["dataHash"], windows)


def _card(folder: Path) -> dict[str, Any]:
    file = folder / "card.json"
    try:
        card = json.loads(file.read_text("utf-8"))
        whole = card["version"] == 1 and isinstance(card["dataHash"], str) and card["horizonMs"] % MINUTE_MS == 0
        whole = whole and card["horizonMs"] > 0
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise DataFault(f'{file} cannot be read ({fault}). Make a set with "./sapphire export training".') from fault
    if not whole:
        raise DataFault(f"{file} is of another version of Sapphire. Export the set again.")
    return card


def _series(folder: Path, card: dict[str, Any]) -> dict[str, np.ndarray]:
    file = folder / "series.parquet"
    stated = card.get("files", {}).get("series.parquet", {}).get("sha256")
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise DataFault(f"{file} cannot be read: {fault.strerror}. Export the set again.") from fault
    if hashlib.sha256(content).hexdigest() != stated:
        raise DataFault(f"{file} is not the one that card.json states: it was changed. Export the set again.")
    table = parquet.read_table(file)
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        raise DataFault(f"{file} lacks the column {missing[0]}. Export the set again.")
    columns = {name: table.column(name).to_numpy() for name in _COLUMNS}
    closes = columns["close"]
    if not np.all(np.isfinite(closes)) or np.any(closes <= 0):
        raise DataFault(f"{file} holds closes that are no prices. Export the set again.")
    unknown = set(columns["split"]) - set(SPLITS)
    if unknown:
        raise DataFault(f"{file} has a part {unknown.pop()!r}; there are {', '.join(SPLITS)}.")
    return columns


def _runs(table: dict[str, np.ndarray], split: str) -> Iterator[Run]:
    for symbol in sorted(set(table["symbol"])):
        chosen = (table["symbol"] == symbol) & (table["split"] == split)
        opens, closes = table["open_at"][chosen], table["close"][chosen]
        order = np.argsort(opens)
        opens, closes = opens[order], closes[order]
        for run in np.split(np.arange(len(opens)), np.flatnonzero(np.diff(opens) != MINUTE_MS) + 1):
            yield Run(symbol, opens[run], closes[run])


def _windows(runs: Iterator[Run], step: int, least: int, steps: int, most: int) -> list[Window]:
    """At most so many, evenly over the time."""
    places = [
        (run, last) for run in runs for last in range((least - 1) * step, len(run.closes) - steps * step)
    ]
    if len(places) > most:
        places = [places[int(place)] for place in np.linspace(0, len(places) - 1, most)]
    windows = (Window(run, last, step, steps) for run, last in places)
    return [window for window in windows if window.bars.min() != window.bars.max()]
