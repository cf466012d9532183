import os
import re
import signal
import sys

import pytest

from app.demo.usage import Usage, peak_mb


def test_says_what_each_step_took_and_held() -> None:
    usage = Usage()
    said: list[str] = []
    code = "import time; b = bytearray(300 << 20); time.sleep(1); raise SystemExit(3)"
    with usage.step("Hold"):
        assert usage.run([sys.executable, "-c", code]) == 3
        assert usage.run([sys.executable, "-c", ""]) == 0
    with usage.step("Rest"):
        pass
    usage.lines(said.append)
    assert re.fullmatch(r" +\d+ s +3\d\d MB  Hold", said[0])
    assert re.fullmatch(r" +0 s +Rest", said[1])
    assert re.fullmatch(r" +\d+ s +3\d\d MB  in all; .*", said[2])


def test_a_command_ends_with_who_waits_for_it() -> None:
    class Interrupted(Usage):
        def held(self, peak_mb: float) -> None:
            raise KeyboardInterrupt

    usage = Interrupted()
    with usage.step("Wait"), pytest.raises(KeyboardInterrupt):
        usage.run([sys.executable, "-c", "import time; time.sleep(60)"])
    assert usage.steps[0].seconds < 30


def test_a_killed_command_is_no_success() -> None:
    usage = Usage()
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with usage.step("Die"):
        assert usage.run([sys.executable, "-c", code]) == -signal.SIGKILL


def test_of_a_running_process() -> None:
    assert 10 < peak_mb(os.getpid()) < 100_000
    assert peak_mb(2**22 + 1) == 0.0
