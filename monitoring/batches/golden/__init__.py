"""Golden profiles: the course of good batches by phase and progress, with limits."""
