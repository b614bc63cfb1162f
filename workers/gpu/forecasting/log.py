"""JSON lines on stderr with the fields of the other processes' logs: runtime/telemetry/logger.ts."""

import json
import os
import sys
from datetime import UTC, datetime


def log(level: str, message: str, **fields: object) -> None:
    """The key for Temporal is taken out by value, whatever message it turns up in."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = json.dumps({"level": level, "time": time, "process": "workers/gpu", **fields, "msg": message}, default=str)
    key = os.environ.get("TEMPORAL_API_KEY", "")
    print(line.replace(key, "[secret]") if len(key) >= 4 else line, file=sys.stderr, flush=True)
