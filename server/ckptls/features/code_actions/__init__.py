"""Quick fixes and other code actions."""
