"""What is a secret, and how is it taken out of text?"""
