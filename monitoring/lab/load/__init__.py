"""Load test: tags, plan, sending, counting and report."""
