"""Decoding in threads, ahead of whoever uses the pixels."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from model.errors import UnreadablePhoto

Key = TypeVar("Key")
Source = TypeVar("Source")
Decoded = TypeVar("Decoded")


def ahead(
    items: Iterable[tuple[Key, Source]],
    decode: Callable[[Source], Decoded],
    *,
    threads: int,
    window: int,
) -> Iterator[tuple[Key, Decoded | UnreadablePhoto]]:
    """Each key with what `decode` made of its source, in the order of `items`.

    At most `window` items are taken from `items` beyond the one that was handed out, so memory
    does not grow with their number. A photo that cannot be read comes as the error itself.
    """

    def guarded(source: Source) -> Decoded | UnreadablePhoto:
        try:
            return decode(source)
        except UnreadablePhoto as error:
            return error

    pending: deque[tuple[Key, Future[Decoded | UnreadablePhoto]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        try:
            for key, source in items:
                pending.append((key, pool.submit(guarded, source)))
                if len(pending) > window:
                    first, future = pending.popleft()
                    yield first, future.result()
            while pending:
                first, future = pending.popleft()
                yield first, future.result()
        finally:
            for _, future in pending:
                future.cancel()


def chunks(items: Iterable[Decoded], size: int) -> Iterator[list[Decoded]]:
    """Lists of `size` items in order; the last one may be shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
