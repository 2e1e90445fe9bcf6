"""Request bodies: JSON, of bounded size."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

MAX_BODY_BYTES = 8 * 1024 * 1024


class PayloadTooLarge(APIException):
    """More than one request may carry."""

    status_code = 413
    default_code = "payload_too_large"


class ReadingParser(JSONParser):
    """JSON as Python reads it: NaN and Infinity are let through, for the reading's own check to refuse.

    So one such value in a batch is one bad item, and does not cost its neighbours.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body's content.

        Raises:
            PayloadTooLarge: it has more than 8 MiB.
            ParseError: it is not JSON.
        """
        declared = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or "0"
        if int(declared) > MAX_BODY_BYTES:
            raise PayloadTooLarge(
                f"body: expected at most {MAX_BODY_BYTES} bytes, got {declared}; send smaller batches"
            )
        try:
            return json.loads(stream.read(MAX_BODY_BYTES))
        except (ValueError, RecursionError) as error:
            raise ParseError(f"body: expected JSON in UTF-8, got something else ({error})") from error
