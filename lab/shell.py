"""Running commands: output is kept, and shown when a command fails."""

import os
import shlex
import subprocess


class LabError(RuntimeError):
    """Something the person at the terminal can act on; the text says what."""


def run(*argv, check=True, text_input=None, env=None, cwd=None, timeout=None, log=None):
    """Run argv and return the CompletedProcess, with stdout and stderr as text.

    check: raise LabError when the exit status is not 0.
    log: a path that receives stdout and stderr instead of memory (long builds).
    """
    argv = [str(word) for word in argv]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    sink = None
    if log:
        sink = open(log, "a", encoding="utf-8")
        streams = {"stdout": sink, "stderr": subprocess.STDOUT}
    try:
        done = subprocess.run(
            argv, input=text_input, text=True, cwd=cwd, timeout=timeout, check=False,
            stdin=None if text_input is not None else subprocess.DEVNULL,
            env={**os.environ, **env} if env else None, **streams,
        )
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]}: not found on this machine; run: make setup") from error
    finally:
        if sink:
            sink.close()
    if check and done.returncode != 0:
        where = f"see {log}" if log else (done.stderr or done.stdout or "").strip()[-4000:]
        raise LabError(f"`{shlex.join(argv)[:400]}` ended with {done.returncode}: {where}")
    return done


def output(*argv, **options):
    """Run argv and return its stdout without the last newline."""
    return run(*argv, **options).stdout.rstrip("\n")
