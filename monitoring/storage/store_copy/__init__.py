"""Migrate a live SQLite database to PostgreSQL: copy and compare; the source is never written to.

``copying`` is the entry point. Measurements are copied in pages in the order of their ids while Fermon keeps
storing; then, within one snapshot of the source, all other tables, and the comparison of every day.
"""
