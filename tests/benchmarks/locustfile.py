"""Viewers of the map, for `tests.benchmarks.viewers`: run by locust, in an environment of its own.

Each opens the page somewhere, pans and zooms, and asks for the tiles that it does not hold yet,
six at a time, as a browser does. What every request took is written when all is over.
"""

import json
import os
import random

import gevent.pool
from locust import FastHttpUser, between, events, task

COLUMNS, ROWS = 7, 5
AT_ONCE = 6
ZOOMS = range(10, 19)
MOVES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1))
ZOOMS_SHARE = 0.25
FAILED = float("inf")

with open(os.environ["VIEWERS_PLACES"], encoding="utf-8") as file:
    PLACES = json.load(file)

took_ms: dict[str, list[float]] = {}


@events.request.add_listener
def note(name: str, response_time: float, exception: Exception | None, **_: object) -> None:
    took_ms.setdefault(name, []).append(FAILED if exception else response_time)


@events.quitting.add_listener
def write(**_: object) -> None:
    with open(os.environ["VIEWERS_SAID"], "w", encoding="utf-8") as out:
        json.dump(took_ms, out)


class Viewer(FastHttpUser):
    """Looks for one to three seconds before the next move."""

    wait_time = between(1, 3)

    def on_start(self) -> None:
        self.held: set[str] = set()
        self.pool = gevent.pool.Pool(AT_ONCE)
        self.chance = random.Random(self.environment.runner.user_count)
        x, y = self.chance.choice(PLACES["tiles"])
        self.zoom, self.x, self.y = PLACES["zoom"], x, y
        self.client.get("/", name="page")
        self.look()

    @task
    def move(self) -> None:
        if self.chance.random() < ZOOMS_SHARE:
            self.change_zoom(self.chance.choice((-1, 1)))
        else:
            right, down = self.chance.choice(MOVES)
            self.x, self.y = self.x + right, self.y + down
        self.look()

    def change_zoom(self, step: int) -> None:
        if self.zoom + step not in ZOOMS:
            return
        self.zoom += step
        self.x, self.y = (self.x * 2, self.y * 2) if step > 0 else (self.x // 2, self.y // 2)

    def look(self) -> None:
        """Asks for the version at each rest, and for the tiles that it does not hold of that."""
        answer = self.client.get("/tiles.json", name="tiles.json")
        if answer.status_code != 200:
            return
        template = answer.json()["tiles"][0]
        template = template[template.index("/tiles/") :]
        wanted = {
            template.format(z=self.zoom, x=self.x + right, y=self.y + down)
            for right in range(COLUMNS)
            for down in range(ROWS)
        }
        for path in sorted(wanted - self.held):
            self.pool.spawn(self.client.get, path, name="tile")
        self.pool.join()
        self.held |= wanted
