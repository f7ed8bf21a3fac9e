"""What restores of a program find in a checkpoint, and why they miss what they miss.

What a program asks for is in `source/inventory`; the words of findings are in the rules.
"""
