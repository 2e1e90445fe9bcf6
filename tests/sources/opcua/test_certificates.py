"""Fermon's application certificate, and trust in those of servers."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from monitoring.sources.opcua.certificates import (
    CERTIFICATE_FILE,
    KEY_FILE,
    application_identity,
    check_fingerprint,
    ending_notice,
    fingerprint_of,
    user_identity,
)
from monitoring.sources.session import SourceError

ONE, OTHER = "ab" * 32, "cd" * 32


def test_the_certificate_is_made_once_for_ten_years_and_private(tmp_path):
    identity = application_identity()
    assert application_identity() == identity
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert (tmp_path / CERTIFICATE_FILE).read_bytes() == identity.certificate
    certificate = x509.load_der_x509_certificate(identity.certificate)
    assert certificate.public_key() == load_pem_private_key(identity.key, None).public_key()
    assert identity.ends - datetime.now(UTC) > timedelta(days=3_649)
    assert identity.uri.startswith("urn:")
    assert len(fingerprint_of(certificate)) == 64


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / KEY_FILE).write_text("-----BEGIN NOTHING-----")
    with pytest.raises(SourceError, match=KEY_FILE):
        application_identity()


@pytest.mark.parametrize(("days", "words"), [(61, ""), (59, "ends on"), (-1, "ended on")])
def test_a_certificate_that_ends_soon_is_told(days, words):
    notice = ending_notice("It", datetime.now(UTC) + timedelta(days=days), "Renew it.")
    assert (words in notice) if words else (notice == "")


def test_only_the_trusted_certificate_passes():
    check_fingerprint(ONE, ":".join(["AB"] * 32))
    with pytest.raises(SourceError, match=f"unknown: SHA-256 {ONE}"):
        check_fingerprint(ONE, "")
    with pytest.raises(SourceError, match=f"has changed: SHA-256 {OTHER}"):
        check_fingerprint(OTHER, ONE)


def test_a_user_s_certificate_must_be_pem():
    with pytest.raises(SourceError, match="BEGIN CERTIFICATE"):
        user_identity("no", "no")
