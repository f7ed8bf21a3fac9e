"""What all of the room uses: types, dtypes, errors, limits. It imports nothing of the room."""
