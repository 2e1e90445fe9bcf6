"""Tells the reader of new measurements at once what it would else find out when it looks again."""

import threading

stored = threading.Event()  # set by this process's writers, cleared by its one reader
