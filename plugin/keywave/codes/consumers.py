"""Codes KW2: workloads and what they refer to."""

from __future__ import annotations

CODES: dict[str, str] = {
    # references in the tree
    "KW2001": "a reference to a Secret that is probably an intent's",
    "KW2002": "a reference to a Secret that nobody makes",
    "KW2003": "a key that the intent does not give",
    "KW2004": "an intent that nothing uses",
    "KW2012": "a Secret that connection or login needs and nobody makes",
    # wiring by `consumers`
    "KW2005": "a workload to wire that the tree does not hold",
    "KW2006": "a container to wire that is not clear",
    "KW2007": "an environment variable that is set already",
    "KW2008": "a folder that is mounted already",
    "KW2009": "one Secret expected where several sources become several",
    "KW2010": "a key that may come from several sources",
    "KW2011": "a file that never changes, without a restart",
}
