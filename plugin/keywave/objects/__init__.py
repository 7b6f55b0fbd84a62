"""Kubernetes objects as values: identity, text and meaning, places in files, schemas of the kinds we know.

Rule: pure and lowest. No network, no process, no clock; files are read and written elsewhere.
"""
