"""The paths of what a researcher gets: the same tree from the zip and from the command line.

    s3_download/<patient>/<recording>/<label>_chunk-<n>.chn
    s3_download/<patient>/<recording>/annotations.json
    s3_download/behavioral_data/…              see `downloads.session_files`
    s3_download/manifest.csv
    s3_download/sessions.csv                   where tasks were asked for

Owns: where an object goes in that tree, and the check that no path can leave its folder or fail to exist on this
machine or another (Windows, macOS), nor fall on another path there. Touches no disk.
"""

import unicodedata

from downloads.errors import PathRefused

ROOT = "s3_download"
MANIFEST_NAME = "manifest.csv"
SESSIONS_NAME = "sessions.csv"
SESSIONS_FOLDER = "behavioral_data"  # no patient's ID, which has no underscore
PART_BYTES = 255  # NAME_MAX of Linux; NTFS and APFS allow 255 characters
PATH_CHARACTERS = 240  # MAX_PATH of Windows is 260 with drive and final NUL; some is left for where it is unpacked

# Naming Files, Paths, and Namespaces (Microsoft, Win32): characters and device names that no file can have there.
_FORBIDDEN = frozenset('\\/:*?"<>|')
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}
    | {f"{kind}{digit}" for kind in ("com", "lpt") for digit in "0123456789¹²³"}
)


def object_path(key: str, *, patient: str, recording: str) -> str:
    """Where the object of that key goes. Raises `PathRefused` where it does not lie in its recording's folder."""
    folder, slash, name = key.partition("/")
    if not slash or folder != recording or "/" in name:
        raise PathRefused(
            f"The object {key!r} does not lie in the folder of its recording {recording!r}: its header row is wrong. "
            "Run `manage.py reindex`; nothing was written."
        )
    return check_path(f"{ROOT}/{patient}/{recording}/{name}")


def check_path(path: str) -> str:
    """The path as given, where every machine can hold it inside the tree. Raises `PathRefused`."""
    parts = path.split("/")
    if parts[0] != ROOT or len(parts) < 2:
        raise PathRefused(f"The path {path!r} does not begin with {ROOT}/. Nothing was written.")
    if len(path) > PATH_CHARACTERS:
        raise PathRefused(
            f"The path {path[:80]!r}… has {len(path)} characters, more than the {PATH_CHARACTERS} that Windows can "
            "unpack. Nothing was written."
        )
    for part in parts:
        if why := _what_is_wrong(part):
            raise PathRefused(
                f"The path {path!r} cannot be written on every machine: {part!r} {why}. Nothing was written."
            )
    return path


def _what_is_wrong(part: str) -> str | None:
    found = " ".join(sorted(_FORBIDDEN.intersection(part)))
    reasons = {
        "is no name": part in {"", ".", ".."},
        "holds a control character": not part.isprintable(),
        f"holds {found}": bool(found),
        "ends with a dot or a blank": part.endswith((".", " ")),
        "is the name of a device on Windows": part.split(".", maxsplit=1)[0].rstrip().lower() in _DEVICES,
        f"is longer than {PART_BYTES} bytes": len(part.encode(errors="replace")) > PART_BYTES,
    }
    return next((why for why, wrong in reasons.items() if wrong), None)


class TwinCheck:
    """Refuses paths that differ and are one file on another machine: equal but for case or Unicode's spelling.

    Remembers the names of one recording at a time, and of the folders above it: memory is that of one recording.
    """

    def __init__(self) -> None:
        self._folder = ""
        self._names: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def check(self, path: str) -> None:
        """Raises `PathRefused` where the path is a twin of one that was checked before."""
        folder, _, name = path.rpartition("/")
        if folder != self._folder:
            self._folder, self._names = folder, {}
            above = ""
            for part in folder.split("/"):
                above = f"{above}/{part}" if above else part
                self._claim(above, among=self._folders, whole=above)
        self._claim(name, among=self._names, whole=path)

    @staticmethod
    def _claim(name: str, *, among: dict[str, str], whole: str) -> None:
        first = among.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if first != name:
            raise PathRefused(
                f"The paths {whole!r} and {first!r} differ only by case or spelling and would be one file on Windows "
                "and macOS. Select them one at a time; nothing was written."
            )
