"""
A list of words that rates news where nobody serves a model: `python workers/vader/main.py PORT`, on this machine only.

It speaks as much of OpenAI's completions as the sentiment agents ask for, and calls itself what it is. The chances that it gives are a stated
prior: a list of words that sees a direction is taken to be right in 55 of 100 cases, whatever it counts.
"""

import json
import math
import os
import re
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from vader import SentimentIntensityAnalyzer
from words import MARKET_WORDS

MODEL = "vader-words-1"
"""Changes with the list, VADER's or ours, and with the rule below: its agent's record is of one of them."""
_LABELS = ("positive", "neutral", "negative")
_DIRECTION = 0.05
"""From this score on, of -1 to 1, its authors call a text positive or negative."""
_STRENGTH = 0.55
_MOST_BYTES = 100_000
_INPUT = re.compile(r"\nInput: (.*)\nAnswer: $", re.DOTALL)

_analyzer = SentimentIntensityAnalyzer(extra_lexicon=MARKET_WORDS)


def chances_of(text: str) -> dict[str, float]:
    """Of each label, adding up to 1."""
    score = _analyzer.polarity_scores(text)["compound"]
    label = "positive" if score >= _DIRECTION else "negative" if score <= -_DIRECTION else "neutral"
    return {each: _STRENGTH if each == label else (1 - _STRENGTH) / 2 for each in _LABELS}


def completion(request: object) -> dict[str, object] | None:
    """The answer to a request for a completion, or None to what is none that it can serve."""
    prompt = request.get("prompt") if isinstance(request, dict) and request.get("model") == MODEL else None
    found = _INPUT.search(prompt) if isinstance(prompt, str) else None
    if found is None:
        return None
    chances = chances_of(found.group(1))
    choice = {
        "index": 0,
        "text": max(chances, key=lambda label: chances[label]),
        "finish_reason": "stop",
        "logprobs": {"top_logprobs": [{label: math.log(chance) for label, chance in chances.items()}]},
    }
    return {"id": MODEL, "object": "text_completion", "model": MODEL, "choices": [choice], "usage": {"total_tokens": 0}}


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        """`/healthz` and `/v1/models`."""
        if self.path == "/healthz":
            self._answer(200, {"status": "ok"})
        elif self.path == "/v1/models":
            self._answer(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        else:
            self._answer(404, {"error": "only /healthz, /v1/models and /v1/completions"})

    def do_POST(self) -> None:
        """`/v1/completions`."""
        size = int(self.headers.get("content-length") or 0)
        if self.path != "/v1/completions" or not 0 < size <= _MOST_BYTES:
            self._answer(404 if size <= _MOST_BYTES else 413, {"error": "only /v1/completions of up to 100 kB"})
            return
        try:
            answer = completion(json.loads(self.rfile.read(size)))
        except ValueError:
            answer = None
        if answer is None:
            self._answer(400, {"error": f"only the prompt of the sentiment agents, for the model {MODEL}"})
        else:
            self._answer(200, answer)

    def _answer(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing of each request."""


def _end_with_parent(server: ThreadingHTTPServer) -> None:
    """Waits for the end of stdin, whose other end only the supervisor holds: whatever killed it, the system closes it."""
    while os.read(0, 4096):
        pass
    server.shutdown()


def main(arguments: list[str]) -> int:
    """The exit code; what went wrong stands on stderr in one sentence."""
    if len(arguments) != 1 or not arguments[0].isdigit():
        print("Say on which port to listen: main.py PORT.", file=sys.stderr)
        return 2
    port = int(arguments[0])
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    except (OSError, OverflowError) as fault:
        print(f"Port {port} cannot be listened on ({fault}): change agents.vader.port.", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    if os.environ.get("SAPPHIRE_SUPERVISED") == "1":
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    print(json.dumps({"ready": True, "url": f"http://127.0.0.1:{server.server_address[1]}"}), flush=True)
    server.serve_forever()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
