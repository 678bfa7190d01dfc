"""The base of the commands `rds_…`: what can be settled is one sentence, and long work tells how far it is.

Owns: how the engine's sentences reach a terminal: one line each; what is only waited for is one line that changes.
"""

import sys
from typing import Any, ClassVar

from django.core.management.base import CommandError

from chunks.command import CALLED_WRONGLY, STOPPED, PortalCommand
from hibernation.errors import HibernationError
from hibernation.work import Tell

WAY_ON = "rds_status says where things are, rds_hibernate or rds_restore goes on; rds_restore opens search again."


class HibernationCommand(PortalCommand):
    """`handle` lets `HibernationError` rise, whose message is for people."""

    for_people: ClassVar[tuple[type[Exception], ...]] = (HibernationError,)

    def execute(self, *args: Any, **options: Any) -> str | None:  # noqa: ANN401 (the signature is Django's)
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if error.returncode != STOPPED:
                raise
            raise CommandError(f"{error} {WAY_ON}", returncode=STOPPED) from error

    def teller(self) -> Tell:
        """Says a sentence once; on a terminal, how far it is stays on its line."""
        last = ""
        is_open = False

        def tell(sentence: str, *, percent: int | None = None) -> None:
            nonlocal last, is_open
            if sentence == last:
                return
            last = sentence
            if self.stdout.isatty() and percent is not None:
                self.stdout.write(f"\r\x1b[K{sentence}", ending="")
                self.stdout.flush()
                is_open = True
                return
            self.stdout.write(f"\n{sentence}" if is_open else sentence)
            is_open = False

        return tell

    def agreed(self, question: str) -> bool:
        """Whether the person at the terminal says yes; where there is nobody, no."""
        if not sys.stdin.isatty():
            return False
        try:
            return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
        except EOFError:
            return False

    def answer(self, question: str) -> str:
        """What the person at the terminal types."""
        try:
            return input(question).strip()
        except EOFError:
            said = "Nothing was answered, and nothing was changed."
            raise CommandError(said, returncode=CALLED_WRONGLY) from None
