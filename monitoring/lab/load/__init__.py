"""What a load test sends, when, and what becomes of it."""
