"""
What VADER's list of words, made for the talk of social networks, lacks or misreads in news of markets.

Ours, by hand, on VADER's own scale from -4 to 4: nobody has measured it, and the scores of its agent say what it is worth.
"""

MARKET_WORDS: dict[str, float] = {
    # No praise and no blame in this trade.
    **dict.fromkeys(
        ["interest", "share", "shares", "trust", "security", "securities", "asset", "assets", "credit", "value"], 0.0
    ),
    **dict.fromkeys(["block", "blocks", "cut", "cuts", "energy", "novel", "top", "united", "stable", "free", "fine"], 0.0),
    # Prices.
    **dict.fromkeys(["rally", "rallies", "rallied", "surge", "surges", "surged", "soar", "soars", "soared"], 2.0),
    **dict.fromkeys(["rise", "rises", "rose", "climb", "climbs", "jump", "jumps", "rebound", "rebounds", "recovers"], 1.5),
    **dict.fromkeys(["bullish", "breakout", "inflow", "inflows", "adoption", "adopts", "upgrade", "upgrades"], 1.3),
    **dict.fromkeys(["plunge", "plunges", "plunged", "crash", "crashes", "crashed", "collapse", "collapses"], -2.5),
    **dict.fromkeys(["slump", "slumps", "tumble", "tumbles", "tumbled", "selloff", "sell-off", "sinks", "plummets"], -2.0),
    **dict.fromkeys(["fall", "falls", "fell", "slide", "slides", "slid", "dip", "dips", "decline", "declines"], -1.5),
    **dict.fromkeys(["bearish", "outflow", "outflows", "downgrade", "downgrades", "liquidation", "liquidations"], -1.3),
    # What happens to exchanges, chains and their owners.
    **dict.fromkeys(["hack", "hacks", "hacked", "hackers", "exploit", "exploits", "exploited", "depeg", "depegs"], -2.5),
    **dict.fromkeys(["lawsuit", "sues", "sued", "subpoena", "subpoenas", "probe", "delist", "delists", "delisting"], -1.7),
    **dict.fromkeys(["insolvent", "insolvency", "bankruptcy", "halts", "halted", "outage", "default", "defaults"], -1.7),
}
