"""
Says which strategy a folder holds, found and loaded as Freqtrade itself does it: `python check.py CONFIG FOLDER [CLASS]`.

Prints one JSON object: `names`, the strategies that are there; `name`, the one that was loaded; or `fault`, why none was. The strategy's own
code runs in this process, which has nothing of ours.
"""

import json
import logging
import sys
from pathlib import Path


class _Words(logging.Handler):
    """What Freqtrade says of files that it cannot import, which it passes over."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def check(config_file: str, folder: str, wanted: str | None) -> dict[str, object]:
    """What stands above, of the folder."""
    from freqtrade.resolvers import StrategyResolver

    words = _Words()
    logging.getLogger("freqtrade").addHandler(words)
    config = json.loads(Path(config_file).read_text(encoding="utf-8"))
    config |= {"user_data_dir": Path(folder) / "no_other", "strategy_path": folder}
    try:
        found = StrategyResolver.search_all_objects(config, enum_failed=False)
        names = sorted(entry["name"] for entry in found)
        chosen = [entry["class"] for entry in found if wanted in (None, entry["name"])]
        if len(chosen) != 1:
            return {"names": names, **({"fault": " ".join(words.said)} if words.said else {})}
        [strategy] = chosen
        if strategy.can_short:
            return {"names": names, "name": strategy.__name__, "short": True}
        StrategyResolver.load_strategy(config | {"strategy": strategy.__name__})
        return {"names": names, "name": strategy.__name__}
    # Whatever a strategy raises as it is read, its own end of the interpreter included.
    except (Exception, SystemExit) as fault:  # noqa: BLE001
        said = f"{type(fault).__name__}: {fault}"
        return {"names": [], "fault": " ".join([*words.said, said])}


if __name__ == "__main__":
    print(json.dumps(check(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)))
