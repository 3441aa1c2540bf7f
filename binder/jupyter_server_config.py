"""The click map below Binder's Jupyter, at clickmap/: jupyter-server-proxy starts our own server and hands requests on.

Binder calls the machine by a name that our server cannot know; a token that only the two of them hold stands in for it.
Jupyter itself asks a visitor for Binder's own.
"""

import secrets
import sys

token = secrets.token_urlsafe(24)
serve = [sys.executable, "-m", "timesen_nb.widgets.serve"]

c = get_config()  # noqa: F821 - Jupyter gives it
c.ServerProxy.servers = {
    "clickmap": {
        "command": [*serve, "--port", "{port}", "--base-url", "{base_url}clickmap/"],
        "environment": {"TIMESEN_TOKEN": token},
        "request_headers_override": {"Authorization": f"token {token}"},
        "absolute_url": True,
        "timeout": 120,
        "launcher_entry": {"title": "Click map"},
    }
}
