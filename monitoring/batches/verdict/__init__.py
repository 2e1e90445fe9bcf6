"""Probe or process: tell from checks and balances whether a deviation is of a probe or of the process."""
