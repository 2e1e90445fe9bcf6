"""Metrics for Prometheus, read from the database, the leases and the disk at each scrape.

No process counts by itself, so every web process answers alike, and a restart sets no counter back. Counters
are ids that the database has given, which never decrease, or numbers since the start of the UTC day, which
begin at 0 again; ``rate()`` and ``increase()`` of Prometheus take both. No metric has a label by tag.
"""
