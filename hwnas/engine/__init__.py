"""The search: an algorithm proposes and listens, the engine evaluates, the store keeps it all."""
