"""Watch: compare a batch with golden batches minute by minute, and find deviations."""
