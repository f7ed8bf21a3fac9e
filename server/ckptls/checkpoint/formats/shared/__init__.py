"""What several formats share: variables in one file, or in shards with a JSON index."""
