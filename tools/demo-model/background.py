"""Runs quietly beside other work."""
import os
import subprocess
import sys


def be_quiet():
    """Lowest priority, in a scheduling group of its own.

    Linux with sched_autogroup shares the CPUs between sessions before it looks at `nice`, so the session's group is lowered too. Where the
    file cannot be written (another kernel, no permission) plain `nice` has to do.
    """
    os.nice(19)
    try:
        with open("/proc/self/autogroup", "w") as file:
            file.write("19")
    except OSError as error:
        print(f"No scheduling group of its own ({error.strerror}): plain nice only.", flush=True)


def detach(arguments, log):
    """Starts this program again in a session of its own, writing to a log file. Returns its process id."""
    with open(log, "a") as out:
        command = [sys.executable, "-u", *arguments]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True).pid
