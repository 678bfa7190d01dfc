"""A question as templates show it: `{{ job.question|question_text }}`.

Owns: what stands there for a question that cannot be read any more: its own words.
"""

from urllib.parse import unquote_plus

from django import template

from selections.errors import SelectionsError
from selections.words import parse_url

register = template.Library()


@register.filter
def question_text(question: str) -> str:
    """The question as it was understood: `patient 2002; day 4 00:00..day 5 00:00; ltg1..ltg8`."""
    try:
        return str(parse_url(question))
    except SelectionsError:
        return unquote_plus(question).replace("&", "; ")
