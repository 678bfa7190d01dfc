"""The row of a folder of version 1 chunks, which have no `recording.json`: it is summed up from the chunks' own rows.

Owns: the two statements that make it so, for either dialect. Its state keeps the folder from everybody but data
managers: what the old scripts named may be a person's name. Plain Python, no third party.
"""

import json
from datetime import datetime

from chunks.format.row import (
    CHUNK_TABLE,
    RECORDING_COLUMNS,
    RECORDING_KEY_COLUMNS,
    RECORDING_TABLE,
    Dialect,
    Value,
    utc_time,
)
from chunks.format.version1 import VERSION

STATE = "version 1"
WARNING = (
    "Chunks of the old scripts: no channel numbers, no checksums, days as those scripts counted them; their names may "
    "be those of persons. They take part in no search until the recording is adopted."
)

Statement = tuple[str, list[Value]]


def settle_statements(*, bucket: str, recording: str, indexed_at: datetime, dialect: Dialect) -> list[Statement]:
    """What to execute, in this order, where a folder has no `recording.json`.

    A row left of one goes; where there are rows of version 1 chunks, a row in state `version 1` sums them up. Summing
    and writing are one statement, so that of two writers at once the later sees the chunks of the earlier.
    """
    quote = "`{}`".format if dialect == "mysql" else '"{}"'.format
    row, chunk = quote(RECORDING_TABLE), quote(CHUNK_TABLE)
    old = f"{quote('bucket')} = %s AND {quote('recording')} = %s AND {quote('version')} = {VERSION}"
    remove = (
        f"DELETE FROM {row} WHERE {quote('bucket')} = %s AND {quote('name')} = %s AND ({quote('state')} <> %s "  # noqa: S608
        f"OR NOT EXISTS (SELECT 1 FROM {chunk} WHERE {old}))"
    )
    # Sums stand beside constants; the order is that of the columns.
    values = {
        "bucket": "MAX({})".format(quote("bucket")),
        "name": "MAX({})".format(quote("recording")),
        "patient": "MAX({})".format(quote("patient")),
        "start": "MIN({})".format(quote("start")),
        "stop": "MAX({})".format(quote("stop")),
        "chunks_expected": "COUNT(*)",
        "bytes_expected": "SUM({})".format(quote("bytes")),
    }
    constants: dict[str, Value] = {
        "state": STATE,
        "clock_offset_us": 0,
        "fingerprint": "",
        "data_sha256": None,
        "channels": "[]",
        "warnings": json.dumps([WARNING]),
        "etag": "",
        "indexed_at": utc_time(indexed_at),
    }
    names = ", ".join(map(quote, RECORDING_COLUMNS))
    selected = ", ".join(values.get(column, "%s") for column in RECORDING_COLUMNS)
    insert = (
        f"INSERT INTO {row} ({names}) SELECT {selected} FROM {chunk} WHERE {old} "  # noqa: S608
        f"GROUP BY {quote('bucket')}, {quote('recording')} "
    )
    others = [quote(column) for column in RECORDING_COLUMNS if column not in RECORDING_KEY_COLUMNS]
    if dialect == "mysql":
        insert += "ON DUPLICATE KEY UPDATE " + ", ".join(f"{name} = VALUES({name})" for name in others)
    else:
        keys = ", ".join(map(quote, RECORDING_KEY_COLUMNS))
        insert += f"ON CONFLICT ({keys}) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in others)
    given = [constants[column] for column in RECORDING_COLUMNS if column in constants]
    return [(remove, [bucket, recording, STATE, bucket, recording]), (insert, [*given, bucket, recording])]
