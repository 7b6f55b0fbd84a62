"""The custom resource definitions that keywave's own operator brings: made from our tables of fields, in our own words.

Rule: pure. `spec` comes from `objects.vso_schemas` (what a manifest may hold), the words from `words_*`, `status` from `status`;
nothing is taken from the incumbent's definitions. `python -m keywave.crds FOLDER` writes the files of `schemas/crds`.
"""
