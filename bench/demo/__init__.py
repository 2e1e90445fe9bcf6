"""The design of Fermon's predecessor, for comparison: a plain endpoint that queries the past of each reading.

Each reading is judged by a SELECT of the last 50 values of its tag; a request is a transaction. No web
framework, ORM or schema library: the original, with FastAPI and SQLAlchemy, is slower than this.
"""
