"""The engine's strategy: runs the configured controllers and tells over MQTT what each holds and earned."""

import os
from typing import Dict, List, Optional

from hummingbot.connector.connector_base import ConnectorBase
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction

REPORT_SECONDS = 1


class SapphireConfig(StrategyV2ConfigBase):
    script_file_name: str = os.path.basename(__file__)


class Sapphire(StrategyV2Base):
    def __init__(self, connectors: Dict[str, ConnectorBase], config: Optional[SapphireConfig] = None):
        super().__init__(connectors, config)
        self._reported_at = 0.0

    def on_tick(self):
        super().on_tick()
        if self._pub is not None and not self._is_stop_triggered:
            if self.current_timestamp - self._reported_at >= REPORT_SECONDS:
                self._reported_at = self.current_timestamp
                self._pub({name: self._report(name) for name in self.controllers})

    def _report(self, name: str) -> dict:
        performance = self.get_performance_report(name)
        return {
            "at": self.current_timestamp,
            "realized_pnl": str(performance.realized_pnl_quote) if performance else "0",
            "unrealized_pnl": str(performance.unrealized_pnl_quote) if performance else "0",
            "volume": str(performance.volume_traded) if performance else "0",
            "view": self.controllers[name].get_custom_info(),
        }

    def create_actions_proposal(self) -> List[CreateExecutorAction]:
        """The controllers decide."""
        return []

    def stop_actions_proposal(self) -> List[StopExecutorAction]:
        return []
