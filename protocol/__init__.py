"""The pure part: models, commands, events and errors, shared by all exchanges."""
