"""Runs Hummingbot's engine headless on an exchange that speaks Binance's protocol, driven over MQTT.

Hummingbot has its endpoints as constants and its folders beside its package. Both are changed before anything of it is imported: the addresses
to those of the paper exchange, the folders to one of ours, so that nothing is written into the installation.

Argument: path of a private JSON file with ``root``, ``rest``, ``streams``, ``socketApi``, ``apiKey``, ``secret``, ``password``, ``mqttPort``,
``mqttUsername``, ``mqttPassword`` and ``instance``. Ends in good order, its orders cancelled, on SIGTERM and when its stdin ends.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

CONNECTOR = "binance"
STRATEGY_FILE = "sapphire.yml"


def redirect(settings: dict) -> None:
    """Points the package at our folder and our exchange; must run before any other import of it."""
    import hummingbot

    root = Path(settings["root"])
    hummingbot.root_path = lambda: root
    hummingbot.set_prefix_path(str(root))
    sys.path.insert(0, str(root))

    from hummingbot.connector.exchange.binance import binance_constants

    # It adds the version itself.
    binance_constants.REST_URL = settings["rest"].removesuffix("v3")
    binance_constants.WSS_URL = settings["streams"]
    binance_constants.WSS_API_URL = settings["socketApi"]


def name_account(settings: dict) -> None:
    """Sends the account's key with public requests, too: what nobody's may weigh together, any program of this machine can use up."""
    from hummingbot.connector.exchange.binance import binance_web_utils
    from hummingbot.core.web_assistant.rest_pre_processors import RESTPreProcessorBase
    from hummingbot.core.web_assistant.web_assistants_factory import WebAssistantsFactory

    class NamedRequests(RESTPreProcessorBase):
        async def pre_process(self, request):
            request.headers = {**(request.headers or {}), "X-MBX-APIKEY": settings["apiKey"]}
            return request

    class NamedAssistants(WebAssistantsFactory):
        def __init__(self, *args, rest_pre_processors=None, **options):
            super().__init__(*args, rest_pre_processors=[*(rest_pre_processors or []), NamedRequests()], **options)

    binance_web_utils.WebAssistantsFactory = NamedAssistants


def keep_keys(settings: dict):
    """Logs in with the folder's own password and hands the account's keys to the connector."""
    from hummingbot.client.config import config_crypt
    from hummingbot.client.config.config_helpers import ClientConfigAdapter
    from hummingbot.client.config.security import Security
    from hummingbot.connector.exchange.binance.binance_utils import BinanceConfigMap

    secrets = config_crypt.ETHKeyFileSecretManger(settings["password"])
    if not config_crypt.PASSWORD_VERIFICATION_PATH.exists():
        config_crypt.store_password_verification(secrets)
    if not Security.login(secrets):
        raise SystemExit("the engine's folder was made with another password: remove it")
    keys = BinanceConfigMap(binance_api_key=settings["apiKey"], binance_api_secret=settings["secret"])
    Security.update_secure_config(ClientConfigAdapter(keys))
    return secrets


async def serve(settings: dict) -> None:
    from hummingbot.client.config.config_helpers import load_client_config_map_from_file
    from hummingbot.client.runner import bootstrap_application, load_and_start_strategy

    secrets = keep_keys(settings)
    client = load_client_config_map_from_file()
    client.instance_id = settings["instance"]
    client.mqtt_bridge.mqtt_host = "127.0.0.1"
    client.mqtt_bridge.mqtt_port = settings["mqttPort"]
    client.mqtt_bridge.mqtt_username = settings["mqttUsername"]
    client.mqtt_bridge.mqtt_password = settings["mqttPassword"]
    hummingbot = await bootstrap_application(client, secrets, headless=True, mqtt_autostart=True)
    if hummingbot is None:
        raise SystemExit("the engine refused its password")

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)), daemon=True).start()

    if not await load_and_start_strategy(hummingbot, v2_conf=STRATEGY_FILE, headless=True):
        raise SystemExit("the engine could not start its strategy: its log says why")
    await stop.wait()
    try:
        await hummingbot.stop_loop()
    finally:
        await hummingbot.trading_core.shutdown()


def main() -> None:
    settings = json.loads(Path(sys.argv[1]).read_text())
    os.chdir(settings["root"])
    redirect(settings)
    name_account(settings)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(serve(settings))
    except SystemExit as refusal:
        print(refusal, file=sys.stderr, flush=True)
        os._exit(1)
    # Threads of the connectors would keep the interpreter for as long as they like.
    os._exit(0)


if __name__ == "__main__":
    main()
