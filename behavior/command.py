"""The base of the commands about sessions."""

from typing import ClassVar

from behavior.errors import BehaviorError
from chunks.command import PortalCommand


class SessionsCommand(PortalCommand):
    """`handle` lets `BehaviorError` rise, as all errors whose message is for people."""

    for_people: ClassVar[tuple[type[Exception], ...]] = (BehaviorError,)
