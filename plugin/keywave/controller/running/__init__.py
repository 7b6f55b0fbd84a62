"""The process: watches, queue, workers, shards, standing by, stopping."""
