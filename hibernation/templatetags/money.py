"""Dollars as pages write them."""

from decimal import Decimal

from django import template

from hibernation import prices

register = template.Library()


@register.filter
def dollars(amount: Decimal | None) -> str:
    """With two digits of cents; unknown where nobody knows."""
    return prices.dollars(amount)
