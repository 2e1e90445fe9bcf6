"""Cases that the tests of the server and of the page's scripts share: both have to show the same.

``tests/js/cases.js`` reads the same files.
"""

import json
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "js/cases"


def cases(file: str, group: str) -> list[dict[str, Any]]:
    """Return the cases of a group in a file of ``tests/js/cases``."""
    found: list[dict[str, Any]] = json.loads((CASES / file).read_text())[group]
    return found
