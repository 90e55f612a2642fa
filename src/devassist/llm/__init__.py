"""Model calls: routing, the one way to litellm, scripted and recorded models, metering."""
