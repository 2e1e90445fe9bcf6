"""Detectors: one module for each kind of fault, and the learning that they share."""
