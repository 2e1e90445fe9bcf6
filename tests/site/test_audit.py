"""``.ci/audit`` where the internet is out of reach."""

import os
import subprocess
from pathlib import Path

import pytest

AUDIT = Path(__file__).resolve().parents[2] / ".ci/audit"
NOWHERE = {"https_proxy": "http://127.0.0.1:9", "no_proxy": ""}


@pytest.mark.parametrize(
    ("arguments", "said", "passes"),
    [(["--if-reachable"], "NOT AUDITED: api.osv.dev can't be reached", True), ([], "osv", False)],
)
def test_what_was_not_audited_does_not_look_as_if_it_was(
    arguments: list[str], said: str, passes: bool
) -> None:
    done = subprocess.run(
        [AUDIT, *arguments], env=os.environ | NOWHERE, capture_output=True, text=True, check=False
    )
    assert said in done.stderr
    assert (done.returncode == 0) is passes
