"""One module for each request or notification; `all_handlers` registers them."""
