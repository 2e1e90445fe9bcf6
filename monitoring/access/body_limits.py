"""Limits of a request body, shared by pages and the API."""

from rest_framework.exceptions import APIException

from monitoring.kernel.request_limits import MAX_BODY_BYTES


class PayloadTooLarge(APIException):
    """The request body exceeds the limit."""

    status_code = 413
    default_code = "payload_too_large"


class LengthRequired(APIException):
    """The body is chunked and was not reassembled; to parse an empty body would report the wrong error."""

    status_code = 411
    default_code = "length_required"
    default_detail = "body: expected a Content-Length; send the body whole, not in chunks"


def too_large(size: str) -> PayloadTooLarge:
    """Return the error that states the limit."""
    return PayloadTooLarge(f"body: expected at most {MAX_BODY_BYTES} bytes, got {size}; send smaller batches")
