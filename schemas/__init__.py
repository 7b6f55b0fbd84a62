"""JSON Schemas, generated from the code by `keywave schema --write`; this file makes the folder package data."""
