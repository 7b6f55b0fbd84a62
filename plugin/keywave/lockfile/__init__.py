"""An inventory as a file in Git (`write`), back (`read`), and what has drifted since (`drift`). Pure.

Nothing is imported here: a render that finds a lock reads it, and needs neither of the others.
"""
