"""Limits of a request body, for pages and the API alike."""

from rest_framework.exceptions import APIException

from monitoring.kernel.request_limits import MAX_BODY_BYTES


class PayloadTooLarge(APIException):
    """More than one request may carry."""

    status_code = 413
    default_code = "payload_too_large"


class LengthRequired(APIException):
    """A body in chunks that the server has not put together: an empty one would be blamed."""

    status_code = 411
    default_code = "length_required"
    default_detail = "body: expected a Content-Length; send the body whole, not in chunks"


def too_large(size: str) -> PayloadTooLarge:
    """The error that says how much may be sent."""
    return PayloadTooLarge(f"body: expected at most {MAX_BODY_BYTES} bytes, got {size}; send smaller batches")
