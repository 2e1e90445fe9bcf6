#!/usr/bin/env python
"""Run Fermon's management commands: migrate, runserver, qcluster, createsuperuser, ..."""

import sys

from fermon_site.cli import manage

if __name__ == "__main__":
    sys.exit(manage(sys.argv[1:], program=sys.argv[0]))
