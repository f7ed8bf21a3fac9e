"""The language server, started by `server`: converts messages to calls of features and back."""
