"""Render JSON fast, for pages of ten thousand measurements, and render the browsable API."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer


class FastJSONRenderer(JSONRenderer):
    """Render DRF's JSON with orjson.

    Convert types that orjson does not support, such as decimals and lazy strings, as DRF does. Leave
    indented JSON to DRF.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the response as bytes; empty for None."""
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        if data is not None and indent is None:
            try:
                return orjson.dumps(data, default=self.default, option=orjson.OPT_PASSTHROUGH_DATETIME)
            except orjson.JSONEncodeError:  # keys other than strings, integers beyond 64 bits
                pass
        return super().render(data, accepted_media_type, renderer_context)

    def default(self, value: Any) -> Any:
        """Convert a value that orjson does not support with the encoder of DRF."""
        return self.encoder_class().default(value)


class PageRenderer(BrowsableAPIRenderer):
    """Render DRF's browsable API with its language, and without inline styles, which the policy blocks."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the page in English (WCAG 3.1.1).

        DRF's template has its ``<html>`` in no block: an override would be a copy of the whole template.
        """
        page: str = super().render(data, accepted_media_type, renderer_context)
        return page.replace("<html>", '<html lang="en">', 1)

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the context of the template, without the inline code style."""
        return {**super().get_context(*args, **kwargs), "code_style": None}
