"""Error responses as HTML or JSON, for code that runs before the views."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def error_response(
    request: HttpRequest, code: int, detail: str, *, signed_in_as: str = "", for_scripts: str = ""
) -> HttpResponse:
    """Return the error as HTML if the client prefers HTML, as browsers do, otherwise as JSON.

    ``for_scripts`` follows the detail in JSON only.
    """
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        context = {"code": code, "detail": detail, "signed_in_as": signed_in_as}
        return render(request, "error.html", context, status=code)
    return JsonResponse({"detail": f"{detail} {for_scripts}".rstrip()}, status=code)
