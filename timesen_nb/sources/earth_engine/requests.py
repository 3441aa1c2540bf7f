"""Moved to :mod:`timesen_nb.sources.requests`."""

from timesen_nb.sources.requests import Problem, Requests  # noqa: F401
