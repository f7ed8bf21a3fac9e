"""From Python text to sites: the strings that name something in a checkpoint. `document` is the way
in; nothing here touches the disk.
"""
