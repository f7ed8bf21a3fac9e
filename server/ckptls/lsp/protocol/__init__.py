"""The protocol as the server speaks it, on top of pygls: capabilities, failures, the end."""
