"""The language server: `server` starts it. Messages in, features asked, messages out."""
