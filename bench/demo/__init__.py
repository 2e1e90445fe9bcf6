"""The design of Fermon's predecessor, for comparison: FastAPI and SQLAlchemy under uvicorn.

Each reading is judged by a SELECT of the last 50 values of its tag; a request is a transaction. The packages
are installed for the run, into an environment of their own.
"""
