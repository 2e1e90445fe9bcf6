"""Evaluation of the watching of batches, with simulated faults."""
