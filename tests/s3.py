"""A server that speaks S3 over HTTP, in a process of its own."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.error import URLError
from urllib.request import urlopen

import s3fs

BUCKET = "mirada-photos"


@contextmanager
def serving(port: int | None = None) -> Iterator[str]:
    """The endpoint of a server whose objects go with it."""
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(endpoint)
        yield endpoint
    finally:
        server.kill()
        server.wait()


def environment(endpoint: str) -> Mapping[str, str]:
    """What the administrator of a store sets."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test-key",
        "AWS_SECRET_ACCESS_KEY": "test-secret-word",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def client(endpoint: str) -> s3fs.S3FileSystem:
    """Another one than the store's: it sees what is really there."""
    return s3fs.S3FileSystem(
        endpoint_url=endpoint,
        key="test-key",
        secret="test-secret-word",
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def _wait(endpoint: str) -> None:
    ends_at = time.monotonic() + 60
    while True:
        try:
            with urlopen(endpoint, timeout=5):
                return
        except (URLError, ConnectionError):
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.1)


class Cable:
    """A way to a server that can be unplugged and plugged in again, at one address."""

    def __init__(self, endpoint: str) -> None:
        self._server = ("127.0.0.1", int(endpoint.rpartition(":")[2]))
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._plugged = True
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def unplug(self) -> None:
        with self._lock:
            self._plugged = False
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def plug_in(self) -> None:
        self._plugged = True

    def close(self) -> None:
        self.unplug()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listening.accept()[0]
                if self._plugged:
                    server = socket.create_connection(self._server)
                    with self._lock:
                        self._sockets |= {client, server}
                    for ends in ((client, server), (server, client)):
                        threading.Thread(target=_carry, args=ends, daemon=True).start()
                else:
                    client.close()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
