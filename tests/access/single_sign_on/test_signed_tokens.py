"""Which tokens count: signature, algorithm, issuer, audience, times, kind."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.access.single_sign_on.signed_tokens import (
    LEEWAY_S,
    InvalidTokenError,
    UnknownKeyError,
    refuse_other_kinds,
    usable_keys,
    verified_claims,
)
from tests.access.single_sign_on.signing import CLIENT, ISSUER, claims, ec_key, key_set, rsa_key, signed


def verified(token: str, audience: str | None = CLIENT, **keys: Any) -> dict[str, Any]:
    found = usable_keys(key_set(**(keys or {"one": rsa_key()})))
    return verified_claims(token, found, issuer=ISSUER, audience=audience)


def test_a_token_in_order_gives_its_claims() -> None:
    assert verified(signed(claims()))["preferred_username"] == "gateway"
    assert verified(signed(claims(aud=["account", CLIENT])))["sub"] == "7f1e"
    assert verified(signed(claims(), key=ec_key(), alg="ES256"), one=ec_key())["sub"] == "7f1e"


def test_without_a_key_id_the_only_key_of_its_algorithm_counts() -> None:
    assert verified(signed(claims(), kid=None), one=rsa_key(), two=ec_key())["sub"] == "7f1e"
    with pytest.raises(UnknownKeyError):
        verified(signed(claims(), kid=None), one=rsa_key(), two=rsa_key("second"))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"exp": -LEEWAY_S - 5}, "expired"),
        ({"nbf": LEEWAY_S + 60}, "not valid yet"),
        ({"iat": LEEWAY_S + 60}, "not valid yet"),
        ({"iss": "https://elsewhere.example"}, "another issuer"),
        ({"aud": "another"}, "another audience"),
        ({"aud": None}, "lacks the claim aud"),
        ({"exp": None}, "lacks the claim exp"),
        ({"sub": None}, "lacks the claim sub"),
        ({"sub": 7}, "malformed"),
    ],
)
def test_a_claim_that_is_wrong_is_told(changed: dict[str, Any], why: str) -> None:
    now = time.time()
    times = {name: int(now) + changed[name] for name in ("exp", "nbf", "iat") if changed.get(name)}
    with pytest.raises(InvalidTokenError, match=why):
        verified(signed(claims(now, **(changed | times))))


def test_clocks_may_differ_a_little() -> None:
    now = time.time()
    assert verified(signed(claims(now, exp=int(now) - LEEWAY_S // 2, iat=int(now) + LEEWAY_S // 2)))


def test_another_key_signs_nothing() -> None:
    with pytest.raises(InvalidTokenError, match="signature is wrong"):
        verified(signed(claims(), key=rsa_key("second")))
    with pytest.raises(UnknownKeyError):
        verified(signed(claims(), kid="another"))


def test_neither_no_algorithm_nor_the_public_key_as_a_password_gets_in() -> None:
    unsigned = jwt.encode(claims(), None, algorithm="none", headers={"kid": "one"})
    with pytest.raises(InvalidTokenError, match="algorithm"):
        verified(unsigned)
    public = base64.urlsafe_b64encode(json.dumps(key_set(one=rsa_key())).encode()).decode()
    by_password = jwt.encode(claims(), public, algorithm="HS256", headers={"kid": "one"})
    with pytest.raises(InvalidTokenError, match="algorithm"):
        verified(by_password)
    with pytest.raises(UnknownKeyError):  # the header's algorithm must be the key's
        verified(signed(claims(), key=ec_key(), alg="ES256"), one=rsa_key())


def test_passwords_and_keys_for_encryption_are_no_keys_for_signatures() -> None:
    encryption = {**key_set(one=rsa_key())["keys"][0], "use": "enc"}
    password = {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "two"}
    assert usable_keys({"keys": [encryption, password, {"kty": "?"}, None, 3]}) == []
    assert usable_keys({"keys": {}}) == []


@given(st.data())
def test_no_changed_token_counts(data: st.DataObject) -> None:
    token = signed(claims(0, exp=2**33))
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from("ABCDwxyz0189-_.="))
    changed = token[:place] + sign + token[place + 1 :]
    try:
        found = verified(changed)
    except InvalidTokenError:
        return
    assert found == verified(token)  # the last letter of base64 has bits that mean nothing


@given(st.text())
def test_text_is_never_an_error_of_the_server(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        verified(text)


@pytest.mark.parametrize(
    "other",
    [{"nonce": "n"}, {"at_hash": "h"}, {"typ": "ID", "nonce": "n"}, {"typ": "Refresh"}, {"events": {}}],
)
def test_tokens_for_the_browser_are_no_access_tokens(other: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError, match="no access token"):
        refuse_other_kinds(claims(**other))


@pytest.mark.parametrize(
    "other", [{}, {"typ": "Bearer"}, {"typ": "Bearer", "nonce": "as old Keycloaks have"}]
)
def test_access_tokens_are(other: dict[str, Any]) -> None:
    refuse_other_kinds(claims(**other))
