"""The portal's settings, with a kind of job for tests."""

from portal.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.portal.slow_app.SlowKind"]  # noqa: F405
