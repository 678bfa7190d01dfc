"""The addresses of the API, of its description, and of the client `ecog`.

Owns: that the API's operations are open to who shows a token, without a login; nothing else here is.
"""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, include, path

from downloads.api import served
from downloads.api.operations import api


def _operations() -> Iterator[URLPattern]:
    """Those of the API, without a page at its root."""
    patterns, _, _ = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = login_not_required(pattern.callback)
            yield pattern


urlpatterns = [
    path("ecog", served.client, name="client"),
    path("api/v1/openapi.json", served.openapi, name="openapi"),
    path("api/v1/docs", served.docs, name="api-docs"),
    path("api/v1/", include((list(_operations()), "api"))),
]
