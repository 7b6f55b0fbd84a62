"""One question to Kubernetes: a ServiceAccount's token, for `verify --login`. Nothing else is read or written there."""
