"""Fast JSON responses: a page of measurements has some ten thousand objects."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer


class FastJSONRenderer(JSONRenderer):
    """Render DRF's JSON with orjson.

    Types that orjson does not know, such as decimals and lazy texts, are written as DRF writes them; so
    is indented JSON for people.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes of the response; no bytes for no data."""
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        if data is not None and indent is None:
            try:
                return orjson.dumps(data, default=self.default, option=orjson.OPT_PASSTHROUGH_DATETIME)
            except orjson.JSONEncodeError:  # keys that are no texts, numbers beyond 64 bits
                pass
        return super().render(data, accepted_media_type, renderer_context)

    def default(self, value: Any) -> Any:
        """Convert a value of another type to types that JSON has."""
        return self.encoder_class().default(value)


class PageRenderer(BrowsableAPIRenderer):
    """DRF's browsable API without inline styles, which the content security policy refuses."""

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the template's context."""
        return {**super().get_context(*args, **kwargs), "code_style": None}
