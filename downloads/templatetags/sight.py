"""What a template may say of a bundle: `{% in_sight bundle as seen %}`.

Owns: that a page about a bundle names its patients, files and bytes only while all of its patients may be seen.
"""

from django import template
from django.template.context import Context

from downloads.models import Bundle
from people.asking import page_scope

register = template.Library()


@register.simple_tag(takes_context=True)
def in_sight(context: Context, bundle: Bundle | str | None) -> bool:
    """Whether who looks may see all patients of the bundle now; False where there is none."""
    return isinstance(bundle, Bundle) and not bundle.outside(page_scope(context["request"]).patients)
