"""Published and measured tables: import, audit, store, look up."""
