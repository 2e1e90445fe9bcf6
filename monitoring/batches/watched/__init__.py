"""Watch stored batches with the models of ``watch``: read them, keep and show their deviations."""
