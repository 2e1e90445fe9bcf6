"""Benchmarks of Fermon on the current machine: ``make bench``."""
