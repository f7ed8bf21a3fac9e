"""What a program makes and asks for, as plain data: its variables and its restores.

How that is found out by reading is in `program`; what a checkpoint has is not known here.
"""
