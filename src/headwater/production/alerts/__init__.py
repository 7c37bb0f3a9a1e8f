"""Tells people when a deployment does not do what it should: causes, texts, channels, deliveries."""
