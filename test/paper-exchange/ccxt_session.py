"""One trading session of Python ccxt on the paper exchange; prints what it saw as one JSON object."""

import asyncio
import json
import os

import ccxt
import ccxt.pro

SYMBOL = "BTC/USDT"
REST = os.environ["PAPER_REST"]
OPTIONS = {
    "apiKey": os.environ["PAPER_KEY"],
    "secret": os.environ["PAPER_SECRET"],
    "enableRateLimit": False,
    "urls": {
        "api": {
            "public": REST,
            "private": REST,
            "ws": {"spot": os.environ["PAPER_WS"], "ws-api": {"spot": os.environ["PAPER_WS_API"]}},
        }
    },
    "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
}


def refusal(call):
    try:
        call()
    except ccxt.BaseError as error:
        return type(error).__name__
    return "accepted"


def trade(seen):
    client = ccxt.binance(OPTIONS)
    seen["symbols"] = sorted(client.load_markets())
    seen["candles"] = len(client.fetch_ohlcv(SYMBOL, "1m", limit=500))
    book = client.fetch_order_book(SYMBOL, 20)
    seen["book"] = len(book["bids"]) == 20 and book["bids"][0][0] < book["asks"][0][0]
    order = client.create_order(SYMBOL, "market", "buy", 0.01)
    seen["market"] = order["status"]
    seen["fee"] = client.fetch_my_trades(SYMBOL)[-1]["fee"]["currency"]
    low = float(client.price_to_precision(SYMBOL, book["bids"][0][0] * 0.9))
    high = float(client.price_to_precision(SYMBOL, book["asks"][0][0] * 1.01))
    resting = client.create_order(SYMBOL, "limit", "buy", 0.01, low, {"clientOrderId": "python-1"})
    seen["limit"] = resting["status"]
    found = client.fetch_order(None, SYMBOL, {"origClientOrderId": "python-1"})
    seen["byClientId"] = found["id"] == resting["id"]
    seen["duplicate"] = refusal(
        lambda: client.create_order(SYMBOL, "limit", "buy", 0.01, low, {"clientOrderId": "python-1"})
    )
    seen["canceled"] = client.cancel_order(resting["id"], SYMBOL)["status"]
    seen["missing"] = refusal(lambda: client.cancel_order(resting["id"], SYMBOL))
    seen["ioc"] = client.create_order(SYMBOL, "limit", "buy", 0.01, low, {"timeInForce": "IOC"})["status"]
    seen["maker"] = refusal(lambda: client.create_order(SYMBOL, "limit", "buy", 0.01, high, {"postOnly": True}))
    seen["poor"] = refusal(lambda: client.create_order(SYMBOL, "limit", "buy", 900, low))
    stop = client.create_order(SYMBOL, "STOP_LOSS_LIMIT", "sell", 0.005, low, {"stopPrice": low})
    seen["stop"] = client.fetch_order(stop["id"], SYMBOL)["status"]
    seen["locked"] = client.fetch_balance()["BTC"]["used"] == 0.005
    client.cancel_all_orders(SYMBOL)


async def watch(seen):
    client = ccxt.pro.binance(OPTIONS)
    try:
        await client.load_markets()
        seen["watchedBook"] = len((await client.watch_order_book(SYMBOL))["bids"]) >= 20
        watching = asyncio.ensure_future(client.watch_orders(SYMBOL))
        await asyncio.sleep(0.7)
        order = await client.create_order(SYMBOL, "market", "buy", 0.001)
        orders = await asyncio.wait_for(watching, 10)
        seen["watchedOrder"] = orders[-1]["id"] == order["id"]
    finally:
        await client.close()


def main():
    seen = {}
    trade(seen)
    asyncio.run(watch(seen))
    print(json.dumps(seen))


main()
