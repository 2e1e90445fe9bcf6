"""Connections to targets: each ends by a deadline and reaches only addresses that are allowed."""
