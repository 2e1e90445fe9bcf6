"""Request bodies: JSON, of bounded size."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

MAX_BODY_BYTES = 8 * 1024 * 1024
LONGEST_INTEGER = 400  # digits; int() takes 4300 at most, and a longer one would cost a batch its neighbours


class PayloadTooLarge(APIException):
    """More than one request may carry."""

    status_code = 413
    default_code = "payload_too_large"


class LengthRequired(APIException):
    """A body in chunks: a WSGI server hands nothing of it on, and an empty body would be blamed."""

    status_code = 411
    default_code = "length_required"
    default_detail = "body: expected a Content-Length; send the body whole, not in chunks"


def whole_number(digits: str) -> int | float:
    """The number; infinite, as floats have it, where no float can hold it."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


class ReadingParser(BaseParser):
    """JSON as Python reads it: NaN and Infinity are let through, for the reading's own check to refuse.

    So one such value in a batch is one bad item, and does not cost its neighbours. It is no
    subclass of DRF's JSONParser: whose body would be held to DATA_UPLOAD_MAX_MEMORY_SIZE.
    """

    media_type = "application/json"
    renderer_class = JSONRenderer  # what the browsable API's forms write with

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
            return json.loads(stream.read(MAX_BODY_BYTES), parse_int=whole_number)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"body: expected JSON in UTF-8, got something else ({error})") from error
