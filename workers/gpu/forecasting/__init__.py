"""Forecasting models as agents: each answers the same question as every other agent, on a task queue of its own."""
