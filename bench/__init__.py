"""What Fermon does in a second, measured on the machine that it runs on: ``make bench``."""
