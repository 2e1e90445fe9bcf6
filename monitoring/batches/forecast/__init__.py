"""Forecasts of a running batch, shown where the same forecasts were right in past batches."""
