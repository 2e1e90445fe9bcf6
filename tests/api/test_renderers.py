"""Answers as JSON: what DRF would say, only faster."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.test import Client
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.serializer_helpers import ReturnDict

from monitoring.api.renderers import FastJSONRenderer
from monitoring.ingest.outcomes import Status

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        {"text": '°C \u2028 \\ "', "number": 0.1, "whole": 2**53, "flag": True, "nothing": None, "list": []},
        NOON,
        NOON.replace(microsecond=1),
        NOON.replace(tzinfo=None),
        NOON.date(),
        timedelta(minutes=1.5),
        Decimal("1.10"),
        UUID(int=5),
        (1, 2),
        Status.STORED,
        gettext_lazy("Monday"),
        ErrorDetail("tag: unknown", code="invalid"),
        ReturnDict({"a": 1}, serializer=None),
        np.arange(3),
        np.float64(1.5),
        2**70,
        {1: "a number as key"},
        {Status.STORED: 1},
    ],
    ids=repr,
)
def test_every_kind_of_value_is_said_as_drf_says_it(value: Any) -> None:
    expected = json.loads(JSONRenderer().render({"value": value}))
    assert json.loads(FastJSONRenderer().render({"value": value})) == expected


def test_what_nobody_can_say_is_an_error() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        FastJSONRenderer().render({"value": object()})


def test_no_answer_has_no_bytes() -> None:
    assert FastJSONRenderer().render(None) == b""


@pytest.mark.django_db
def test_it_is_indented_for_who_asks_for_that(client: Client) -> None:
    answer = client.get("/tags", headers={"accept": "application/json; indent=2"})
    assert answer.content.startswith(b'{\n  "tags": [\n    "fermenter_temp"')
    assert client.get("/tags").content.startswith(b'{"tags":["fermenter_temp",')
    page = client.get("/tags", headers={"accept": "text/html"}).content.decode()
    assert "{\n    &quot;tags&quot;: [\n        &quot;fermenter_temp&quot;" in page
