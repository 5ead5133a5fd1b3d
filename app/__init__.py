"""The edge: HTTP, browser and command line. No rule and no SQL lives here."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("fumin")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
