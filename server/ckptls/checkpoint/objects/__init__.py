"""What a TF2 checkpoint says of the objects behind its keys: the object graph and its slots."""
