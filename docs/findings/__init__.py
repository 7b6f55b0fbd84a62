"""One page per finding code; this file makes the folder package data for `keywave explain`."""
