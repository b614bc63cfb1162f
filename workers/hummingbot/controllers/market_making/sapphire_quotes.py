"""A market maker's quotes after Avellaneda and Stoikov (2008), as Hummingbot's own strategy has them for an infinite horizon.

Reservation price r = s - q * gamma * sigma, spread = gamma * sigma + least spread, with s the mid, sigma the deviation of the mid over a minute in
price units, gamma the risk factor, and q the inventory skew: (base value - target) / target, within +-1. With more base than wanted r lies
below the mid, so that the quotes sell sooner than they buy.
"""

from collections import deque
from decimal import Decimal
from statistics import stdev

from pydantic import Field

from hummingbot.core.data_type.common import PriceType, TradeType
from hummingbot.strategy_v2.controllers.market_making_controller_base import (
    MarketMakingControllerBase,
    MarketMakingControllerConfigBase,
)
from hummingbot.strategy_v2.executors.position_executor.data_types import PositionExecutorConfig

SAMPLES = 120
FEWEST_SAMPLES = 10
SAMPLES_PER_MINUTE = 60


class SapphireQuotesConfig(MarketMakingControllerConfigBase):
    controller_name: str = "sapphire_quotes"
    controller_type: str = "market_making"
    risk_factor: Decimal = Field(default=Decimal("1"))
    #: Least half-spread, a fraction of the price.
    min_half_spread: Decimal = Field(default=Decimal("0.0005"))
    #: Value of the base asset that is aimed at, in the quote currency.
    target_base_quote: Decimal = Field(default=Decimal("1000"))


class SapphireQuotes(MarketMakingControllerBase):
    def __init__(self, config: SapphireQuotesConfig, *args, **kwargs):
        super().__init__(config, *args, **kwargs)
        self.config = config
        self._mids: deque[Decimal] = deque(maxlen=SAMPLES)
        self._view: dict = {}

    async def update_processed_data(self):
        config = self.config
        mid = Decimal(
            self.market_data_provider.get_price_by_type(config.connector_name, config.trading_pair, PriceType.MidPrice)
        )
        if not mid.is_finite() or mid <= 0:
            return
        self._mids.append(mid)
        deviation = self._deviation()
        skew = self._skew(mid)
        reservation = mid - skew * config.risk_factor * deviation
        half_spread = config.risk_factor * deviation / (2 * mid) + config.min_half_spread
        self.processed_data = {"reference_price": reservation, "spread_multiplier": half_spread}
        self._view = {
            "trading_pair": config.trading_pair,
            "at": self.market_data_provider.time(),
            "mid": str(mid),
            "reservation_price": str(reservation),
            "spread": str(2 * half_spread * reservation),
            "inventory_skew": str(skew),
            "samples": len(self._mids),
        }

    def _deviation(self) -> Decimal:
        """Deviation of the mid over a minute, in price units, from its steps of about a second."""
        if len(self._mids) < FEWEST_SAMPLES:
            return Decimal(0)
        steps = [float(later - earlier) for earlier, later in zip(self._mids, list(self._mids)[1:])]
        return Decimal(str(stdev(steps) * SAMPLES_PER_MINUTE**0.5))

    def _skew(self, mid: Decimal) -> Decimal:
        connector = self.market_data_provider.get_connector(self.config.connector_name)
        base = self.config.trading_pair.split("-")[0]
        value = Decimal(connector.get_balance(base)) * mid
        target = self.config.target_base_quote
        return max(Decimal(-1), min(Decimal(1), (value - target) / target)) if target > 0 else Decimal(0)

    def get_executor_config(self, level_id: str, price: Decimal, amount: Decimal):
        trade_type: TradeType = self.get_trade_type_from_level_id(level_id)
        return PositionExecutorConfig(
            timestamp=self.market_data_provider.time(),
            level_id=level_id,
            connector_name=self.config.connector_name,
            trading_pair=self.config.trading_pair,
            entry_price=price,
            amount=amount,
            triple_barrier_config=self.config.triple_barrier_config,
            leverage=self.config.leverage,
            side=trade_type,
        )

    def get_custom_info(self) -> dict:
        return self._view
