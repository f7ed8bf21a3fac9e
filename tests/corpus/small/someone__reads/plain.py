print("nothing of the kind")
