"""Regular expressions of users: run within limits, taken apart, and corrected."""
