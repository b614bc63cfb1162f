import os
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from forecasting.config import LagLlamaSettings
from forecasting.models.checkpoint import sha256_of
from forecasting.refusal import Refused
from forecasting.weights import lag_llama
from tests.weights import random_weights, write_safetensors

HUB = "time-series-foundation-models/Lag-Llama"


class FakeHub(BaseHTTPRequestHandler):
    """Answers as the Hugging Face Hub does for one file of one repository. The client is the real one."""

    content: bytes
    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        known = self.path == f"/{HUB}/resolve/main/model.safetensors" or self.path.endswith(
            "/resolve/c0ffee/model.safetensors"
        )
        self.send_response(200 if known else 404)
        self.send_header("ETag", '"the-etag"')
        self.send_header("X-Repo-Commit", "c0ffee")
        self.send_header("Content-Length", str(len(self.content) if known else 0))
        self.end_headers()
        if with_body and known:
            self.wfile.write(self.content)

    def log_message(self, *_: object) -> None: ...


class HubTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.enterContext(patch.dict(os.environ, SAPPHIRE_CACHE=str(self.folder)))
        self.file = write_safetensors(self.folder / "published.safetensors", random_weights(1))
        FakeHub.content, FakeHub.asked = self.file.read_bytes(), []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        origin = f"http://127.0.0.1:{self.server.server_port}"
        template = f"{origin}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        self.enterContext(patch("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template))

    def refused(self, settings: LagLlamaSettings) -> Refused:
        result = lag_llama(settings)
        assert isinstance(result, Refused)
        return result

    def test_weights_are_fetched_once_and_held_against_the_hash(self) -> None:
        for _ in range(2):
            self.assertIn("untrained", self.refused(LagLlamaSettings(None, sha256_of(self.file), HUB)).detail)
        self.assertEqual(len(FakeHub.asked), 1)
        self.assertIn("it was not opened", self.refused(LagLlamaSettings(None, "0" * 64, HUB)).detail)

    def test_a_hub_without_the_file_means_an_abstention_with_the_way_out(self) -> None:
        refused = self.refused(LagLlamaSettings(None, None, "somebody/else"))
        self.assertEqual(refused.reason, "unavailable")
        self.assertIn("fetch the file yourself and set agents.lag-llama.checkpoint", refused.detail)
