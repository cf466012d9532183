"""A real nginx with the project's configuration, in front of a web process."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.conftest import ROOT

TEMPLATE = ROOT / "docs" / "nginx.conf.template"
STARTS_WITHIN_S = 20.0

# What a distribution's nginx.conf has around its sites, in a folder of its own.
_AROUND = """
daemon off;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    include /etc/nginx/mime.types;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {sites}
}}
"""


def executable() -> str | None:
    """None where nginx is not installed; outside of root's PATH it is in /usr/sbin."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def variables() -> set[str]:
    """Names that the template leaves to be filled in."""
    return set(re.findall(r"\$\{(\w+)\}", TEMPLATE.read_text()))


def filled(listen: str, web: str, cache: Path) -> str:
    """As `envsubst` fills it in, which leaves nginx's own variables alone."""
    values = {
        "PROXY_LISTEN": listen,
        "PROXY_NAME": "_",
        "PROXY_WEB": web,
        "PROXY_CACHE": str(cache),
    }
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], TEMPLATE.read_text())


@contextmanager
def running(folder: Path, port: int, sites: str, workers: int = 1) -> Iterator[int]:
    """Starts nginx with these sites and yields the process's id; it is gone at the end.

    RuntimeError with its log where it does not listen on that port.
    """
    nginx = executable()
    assert nginx is not None
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_AROUND.format(folder=folder, sites=sites, user=user, workers=workers))
    log = folder / "error.log"
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [nginx, "-p", str(folder), "-e", str(log), "-c", str(config)],
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends_at = time.monotonic() + STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < ends_at:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.connect()
            return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"nginx did not start:\n{log.read_text() if log.exists() else ''}")
