"""The scoring worker: takes jobs from the queue until it is told to stop, or until all is done.

Any number of workers on any number of machines share one queue and one photo store. Torch is
loaded with the first release.
"""

from app.worker.errors import ScoringFailed
from app.worker.loop import run

__all__ = ["ScoringFailed", "run"]
