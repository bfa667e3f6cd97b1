"""Search: an algorithm proposes and listens, the loop evaluates, the store keeps everything."""
