"""What the strict Content-Security-Policy forbids is in no template, nor anything from another host."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
URLS = {"src", "href", "action", "srcset", "poster", "data", "hx-get", "hx-post"}


class Faults(HTMLParser):
    """Collects what a browser under the policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}> with content of its own")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.found.append(f"<{tag} {name}>")
            if name in URLS and re.match(r"(?:[a-z]+:)?//|javascript:|data:", (value or "").strip(), re.IGNORECASE):
                self.found.append(f"<{tag} {name}={value!r}>")


def faults(template: str) -> list[str]:
    # A tag of Django stands where its text will be, so that attributes stay attributes.
    parser = Faults()
    parser.feed(TAG.sub("x", template))
    return parser.found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_needs_nothing_that_the_policy_forbids(path: Path) -> None:
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_form_that_changes_something_carries_its_token(path: Path) -> None:
    forms = re.findall(r"<form\b[^>]*method=\"post\".*?</form>", path.read_text(encoding="utf-8"), re.DOTALL)
    assert not [form for form in forms if "{% csrf_token %}" not in form]


def test_the_rule_finds_what_it_is_for() -> None:
    for fault in (
        '<p style="color:red">',
        '<a onclick="x()">',
        "<script>x()</script>",
        "<style>p {}</style>",
        '<img src="https://example.org/x.png">',
        '<a href="javascript:x()">',
        '<script src="//example.org/x.js"></script>',
    ):
        assert faults(fault), fault
    assert not faults('<script src="{% static "js/x.js" %}" defer></script><a href="{% url "home" %}">x</a>')
