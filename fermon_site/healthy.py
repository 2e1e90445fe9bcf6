"""Check the web server on this machine: ``python -m fermon_site.healthy`` exits with 0 if healthy, else 1.

Request ``/health`` with the first of ``ALLOWED_HOSTS`` as host name; any status but 200 means unhealthy. The
check loads no settings, so a call every half minute costs little.
"""

import http.client
import sys

from fermon_site import environment
from monitoring.access.addresses import address_to_reach

PATIENCE_S = 8


def main() -> int:
    """Print the server's answer and return the exit code."""
    host = environment.text("FERMON_HOST", "127.0.0.1")
    port = environment.whole_number("FERMON_PORT", 8000, lowest=1, highest=65535)
    named = [name for name in environment.words("ALLOWED_HOSTS") if name != "*"]
    connection = http.client.HTTPConnection(address_to_reach(host), port, timeout=PATIENCE_S)
    # A name with a leading dot stands for every name with that ending.
    headers = {"Host": named[0].lstrip(".")} if named else {}
    try:
        connection.request("GET", "/health", headers={"Accept": "application/json", **headers})
        answer = connection.getresponse()
        sys.stdout.write(f"{answer.status} {answer.read(500).decode(errors='replace')}\n")
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    finally:
        connection.close()
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
