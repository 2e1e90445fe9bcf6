"""A live SQLite history becomes a PostgreSQL one: copied, compared, and never written to itself.

``copying`` is where it begins. Measurements go page by page in the order of their ids while Fermon
stores on; then, within one snapshot of the source, all else, and the comparison of every day.
"""
