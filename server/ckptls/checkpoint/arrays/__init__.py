"""Arrays of numbers: dtypes, bytes that become arrays, statistics."""
