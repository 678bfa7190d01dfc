"""The lines of the log as JSON, one object each, for whoever collects them (`ECOG_LOG_FORMAT=json`).

Owns: the keys: time (UTC), level, logger, message; request and job where the line is of one; trace where there is an
error. What a message may hold is `portal.log_lines`' rule, here too.
"""

import json
import logging
from datetime import UTC, datetime

from jobs.log_ids import ids
from portal.log_lines import Lines


class JsonLines(Lines):
    """The formatter of all that goes to standard error."""

    def format(self, record: logging.LogRecord) -> str:
        line = self.told(record)
        keys: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": line.getMessage(),
        }
        keys |= ids()
        if line.exc_info:
            keys["trace"] = self.formatException(line.exc_info)
        # In ASCII alone: a line separator of Unicode would end the line for some readers, and a control character of
        # eight bits speak to a terminal.
        return json.dumps(keys)
