"""deploy/nginx and deploy/caddy: what the proxy in front must do for Fermon."""

import re
from pathlib import Path

import pytest

from monitoring.kernel.request_limits import MAX_BODY_BYTES

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NGINX = (DEPLOY / "nginx/fermon.conf").read_text()
CADDY = (DEPLOY / "caddy/Caddyfile").read_text()


def location(name: str) -> str:
    """What nginx does at that address."""
    found = re.search(rf"location (?:= )?{name} \{{(.*?)\n    \}}", NGINX, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["/stream", "/export"])
def test_what_is_sent_bit_by_bit_is_not_held_back(path: str) -> None:
    assert "proxy_buffering off;" in location(path)
    assert "proxy_read_timeout 1h;" in location(path)
    assert "flush_interval -1" in CADDY


def test_readings_are_sent_again_when_a_process_has_just_ended() -> None:
    assert "non_idempotent" in location("/ingest")
    assert "non_idempotent" not in location("/")


def test_the_largest_batch_comes_through() -> None:
    assert MAX_BODY_BYTES < 9 * 10**6  # Caddy's MB
    assert "client_max_body_size 9m;" in NGINX
    assert "max_size 9MB" in CADDY


def test_nobody_outside_may_say_who_they_are() -> None:
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in NGINX
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in NGINX
    assert "header_up X-Forwarded-For {remote_host}" in CADDY


def test_browsers_are_held_to_tls_once() -> None:
    assert 'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;' in NGINX
    assert "proxy_hide_header Strict-Transport-Security;" in NGINX
    assert 'Strict-Transport-Security "max-age=31536000; includeSubDomains"' in CADDY
    assert "header_down -Strict-Transport-Security" in CADDY
    assert "return 308 https://" in NGINX


@pytest.mark.parametrize("text", [NGINX, CADDY])
def test_the_braces_match(text: str) -> None:
    bare = re.sub(r"#.*", "", text)
    assert bare.count("{") == bare.count("}") > 0
