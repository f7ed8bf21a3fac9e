"""What all features need: answers as plain data, figures for people, the context of a site, the
class of a rule.
"""
