"""What the API says of itself: OpenAPI for programs, and the same as values for a page.

Owns: the form of the description, which is taken from the operations alone, so that it cannot say anything else.
"""

import functools
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from downloads.api.operations import api
from downloads.api.refusals import MEANINGS


@dataclass(frozen=True, kw_only=True)
class Line:
    """A word of an operation (a parameter, or a field of its body), or one of its answers."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation as the page shows it."""

    method: str
    path: str
    summary: str
    text: str
    words: tuple[Line, ...]
    answers: tuple[Line, ...]


@functools.cache
def openapi() -> dict[str, Any]:
    """The description, OpenAPI 3.1."""
    schema: dict[str, Any] = api.get_openapi_schema(path_prefix=reverse("api:me").removesuffix("me"))
    for of in schema["paths"].values():
        for operation in of.values():
            for status, answer in operation["responses"].items():
                answer["description"] = MEANINGS.get(int(status), answer["description"])
    return schema


def operations() -> list[Operation]:
    """All of them, in the order of their paths' first appearance."""
    return [
        Operation(
            method=method.upper(),
            path=path,
            summary=each["summary"],
            text=each.get("description", "").replace("`", ""),
            words=tuple(_words(each)),
            answers=tuple(Line(name=status, text=answer["description"]) for status, answer in _by_status(each)),
        )
        for path, of in openapi()["paths"].items()
        for method, each in of.items()
    ]


def _by_status(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted((str(status), answer) for status, answer in operation["responses"].items())


def _words(operation: dict[str, Any]) -> list[Line]:
    words = [
        Line(name=each["name"], text=each["schema"].get("description", ""))
        for each in operation["parameters"]
        if each["in"] == "query"
    ]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"]["$ref"].rpartition("/")[2]
        fields = openapi()["components"]["schemas"][name]["properties"]
        words += [Line(name=field, text=about.get("description", "")) for field, about in fields.items()]
    return words
