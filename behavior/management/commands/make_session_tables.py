"""`manage.py make_session_tables`: the tables of sessions on DynamoDB."""

from typing import Any

from behavior.command import SessionsCommand
from behavior.dynamodb import DynamoSessions
from behavior.place import sessions_here


class Command(SessionsCommand):
    help = (
        "Make the tables of sessions and of their counts on DynamoDB: keys, indexes, capacity. Again it changes "
        "nothing. The embedded table is made by migrate."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        sessions = sessions_here()
        if not isinstance(sessions, DynamoSessions):
            self.stdout.write("Sessions live in the portal's own table: nothing is to be made.")
            return
        made = sessions.make_tables()
        self.stdout.write(f"Made: {', '.join(made)}." if made else "Both tables are there already.")
