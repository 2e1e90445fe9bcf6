"""Web push: what a browser can decrypt and a push service can verify, and subscriptions that are gone."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from pytest_django import Settings

from monitoring.models import Channel, Person, PushSubscription
from monitoring.notifications.channels.web_push.encrypting import MOST_PLAIN, decoded, encrypt
from monitoring.notifications.channels.web_push.sender import send
from monitoring.notifications.message import Result
from monitoring.notifications.push_keys import FILE, PushKeyError, as_text, contact, private_key, public_key
from tests.notifications.local_targets import (
    Behaviour,
    LocalTarget,
    answer,
    hang,
    limit,
    local_target,
    within,
)
from tests.notifications.messages import MESSAGE, target

# RFC 8291, appendix A.
RFC = {
    "text": "When I grow up, I want to be a watermelon",
    "own": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "body": (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    ),
}


class Browser:
    """A browser's keys, and the decryption that it does (RFC 8291, 3.4), without Fermon's code."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"0123456789abcdef"
        numbers = self.key.public_key().public_numbers()
        self.point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    def decrypt(self, body: bytes) -> bytes:
        salt, length = body[:16], body[20]
        theirs, text = body[21 : 21 + length], body[21 + length :]
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        )
        secret = hmac(hmac(self.auth, shared), b"WebPush: info\0" + self.point + theirs + b"\1")
        base = hmac(salt, secret)
        key = hmac(base, b"Content-Encoding: aes128gcm\0\1")[:16]
        nonce = hmac(base, b"Content-Encoding: nonce\0\1")[:12]
        plain = AESGCM(key).decrypt(nonce, text, None)
        assert plain.endswith(b"\2")
        return plain[:-1]


def hmac(key: bytes, text: bytes) -> bytes:
    found = HMAC(key, SHA256())
    found.update(text)
    return found.finalize()


@pytest.fixture
def channel(settings: Settings) -> Channel:
    settings.FERMON_PUSH_CONTACT = "mailto:ops@plant.example"
    return Channel.objects.create(name="phone", kind="web_push", person=Person.objects.create(name="Anna"))


def subscribe(channel: Channel, local: LocalTarget, browser: Browser, path: str) -> PushSubscription:
    return PushSubscription.objects.create(
        channel=channel,
        endpoint=f"http://127.0.0.1:{local.port}/{path}",
        p256dh=as_text(browser.point),
        auth=as_text(browser.auth),
        added_at=MESSAGE.lines[0].since,
    )


def test_the_encryption_is_that_of_the_rfc() -> None:
    own = ec.derive_private_key(int.from_bytes(decoded(RFC["own"]), "big"), ec.SECP256R1())
    body = encrypt(RFC["text"].encode(), RFC["p256dh"], RFC["auth"], own=own, salt=decoded(RFC["salt"]))
    assert as_text(body) == RFC["body"]


def test_a_message_has_at_most_4096_bytes() -> None:
    browser = Browser()
    keys = as_text(browser.point), as_text(browser.auth)
    assert len(encrypt(b"x" * MOST_PLAIN, *keys)) == 4096
    with pytest.raises(ValueError, match="at most"):
        encrypt(b"x" * (MOST_PLAIN + 1), *keys)


@pytest.mark.django_db
def test_the_browser_decrypts_and_the_push_service_verifies(channel: Channel) -> None:
    browser = Browser()
    with local_target(answer("201 Created")) as local:
        subscribe(channel, local, browser, "one")
        assert send(MESSAGE, target(channel=channel.pk)).result is Result.OK
    (received,) = local.received
    assert json.loads(browser.decrypt(received.body)) == {
        "title": MESSAGE.subject,
        "body": MESSAGE.short_text,
        "url": MESSAGE.url,
        "acknowledge_url": "https://plant.example/acknowledge/token",
        "tag": "m-1",
        "priority": "critical",
    }
    assert received.headers["ttl"] == "3600"
    assert received.headers["urgency"] == "high"
    assert received.headers["content-encoding"] == "aes128gcm"
    assert len(received.headers["topic"]) == 32
    token, _, key = received.headers["authorization"].removeprefix("vapid t=").partition(", k=")
    assert key == public_key()
    head, claims, signature = token.split(".")
    raw = decoded(signature)
    pair = encode_dss_signature(*(int.from_bytes(raw[at : at + 32], "big") for at in (0, 32)))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    point.verify(pair, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    said = json.loads(urlsafe_b64decode(claims + "=="))
    assert (said["aud"], said["sub"]) == (f"http://127.0.0.1:{local.port}", "mailto:ops@plant.example")


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_a_subscription_that_is_gone_is_deleted_and_the_channel_with_the_last(
    channel: Channel, status: str
) -> None:
    with local_target(answer("201 Created")) as good, local_target(answer(status)) as gone:
        subscribe(channel, gone, Browser(), "one")
        kept = subscribe(channel, good, Browser(), "two")
        assert send(MESSAGE, target(channel=channel.pk)).result is Result.OK
        assert list(channel.subscriptions.all()) == [kept]
        PushSubscription.objects.filter(pk=kept.pk).update(endpoint=f"http://127.0.0.1:{gone.port}/two")
        outcome = send(MESSAGE, target(channel=channel.pk))
    assert (outcome.result, outcome.is_gone) == (Result.PERMANENT, True)
    assert not channel.subscriptions.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        (hang, answer("201 Created"), Result.OK),
        (answer("429 Slow", "Retry-After: 9"), answer("403 No"), Result.TEMPORARY),
        (answer("403 No"), answer("403 No"), Result.PERMANENT),
    ],
)
def test_one_browser_that_got_it_is_enough(
    channel: Channel, first: Behaviour, second: Behaviour, result: Result
) -> None:
    limit_s = limit(0.8)
    with local_target(first) as one, local_target(second) as two, within(limit_s):
        subscribe(channel, one, Browser(), "one")
        subscribe(channel, two, Browser(), "two")
        outcome = send(MESSAGE, target(channel=channel.pk), limit_s)
    assert outcome.result is result
    assert not outcome.is_gone
    assert outcome.retry_after_s == (9 if result is Result.TEMPORARY else None)


@pytest.mark.django_db
def test_a_push_service_has_tls_and_is_elsewhere(channel: Channel) -> None:
    with local_target(answer("201 Created")) as local:
        found = subscribe(channel, local, Browser(), "one")
        outcomes = [send(MESSAGE, target(channel=channel.pk, allows_local=False))]
        PushSubscription.objects.filter(pk=found.pk).update(endpoint=f"https://127.0.0.1:{local.port}/")
        outcomes.append(send(MESSAGE, target(channel=channel.pk, allows_local=False)))
    assert [outcome.result for outcome in outcomes] == [Result.PERMANENT] * 2
    assert local.connections == 0


def test_the_key_is_made_once_and_is_private(data_dir: Path) -> None:
    first = public_key()
    assert public_key() == first
    assert len(decoded(first)) == 65
    assert (data_dir / FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in data_dir.iterdir()] == [FILE]
    (data_dir / FILE).write_text("no key")
    with pytest.raises(PushKeyError, match="delete it for a new key"):
        private_key()


@pytest.mark.django_db
def test_the_contact_is_set_or_an_administrators(settings: Settings, django_user_model) -> None:
    settings.FERMON_PUSH_CONTACT = settings.FERMON_EMAIL_FROM = ""
    with pytest.raises(PushKeyError, match="FERMON_PUSH_CONTACT"):
        contact()
    django_user_model.objects.create_superuser("root", "root@plant.example", "x")
    assert contact() == "mailto:root@plant.example"
    settings.FERMON_EMAIL_FROM = "fermon@plant.example"
    assert contact() == "mailto:fermon@plant.example"
    settings.FERMON_PUSH_CONTACT = "https://plant.example/contact"
    assert contact() == "https://plant.example/contact"
