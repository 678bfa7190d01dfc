#!/usr/bin/env python
"""Run the portal's commands: `python manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line

from chunks.headers_db.errors import HeadersUnavailable

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        execute_from_command_line(sys.argv)
    except HeadersUnavailable as error:
        # Django's own commands need headers too: a sentence instead of a traceback.
        sys.exit(str(error))
