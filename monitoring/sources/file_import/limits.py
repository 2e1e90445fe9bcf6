"""Bounds of a file that is imported. This module is read by a process without Django."""

MOST_BYTES = 64 * 2**20
MOST_CELLS = 5_000_000
MOST_RATIO = 100  # of a workbook unpacked to packed
MOST_UNPACKED = 2**30
MOST_SERIES = 1000
# Of the process that reads a workbook: address space in bytes, processor time in seconds.
WORKBOOK_MEMORY = 2**30
WORKBOOK_SECONDS = 300
