"""Encrypted connections to a real server: trust, logins, and a certificate that changes."""

import asyncio

import pytest
from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from monitoring.sources.opcua.certificates import fingerprint_of
from monitoring.sources.opcua.driver import run
from monitoring.sources.opcua.probe import check_connection
from monitoring.sources.session import SourceError
from tests import own_loop
from tests.sources.opcua.peers import AsyncuaServer, config_of, driving, new_session, until, values_of

pytestmark = pytest.mark.no_cover
PASSWORD, WRONG = "a-password-of-this-test", "wr0ng!"
LOGIN = {"user": "operator", "password": PASSWORD}
SECURE = "Basic256Sha256_SignAndEncrypt"


def make_certificate(folder):
    """Make key and certificate of a server; return options of a server, and the fingerprint."""
    folder.mkdir()
    key = generate_private_key()
    names = [x509.UniformResourceIdentifier("urn:freeopcua:python:server"), x509.DNSName("localhost")]
    usage = [ExtendedKeyUsageOID.SERVER_AUTH]
    certificate = generate_self_signed_app_certificate(key, "Plant", {}, names, usage, days=10)
    (folder / "key.pem").write_bytes(dump_private_key_as_pem(key))
    (folder / "certificate.der").write_bytes(certificate.public_bytes(Encoding.DER))
    options = {"certificate": str(folder / "certificate.der"), "key": str(folder / "key.pem")}
    return options, fingerprint_of(certificate)


@pytest.fixture(scope="module")
def secured(launcher, tmp_path_factory):
    """A server with a certificate that wants a login, and the fingerprint."""
    options, fingerprint = make_certificate(tmp_path_factory.mktemp("secured") / "one")
    server = AsyncuaServer(launcher, nodes=1, password=PASSWORD, **options).start()
    yield server, fingerprint
    server.kill()


def error_of(config):
    """Return the error of a driver that can't connect."""
    with pytest.raises(SourceError) as caught:
        own_loop.run(asyncio.wait_for(run(new_session(config)), 30))
    return str(caught.value)


def steps_of(config):
    """Return the ends of the steps of a connection test."""

    async def main():
        return [step async for step in check_connection(config) if step.is_done is not None]

    return own_loop.run(main())


@pytest.mark.parametrize("policy", [SECURE, "Aes256Sha256RsaPss_SignAndEncrypt"])
def test_values_come_encrypted_from_a_trusted_server(secured, policy):
    server, fingerprint = secured

    async def main():
        config = config_of(server.port, ["n0"], policy=policy, trusted=fingerprint, **LOGIN)
        session = new_session(config)
        async with driving(session):
            await until(lambda: len(values_of(session, "n0")) > 2)
        return session

    session = own_loop.run(main())
    assert PASSWORD not in str(session.states)


def test_an_unknown_certificate_is_shown_to_a_person(secured):
    server, fingerprint = secured
    config = config_of(server.port, ["n0"], policy=SECURE, **LOGIN)
    assert f"SHA-256 {fingerprint}" in error_of(config)
    last = steps_of(config)[-1]
    assert last.name == "Certificate"
    assert not last.is_done
    assert fingerprint in last.text


def test_a_changed_certificate_is_refused(secured, launcher, tmp_path):
    _, fingerprint = secured
    options, changed = make_certificate(tmp_path / "two")
    server = AsyncuaServer(launcher, nodes=1, **options).start()
    try:
        error = error_of(config_of(server.port, ["n0"], policy=SECURE, trusted=fingerprint))
    finally:
        server.kill()
    assert "has changed" in error
    assert changed in error


def test_a_wrong_password_is_told_without_it(secured):
    server, fingerprint = secured
    config = config_of(
        server.port, ["n0"], policy=SECURE, trusted=fingerprint, user="operator", password=WRONG
    )
    error = error_of(config)
    assert "password is wrong" in error or "refuses this user" in error
    assert WRONG not in error


def test_a_policy_that_the_server_lacks_is_told_with_those_that_it_offers(secured):
    server, _ = secured
    error = error_of(config_of(server.port, ["n0"], policy="Aes128Sha256RsaOaep_Sign"))
    assert "does not offer Aes128-Sha256-RsaOaep" in error
    assert "Basic256Sha256 signed and encrypted" in error


def test_a_password_crosses_no_open_network_unless_allowed(secured):
    server, _ = secured
    assert "without protection" in error_of(config_of(server.port, ["n0"], **LOGIN))
    allowed = steps_of(config_of(server.port, ["n0"], unprotected_login="yes", **LOGIN))
    assert [step.is_done for step in allowed] == [True] * len(allowed)
    assert allowed[-1].name == "Clock"
