"""Progress lines with elapsed time, for steps that take seconds to minutes."""

import contextlib
import sys
import time

_START = time.monotonic()


def say(text):
    """Print one line, with the time since the program's start in front."""
    elapsed = int(time.monotonic() - _START)
    print(f"[lab {elapsed // 60:02d}:{elapsed % 60:02d}] {text}", flush=True)


@contextlib.contextmanager
def step(text):
    """Announce a step, and say how long it took when it ends."""
    say(f"{text} ...")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"[lab] failed: {text} (after {time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
        raise
    say(f"{text}: done in {time.monotonic() - began:.0f} s")
