"""Nothing is published, passwords travel encrypted, certificates are checked."""

import asyncio
import datetime
import hashlib
import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.mqtt import link, probe
from monitoring.sources.mqtt.driver import run
from monitoring.sources.mqtt.settings import default_client_id
from monitoring.sources.session import SourceError, State
from tests.own_mosquitto import QUICK, Mosquitto
from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of, received, running, until
from tests.sources.mqtt.recording_proxy import RecordingProxy

PASSWORD = "Gär-Kessel 7"  # noqa: S105  # of a broker that lives for one test
# mosquitto_passwd is no part of every installation: its hash of PASSWORD.
ITERATIONS = 101


def password_line(user: str, password: str) -> str:
    """Return a line of mosquitto's password file."""
    from base64 import b64encode

    salt = b"0123456789ab"
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"{user}:$7${ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}\n"


class Authority:
    """A certificate authority that signs for brokers and clients."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._sign(self.name, self.key, is_authority=True)

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, common_name: str) -> tuple[str, str]:
        """Return certificate and key as PEM text."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return pem(self._sign(name, key, is_authority=False)), key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def secure_broker(tmp_path: Path, authority: Authority):
    """A broker with TLS that asks for a client certificate and a password."""
    certificate, key = authority.issue("127.0.0.1")
    files = {"ca": pem(authority.certificate), "cert": certificate, "key": key}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "passwords").write_text(password_line("fermon", PASSWORD))
    (tmp_path / "acl").write_text("user fermon\ntopic read plant/#\n")
    lines = [
        f"cafile {tmp_path / 'ca'}",
        f"certfile {tmp_path / 'cert'}",
        f"keyfile {tmp_path / 'key'}",
        "require_certificate true",
        f"password_file {tmp_path / 'passwords'}",
        f"acl_file {tmp_path / 'acl'}",
        "allow_anonymous false",
    ]
    broker = Mosquitto(tmp_path / "broker", [*QUICK, *lines])
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def secure_config(secure_broker: Mosquitto, authority: Authority) -> SourceConfig:
    certificate, key = authority.issue("fermon")
    return config_of(
        secure_broker.port,
        MappingRule("plant/{t}", "{t}"),
        tls="on",
        ca=pem(authority.certificate),
        certificate=certificate,
        key=key,
        user="fermon",
        password=PASSWORD,
    )


def with_fields(config: SourceConfig, **fields: str) -> SourceConfig:
    return replace(config, fields={**config.fields, **fields})


def test_the_driver_never_publishes(broker: Mosquitto, monkeypatch):
    monkeypatch.setattr(link, "KEEPALIVE_S", 1)
    monkeypatch.setattr(probe, "FIRST_VALUE_S", 0.2)
    proxy = RecordingProxy(broker.port)

    async def go():
        async with proxy.running():
            await received(FakeSession(config_of(proxy.port, filters="old/#")), 0)
            config = config_of(proxy.port, availability_topic="plant/status")
            session = FakeSession(config)
            async with running(session):
                messages = (
                    ("old/x", "1"),
                    ("plant/temp", "2"),
                    ("plant/temp", "no"),
                    ("plant/status", "offline"),
                )
                await asyncio.to_thread(broker.publish, *messages)
                await until(lambda: proxy.sent["PINGREQ"] and proxy.sent["UNSUBSCRIBE"])
            async for _ in probe.check_connection(config):
                pass
            await until(lambda: proxy.sent["DISCONNECT"] == 3)
        return session

    session = asyncio.run(go())
    assert len(session.samples) == 1
    assert set(proxy.sent) == {"CONNECT", "SUBSCRIBE", "UNSUBSCRIBE", "PUBACK", "PINGREQ", "DISCONNECT"}


def test_tls_with_client_certificate_and_password(secure_config: SourceConfig):
    assert asyncio.run(received(FakeSession(secure_config), 0)) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": "wrong"}, "user and password|not authorised"),
        ({"ca": ""}, "certificate is not trusted"),
        ({"tls": "off", "allow_plain_password": "yes", "certificate": "", "key": "", "ca": ""}, "broker"),
        ({"tls": "off"}, "plain text"),
        ({"certificate": "", "key": ""}, "broker"),
        ({"key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"}, "can't be used"),
    ],
)
def test_a_refused_login_is_named_without_secrets(secure_config: SourceConfig, fields, words):
    session = FakeSession(with_fields(secure_config, **fields))
    with pytest.raises(SourceError, match=words) as error:
        asyncio.run(asyncio.wait_for(run(session), 30))
    assert PASSWORD not in str(error.value)
    assert "c2VjcmV0" not in str(error.value)
    assert (State.CONNECTED, "") not in session.states


def test_a_trusted_certificate_needs_no_authority(secure_config: SourceConfig, tmp_path: Path):
    shown = (
        x509.load_pem_x509_certificate((tmp_path / "cert").read_bytes()).fingerprint(hashes.SHA256()).hex()
    )
    config = replace(with_fields(secure_config, ca=""), trusted_certificate=shown)
    assert asyncio.run(received(FakeSession(config), 0)) == []

    async def steps():
        return [step async for step in probe.check_connection(with_fields(secure_config, ca=""))]

    name, is_done, text = asyncio.run(steps())[-1]
    assert (name, is_done) == ("certificate", False)
    assert shown in text
    with pytest.raises(SourceError, match=shown):
        asyncio.run(run(FakeSession(replace(config, trusted_certificate="0" * 64))))


def test_the_client_id_belongs_to_the_installation(settings):
    first = default_client_id(7)
    assert first == default_client_id(7)
    assert first != default_client_id(8)
    settings.SECRET_KEY = "another installation"  # noqa: S105
    assert first != default_client_id(7)
