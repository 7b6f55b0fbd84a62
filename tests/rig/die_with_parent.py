"""Become another program, which ends when the test run does, even when that is killed.

python -S die_with_parent.py PARENT PATH ARGV0 ARGS...
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if sys.platform == "linux":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        raise SystemExit("the test run has ended already")
os.execv(sys.argv[2], sys.argv[3:])
