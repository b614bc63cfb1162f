"""Training of a forecaster on exported history."""
