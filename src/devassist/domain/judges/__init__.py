"""What in a change takes part in judging it?"""
