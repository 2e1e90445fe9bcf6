"""An error as a page or as JSON, for code in front of the views."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def answer(request: HttpRequest, code: int, detail: str, *, signed_in_as: str = "") -> HttpResponse:
    """The error as a page for who would rather have one, as browsers do, else as JSON."""
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        context = {"code": code, "detail": detail, "signed_in_as": signed_in_as}
        return render(request, "error.html", context, status=code)
    return JsonResponse({"detail": detail}, status=code)
