"""Answers as JSON, fast: a page of measurements is some ten thousand objects."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer


class FastJSONRenderer(JSONRenderer):
    """DRF's JSON, written by orjson.

    What that does not know, as decimals and lazy texts, is said as DRF says it; and so is what a
    person reads, indented.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The answer's bytes; none of no answer."""
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        if data is not None and indent is None:
            try:
                return orjson.dumps(data, default=self.default, option=orjson.OPT_PASSTHROUGH_DATETIME)
            except orjson.JSONEncodeError:  # keys that are no texts, numbers beyond 64 bits
                pass
        return super().render(data, accepted_media_type, renderer_context)

    def default(self, value: Any) -> Any:
        """A value of another type by those that JSON has."""
        return self.encoder_class().default(value)


class PageRenderer(BrowsableAPIRenderer):
    """DRF's browsable API, without the styles that it writes into its pages: those are not let through."""

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What the page is made from."""
        return {**super().get_context(*args, **kwargs), "code_style": None}
